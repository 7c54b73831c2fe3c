"""The quick validator and jsonschema say the same of every document."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.manifest.quick import conforms
from runner.resources import validator

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/*.yaml"))

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, 3.0, 2.5, -1, 99, 10**7, "", "x", "base", "url", "asset_id",
    "base64", "https://e.com/a.png", "http://e.com", "image/png", "a,b", "a\nb", "a\n", "Navy",
    "-x", "y" * 65, "x-y", "é", [], [[]], ["a"], ["a", "b"], ["a", "b", "c", "d"], [1], {},
    "default", {"warn": 0.5}, {"hold": "default", "pictures": "drawings"}, {"hold": 3},
    {"warn": "x"}, {"pictures": "x"},
    {"look": "a"}, {"look": ""}, {"look": "a", "b": "c"}, {"asset_id": "a"}, {"url": "https://x"},
    {"type": "url", "url": "https://x"}, {"type": "url", "asset_id": "x"}, {"type": "base64"},
    {"data": "x", "media_type": "image/png"}, {"data": "x"}, {"type": "base64", "data": "x",
    "media_type": "image/jpeg"}, {"url": "https://x", "asset_id": "y"}, {"a": "b"}, {"a": ""},
    {"a": {"b": "c"}}, {"a": {}}, {"a": {"b": "c", "d": "e"}}, [{"a": "b"}], [["a", "b"], "c"],
)  # fmt: skip

ODD_KEYS = (
    "prompt", "title", "name", "existing", "avatar_id", "avatar_group_id", "reference_images",
    "takes", "retries", "tags", "variables", "photo", "axes", "include", "exclude", "zip", "id",
    "likeness",
    "x-note", "x-", "base", "2c", "a", "A b", "", "version", "url", "type", "data", "\n", "a\n",
    "media_type", "asset_id", "look", "prompt_prefix", "prompt_suffix", "run_usd", "prompt ",
)  # fmt: skip


def documents() -> list[Any]:
    found = []
    for path in CORPUS:
        try:
            found.append(yaml.safe_load(path.read_bytes()))
        except (yaml.YAMLError, ValueError):
            continue
    return [document for document in found if isinstance(document, dict) and "base" in document]


DOCUMENTS = documents()


def containers(value: Any) -> list[Any]:
    """Every mapping and list in a document, itself included."""
    if isinstance(value, dict):
        return [value, *(inner for item in value.values() for inner in containers(item))]
    if isinstance(value, list):
        return [value, *(inner for item in value for inner in containers(item))]
    return []


def mutate(document: Any, chance: random.Random) -> None:
    """Change one thing somewhere: a value, a key, an item more or less."""
    place = chance.choice(containers(document))
    odd = copy.deepcopy(chance.choice(ODD_VALUES))
    if isinstance(place, list):
        if place and chance.random() < 0.6:
            place[chance.randrange(len(place))] = odd
        else:
            place.append(odd)
        return
    key = chance.choice([*place, *ODD_KEYS] if chance.random() < 0.5 else [*place] or [*ODD_KEYS])
    if chance.random() < 0.2:
        place.pop(key, None)
    elif chance.random() < 0.15 and key in place:
        place[chance.choice(ODD_KEYS)] = place.pop(key)
    else:
        place[key] = odd


def text_keys(value: Any) -> bool:
    return all(isinstance(key, str) for place in containers(value) for key in place
               if isinstance(place, dict))  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.get("campaign"))
def test_both_say_the_same_of_the_corpus(document: Any) -> None:
    if text_keys(document):
        assert conforms(document) is validator("manifest").is_valid(document)


@given(st.sampled_from(DOCUMENTS), st.integers(0, 2**32), st.integers(1, 4))
def test_both_say_the_same_of_manifests_with_something_changed(
    original: Any, seed: int, changes: int
) -> None:
    document = copy.deepcopy(original)
    chance = random.Random(seed)
    for _ in range(changes):
        mutate(document, chance)
    if text_keys(document):
        assert conforms(document) is validator("manifest").is_valid(document), document


def test_the_changes_keep_some_documents_valid_and_break_others() -> None:
    verdicts = set()
    for seed in range(100):
        document = copy.deepcopy(DOCUMENTS[seed % len(DOCUMENTS)])
        mutate(document, random.Random(seed))
        verdicts.add(conforms(document))
    assert verdicts == {True, False}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(ODD_KEYS),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(ODD_KEYS) | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(values)
def test_both_say_the_same_of_anything(value: Any) -> None:
    assert conforms(value) is validator("manifest").is_valid(value)
