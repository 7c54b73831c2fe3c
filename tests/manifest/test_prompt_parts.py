"""A prompt is replaced where it stands in the YAML: one value changes, and no other byte."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.manifest.prompt_parts import PromptPart, edit_part, find_parts
from runner.manifest.yaml.replace_scalar import index_scalars, replace_scalar
from runner.manifest.yaml.source import Source

HEAD = "version: 1\ncampaign: spring\nbase: {name: Sarah, avatar_id: look_abc123}\n"
WORDS = st.text(
    st.sampled_from("abc äé😀 ,.:#-'\"\\{}[]&*!|>%@`?~0\n\t\x07\ufeff"), min_size=1, max_size=60
)


def data_of(text: str) -> Any:
    """Return what the other parser, that of pure Python, makes of a text."""
    return yaml.load(text, yaml.BaseLoader)


# --- spellings ------------------------------------------------------------------------------------

STYLES = {
    "plain": "old words here",
    "plain, wrapped": "old words\n      over two lines",
    "plain, marked": "&shared old words",
    "plain, tagged": "!!str old words",
    "single": "'it''s old'",
    "double": '"old \\u00e9 words"',
    "double, wrapped": '"old words\n\n      over lines"',
    "literal": "|\n      old words\n      on two lines",
    "literal, stripped": "|-  # why it is so\n      old words\n\n      more",
    "literal, kept": "|+\n      old words\n\n",
    "literal, indented": "|2\n      old words",
    "folded": ">\n      old words\n      on two lines",
    "folded, stripped": ">-\n      old words\n\n      more\n",
}


NEIGHBOURS = st.dictionaries(st.text("abé", min_size=1, max_size=5), WORDS, max_size=3)


@given(
    style=st.sampled_from(sorted(STYLES)),
    line_end=st.sampled_from(["\n", "\r\n"]),
    neighbours=NEIGHBOURS,
    new=WORDS,
)
def test_only_the_value_changes_however_it_is_written(
    style: str, line_end: str, neighbours: dict[str, str], new: str
) -> None:
    others = yaml.safe_dump(neighbours, allow_unicode=True) if neighbours else ""
    before = f"{others}# one\nlooks:\n  x:\n    prompt: "
    behind = "\n# a comment\n  y: {prompt: other, z: [1, 2]}\n...\n"
    text = f"{before}{STYLES[style]}{behind}".replace("\n", line_end)
    document = data_of(text)
    old = document["looks"]["x"]["prompt"]
    line = before.count("\n") + 1
    spans = set(index_scalars(text).values())
    [span] = [span for span in spans if span.line == line and span.value != "prompt"]
    changed = replace_scalar(text, span, new)
    assert changed.startswith(before.replace("\n", line_end))
    assert changed.endswith(behind.replace("\n", line_end))
    after = data_of(changed)
    if style.startswith(("literal", "folded")):
        new = new.rstrip() + old[len(old.rstrip()) :]
    assert after["looks"]["x"].pop("prompt") == new
    del document["looks"]["x"]["prompt"]
    assert after == document
    if line_end == "\r\n":
        assert "\n" not in changed.replace("\r\n", "")


@given(new=WORDS)
@settings(max_examples=30)
def test_inside_brackets_and_lists_only_the_value_changes(new: str) -> None:
    for text, place in (
        ("{a: [x, old words, y], b: 'c'}  # end\n", "list"),
        ("a:\n  - x\n  - old words\n  - y\nb: c\n", "list"),
    ):
        [span] = [span for span in index_scalars(text).values() if span.value == "old words"]
        assert data_of(replace_scalar(text, span, new)) == {"a": ["x", new, "y"], "b": "c"}, place


@pytest.mark.parametrize(
    ("written", "new", "expected"),
    [
        ("old", "new words", "new words"),
        ("old", "a: b", '"a: b"'),
        ("old", "no", '"no"'),
        ("old", "2026-01-31", '"2026-01-31"'),
        ("old", "010", '"010"'),
        ("old", "a #b", '"a #b"'),
        ("'old'", "it's", "'it''s'"),
        ("'old'", "two\nlines", '"two\\nlines"'),
        ('"old"', 'say "x" \\', '"say \\"x\\" \\\\"'),
        ("&a old", "new", "&a new"),
        ("|\n  old", "one\n\ntwo", "|\n  one\n\n  two"),
        ("|- # why\n  old", "one", "|- # why\n  one"),
        (">\n    old", "one\ntwo", ">\n    one\n\n    two"),
        ("|\n  old", "  begins with spaces", '"  begins with spaces\\n"'),
        ("| # why\n  old", "  begins with spaces", '"  begins with spaces\\n" # why'),
    ],
)
def test_the_style_stays_where_the_text_allows_it(written: str, new: str, expected: str) -> None:
    text = f"a: {written}\nb: c\n"
    [span] = {span for span in index_scalars(text).values() if span.value.strip() == "old"}
    assert replace_scalar(text, span, new) == f"a: {expected}\nb: c\n"


def test_what_was_wrapped_is_wrapped_again() -> None:
    text = "a: >\n  " + "word " * 12 + "\n  " + "word " * 3 + "\nb: c\n"
    [span] = [span for span in index_scalars(text).values() if span.value.startswith("word")]
    changed = replace_scalar(text, span, ("other " * 30).strip())
    assert data_of(changed)["a"].strip() == ("other " * 30).strip()
    first, *lines = changed.splitlines()
    assert (first, lines[-1]) == ("a: >", "b: c")
    assert [line.count("other") for line in lines[:-1]] == [10, 10, 10]  # as wide as before


def test_half_a_character_is_refused() -> None:
    text = "a: old\n"
    span = next(span for span in index_scalars(text).values() if span.value == "old")
    with pytest.raises(ValueError, match=r"surrogates|reads back"):
        replace_scalar(text, span, "\ud83d")


# --- what a prompt is made of ---------------------------------------------------------------------

SHARED = """variables: {light: "soft ${mood} light", mood: warm}
x-pose: &pose standing
defaults: {prompt_suffix: ", ${light}"}
looks:
  one: {prompt: A coat}
  two: {prompt: *pose}
  three: {prompt: *pose, prompt_suffix: ""}
  four: {prompt: "${own} hat", variables: {own: a red}}
matrix:
- id: "${outfit}-${setting}"
  prompt: Wearing ${outfit.text}, ${setting}, ${shoes.text}, ${mood}
  prompt_suffix: ""
  axes:
    outfit: {blazer: a blazer, linen: a suit}
    setting: [office, street]
  include:
  - {shoes: {boots: black boots}}
  - {outfit: linen, shoes: {white: white sneakers}}
"""


def parts_of(text: str, **variables: str) -> dict[str, tuple[PromptPart, ...]]:
    return find_parts(Source(Path("spring.yaml"), HEAD + text), variables)


def test_each_part_of_a_prompt_names_every_look_that_shares_it() -> None:
    found = {
        key: {part.name: (part.text, part.looks) for part in parts}
        for key, parts in parts_of(SHARED).items()
    }
    everywhere = ("one", "two", "four")
    made = ("blazer-office", "blazer-street", "linen-office", "linen-street")
    light = {
        "prompt_suffix": (", ${light}", everywhere),
        "${light}": ("soft ${mood} light", everywhere),
        "${mood}": ("warm", (*everywhere, *made)),
    }
    assert found["one"] == {"prompt": ("A coat", ("one",)), **light}
    assert found["two"] == {"prompt": ("standing", ("two", "three")), **light}
    assert found["three"] == {"prompt": ("standing", ("two", "three"))}
    assert found["four"] == {
        "prompt": ("${own} hat", ("four",)), "${own}": ("a red", ("four",)), **light
    }  # fmt: skip
    assert found["blazer-office"] == {
        "prompt": ("Wearing ${outfit.text}, ${setting}, ${shoes.text}, ${mood}", made),
        "${outfit.text}": ("a blazer", made[:2]),
        "${shoes.text}": ("black boots", made[:2]),
        "${mood}": light["${mood}"],
    }
    assert found["linen-street"]["${shoes.text}"] == ("white sneakers", made[2:])
    assert found["base"] == {}


def test_what_the_command_line_gives_is_no_part() -> None:
    found = parts_of(SHARED, light="dim", own="a blue")
    assert [part.name for part in found["one"]] == ["prompt", "prompt_suffix"]
    names = [part.name for part in found["four"]]  # its own variable is nearer than the command's
    assert names == ["prompt", "prompt_suffix", "${own}"]


def test_an_edited_anchor_changes_every_look_that_it_stands_in() -> None:
    source = Source(Path("spring.yaml"), HEAD + SHARED)
    [part] = [part for part in find_parts(source, {})["two"] if part.name == "prompt"]
    changed = edit_part(source, part, "sitting: at a desk")
    assert changed == source.text.replace("&pose standing", '&pose "sitting: at a desk"')


def test_a_manifest_that_is_wrong_has_no_parts() -> None:
    assert parts_of("looks: [") == {}
    assert parts_of("looks: {a: {promt: x}}") == {}
