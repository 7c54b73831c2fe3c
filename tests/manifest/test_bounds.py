"""What anybody may write into a manifest costs no more than its size."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from runner.manifest import load
from runner.manifest.diagnostics import MAX_FINDINGS
from runner.manifest.formats import as_text
from runner.manifest.yaml.source import MAX_CHARS
from tests.fuzz.work import count_work, growth

HEAD = "version: 1\nmax_looks: 1000000\ncampaign: spring\nbase: {name: Sarah, avatar_id: look_1}\n"
PROMPT = "Wearing a navy blazer, modern office, morning light"


def looks(count: int, rest: Callable[[int], str]) -> str:
    return "looks:\n" + "".join(f"  a{i}: {rest(i)}\n" for i in range(count))


def good(_: int) -> str:
    return f'{{prompt: "{PROMPT}"}}'


HOSTILE: dict[str, Callable[[int], str]] = {
    "duplicate keys": lambda n: "looks:\n" + "".join(f"  a{i // 2}: {good(i)}\n" for i in range(n)),
    "unknown fields of many looks": lambda n: looks(n, lambda i: f"{{prompt: x, promt{i}: y}}"),
    "unknown fields of one look": lambda n: looks(
        1, lambda _: "{prompt: x, " + ", ".join(f"prompx{i}: y" for i in range(n)) + "}"
    ),
    "bad keys": lambda n: "looks:\n" + "".join(f"  A{i}: {good(i)}\n" for i in range(n)),
    "values of a wrong type": lambda n: looks(n, str),
    "unknown names in many texts": lambda n: (
        "variables: {" + ", ".join(f"light{i}: x" for i in range(n)) + "}\n"
        + looks(n, lambda i: f'{{prompt: "{PROMPT} ${{ligth{i}}}"}}')
    ),
    "unknown names in one text": lambda n: looks(
        1, lambda _: '{prompt: "' + "".join(f"${{n{i}}}" for i in range(n)) + '"}'
    ),
    "names that never end": lambda n: looks(1, lambda _: '{prompt: "' + "${" * n + '"}'),
    "references to nothing": lambda n: looks(
        n, lambda i: f'{{prompt: "{PROMPT}", avatar_id: {{look: zz{i}}}}}'
    ),
    "missing pictures": lambda n: looks(
        n, lambda i: f'{{prompt: "{PROMPT}", reference_images: [no{i}.png]}}'
    ),
    "excludes that exclude nothing": lambda n: (
        'matrix:\n- id: "${a}-${b}"\n  prompt: "x ${a} ${b}"\n  axes:\n'
        f"    a: [{', '.join(f'a{i}' for i in range(20))}]\n    b: [b0, b1]\n"
        f"  exclude: [{', '.join(f'{{a: a{i % 20}, b: b{i % 2}}}' for i in range(n))}]\n"
    ),
    "comments behind texts of one line": lambda n: (
        "looks: {" + ", ".join(f"a{i}: {{prompt: x y}}" for i in range(n)) + "} #x\n"
    ),
    "names in a wrong form": lambda n: (
        "variables: {" + ", ".join(f"v{i}: x" for i in range(n)) + "}\n"
        + looks(n, lambda i: f'{{prompt: "{PROMPT} {{v{i}}}"}}')
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_work_grows_no_faster_than_the_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "spring.yaml"

    def read(size: int) -> None:
        path.write_text(HEAD + HOSTILE[kind](size))
        found = load(path).diagnostics
        assert found
        assert len(found) <= sum(MAX_FINDINGS.values()) + len(MAX_FINDINGS)

    assert growth(read, 150) < 6


def test_one_slip_among_many_looks_costs_what_a_good_manifest_does(tmp_path: Path) -> None:
    path = tmp_path / "spring.yaml"

    def read(slip: str) -> int:
        path.write_text(HEAD + looks(990, lambda i: f'{{prompt: "{PROMPT}"{slip * (i == 7)}}}'))
        return count_work(lambda: load(path, hints=False))

    read(", promt: x")
    assert read(", promt: x") < 2 * read("")


def test_a_long_list_of_findings_ends_with_how_many_more_there_are(tmp_path: Path) -> None:
    path = tmp_path / "spring.yaml"
    path.write_text(HEAD + looks(471, lambda i: f"{{prompt: x, zz{i}: y}}"))
    reading = load(path, hints=False)
    last = reading.diagnostics[-1]
    assert reading.campaign is None
    assert (last.code, last.message) == ("more-errors", "and 371 more errors")
    assert "and 371 more errors" in as_text(reading.diagnostics).splitlines()[-1]


def test_keys_within_keys_are_bounded_like_everything_that_nests(tmp_path: Path) -> None:
    path = tmp_path / "spring.yaml"
    for text in ("? " * 350, "? " * 50_000, "[" * 50_000, "{a: " * 10_000, "- " * 50_000):
        path.write_text(text)
        assert [found.code for found in load(path).diagnostics] == ["yaml-depth"]


@pytest.mark.parametrize(
    "text", ["looks: [", "looks: {a: 1", "b: 'x", "  b: 2", "long", "b: [1\n\n"]
)
def test_an_error_at_the_end_of_a_file_without_a_last_line_end_is_on_a_line_of_it(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "spring.yaml"
    path.write_text(f"a: 1\n{text}")
    (found,) = load(path).diagnostics
    assert found.code.startswith("yaml")
    assert found.line <= len(f"a: 1\n{text}".split("\n"))
    assert found.line > 1
    assert found.text.strip() or text.endswith("\n")


LONG = "word " * 20_001


@pytest.mark.parametrize(
    "text",
    [
        f'looks: {{a: {{prompt: "{LONG}"}}, b: {{promt: x}}}}',
        f'looks: {{a: {{prompt: !!str "{LONG}"}}}}',
        f'looks: {{a: {{prompt: &x "{LONG}"}}}}',
        f'x-text: &x "{LONG}"\nlooks: {{a: {{prompt: *x}}}}',
        f'looks: {{a: {{tags: ["{LONG}"]}}}}',
        f'? "{LONG}"\n: 1',
        f"looks: {{? {LONG} : {{prompt: x}}}}",
    ],
    ids=["prompt", "tagged", "anchored", "alias", "in a list", "key", "key of a look"],
)
def test_reading_stops_at_a_text_that_no_manifest_needs(text: str, tmp_path: Path) -> None:
    path = tmp_path / "spring.yaml"
    path.write_text(HEAD + text)
    (found,) = load(path).diagnostics
    assert found.code == "text-too-long"
    assert "100,000" in found.message
    assert len(found.message) < 200


def test_a_picture_within_the_manifest_may_be_longer_than_a_text(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.effect_noise((512, 512), 200).save(picture, "PNG")
    data = base64.b64encode(picture.getvalue()).decode()
    assert len(data) > MAX_CHARS
    path = tmp_path / "spring.yaml"
    inline = f"{{media_type: image/png, data: {data}}}"
    path.write_text(
        f"version: 1\ncampaign: spring\nx-picture: &it {data}\n"
        f"base: {{name: Sarah, photo: {inline}}}\n"
        f'looks: {{a: {{prompt: "{PROMPT}", reference_images: '
        "[{media_type: image/png, data: *it}]}}\n"
    )
    assert not load(path).diagnostics


def test_many_prompts_below_the_bound_cost_what_their_size_does(tmp_path: Path) -> None:
    path = tmp_path / "spring.yaml"
    text = "a  b\t" * 19_000

    def read(size: int) -> None:
        path.write_text(HEAD + looks(size, lambda _: f'{{prompt: "{text} ${{x}}"}}'))
        assert load(path).diagnostics

    assert growth(read, 5) < 6
