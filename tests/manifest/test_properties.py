"""What holds of every manifest: no traceback, no chance, no order, the API's table."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.canonical import canonical_json
from runner.manifest import Reading, load
from runner.model import BASE, Campaign, Look, LookKind, LookRef
from runner.plan.identity import collect_ingredients, compute_identity

Read = Callable[..., Reading]

CORPUS = [path.read_bytes() for path in (Path(__file__).parent / "corpus").glob("*/*.yaml")]

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifests")


def read(folder: Path, text: str | bytes) -> Reading:
    path = folder / "spring.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return load(path)


def told_or_valid(reading: Reading) -> None:
    errors = [found for found in reading.diagnostics if found.severity == "error"]
    assert bool(errors) is (reading.campaign is None)
    for found in reading.diagnostics:
        assert found.line >= 1
        assert found.column >= 1


@given(st.binary(max_size=200))
def test_any_bytes_give_a_campaign_or_findings(folder: Path, data: bytes) -> None:
    told_or_valid(read(folder, data))


@given(st.text(max_size=200))
def test_any_text_gives_a_campaign_or_findings(folder: Path, text: str) -> None:
    told_or_valid(read(folder, text))


@given(st.sampled_from(CORPUS), st.integers(0, 2**32))
def test_any_change_to_a_manifest_gives_a_campaign_or_findings(
    folder: Path, original: bytes, seed: int
) -> None:
    chance = random.Random(seed)
    data = bytearray(original)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.randint(0, 12))
        source = chance.choice(CORPUS)
        cut = chance.randrange(len(source) + 1)
        data[start:end] = source[cut : cut + chance.randint(0, 30)]
    told_or_valid(read(folder, bytes(data)))


# --- valid campaigns ------------------------------------------------------------------------------

KEYS = ("a", "b1", "navy-office", "0", "x.y", "no", "2026-01-01", "12", "z_z")
words = st.text(st.sampled_from("abcé ,.'\"#:-{}[]&*!|>%@`0😀"), min_size=1, max_size=20).filter(
    lambda text: text.strip() != ""
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid manifest as a value: looks that refer to each other in every allowed way."""
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    looks: dict[str, Any] = {}
    for number, key in enumerate(keys):
        if draw(st.integers(0, 5)) == 0:
            looks[key] = {"existing": f"look_{number}"}
            continue
        look: dict[str, Any] = {"prompt": f"{number} {draw(words)}"}
        earlier = st.sampled_from([BASE, *looks]).map(lambda name: {"look": name})
        kind = draw(st.integers(0, 4))
        if kind == 1:
            look["avatar_id"] = draw(earlier | st.just("look_literal"))
        elif kind == 2:
            look["avatar_id"] = None
        elif kind == 3:
            look |= {"avatar_id": None, "avatar_group_id": draw(earlier | st.just("group_1"))}
        elif kind == 4:
            target = draw(earlier)
            look |= {"avatar_id": target, "avatar_group_id": target}
        optional = {
            "title": st.just(f"{number} title"), "tags": st.just(["spring", "x"]),
            "takes": st.integers(1, 3), "retries": st.integers(0, 2),
            "reference_images": st.just([{"asset_id": "asset_1"}, "https://e.com/a.png"]),
        }  # fmt: skip
        look |= {name: draw(value) for name, value in optional.items() if draw(st.booleans())}
        looks[key] = look
    base = draw(st.sampled_from([{"photo": "https://e.com/s.jpg"}, {"avatar_id": "look_s"}]))
    return {"version": 1, "campaign": "x", "base": {"name": "Sarah", **base}, "looks": looks}


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same document with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def commented(text: str, chance: random.Random) -> str:
    """The same text with comments, empty lines and another kind of line end."""
    lines = []
    for line in text.splitlines():
        if chance.random() < 0.3:
            lines.append(" " * chance.randint(0, 4) + "# " + "x: y [ {")
        lines.append(line)
        if chance.random() < 0.2 and not line.startswith((" " * 10, "'", '"')):
            lines.append("")
    return chance.choice(["\n", "\r\n"]).join(lines) + "\n"


def written(document: Any) -> str:
    # One line a scalar, so that comments may stand between any two lines.
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10**6)


def meaning(campaign: Campaign) -> dict[str, tuple[Any, ...]]:
    """Everything about each look but where it stands."""
    return {
        look.key: (look.kind, look.title, look.name, look.prompt, look.reference, look.group,
                   look.images, look.takes, look.retries, look.tags, look.existing)
        for look in campaign.looks
    }  # fmt: skip


def identities(campaign: Campaign) -> dict[str, str]:
    looks = {look.key: look for look in campaign.looks}
    return {
        key: compute_identity(canonical_json(collect_ingredients(look, looks)))
        for key, look in looks.items()
    }


def valid(folder: Path, text: str) -> Campaign:
    reading = read(folder, text)
    assert reading.campaign is not None, (text, reading.diagnostics)
    return reading.campaign


@given(documents())
def test_reading_is_deterministic(folder: Path, document: dict[str, Any]) -> None:
    text = written(document)
    first, second = read(folder, text), read(folder, text)
    assert first == second


@given(documents(), st.integers(0, 2**32))
def test_order_comments_and_white_space_change_no_look(
    folder: Path, document: dict[str, Any], seed: int
) -> None:
    chance = random.Random(seed)
    original = valid(folder, written(document))
    changed = valid(folder, commented(written(shuffled(document, chance)), chance))
    assert meaning(changed) == meaning(original)
    assert identities(changed) == identities(original)


@given(documents())
def test_every_campaign_satisfies_the_combination_table(
    folder: Path, document: dict[str, Any]
) -> None:
    campaign = valid(folder, written(document))
    assert campaign.looks[0].key == BASE
    assert [look.key for look in campaign.looks[1:]] == list(document["looks"])
    known = {look.key for look in campaign.looks}
    for look in campaign.looks[1:]:
        fields = document["looks"][look.key]
        if look.kind is LookKind.EXISTING:
            assert (look.reference, look.group, look.prompt, look.name) == (None,) * 4
            continue
        # yes: the referenced look's image; no: purely from the prompt. Left out is the base.
        assert (look.reference is None) is (fields.get("avatar_id", "") is None)
        assert (look.group is None) is ("avatar_group_id" not in fields)
        for where in (look.reference, look.group):
            assert not isinstance(where, LookRef) or where.look in known
        assert waits_for(look, campaign)


def waits_for(look: Look, campaign: Campaign) -> bool:
    """Return whether following references ends.

    There is an order in which the looks can be made.
    """
    by_key = {other.key: other for other in campaign.looks}
    pending, steps = [look], 0
    while pending:
        steps += 1
        if steps > 10_000:
            return False
        current = pending.pop()
        pending += [by_key[where.look] for where in (current.reference, current.group)
                    if isinstance(where, LookRef)]  # fmt: skip
    return True
