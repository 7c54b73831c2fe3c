"""YAML as people write it: what is read, where it stands, and which traps are caught."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.manifest.diagnostics import Findings
from runner.manifest.yaml.document import parse_yaml
from runner.manifest.yaml.nodes import Map, Seq
from runner.manifest.yaml.scalars import Ambiguous, Date, resolve
from runner.manifest.yaml.source import Source

LOADERS = [yaml.SafeLoader] + ([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])


def parsed(text: str, loader: Any = LOADERS[-1]) -> tuple[Any, Findings]:
    findings = Findings(Source(Path("spring.yaml"), text))
    with patch("runner.manifest.yaml.document._LOADER", loader):
        return parse_yaml(text, findings), findings


def plain(value: Any) -> Any:
    if isinstance(value, Map):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Seq):
        return [plain(item) for item in value]
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("No", False), ("OFF", False), ("true", True), ("~", None), ("null", None),
        ("", None), ("12", 12), ("-3", -3), ("0", 0), ("1.50", 1.5), (".5", 0.5), ("1e3", 1000.0),
        ("2026-01-31", Date("2026-01-31")), ("2026-01-31 10:00:00", Date("2026-01-31 10:00:00")),
        ("010", Ambiguous("010")), ("1_000", Ambiguous("1_000")), ("0x1F", Ambiguous("0x1F")),
        ("12:30", Ambiguous("12:30")), (".inf", Ambiguous(".inf")), ("1e999", Ambiguous("1e999")),
        ("yesterday", "yesterday"), ("nobody", "nobody"), ("12 cats", "12 cats"), ("-", "-"),
        ("1.2.3", "1.2.3"), ("+1 more", "+1 more"), ("y", "y"), ("n", "n"),
        ("1984-ish", "1984-ish"),
    ],
)  # fmt: skip
def test_plain_scalars_are_what_every_reader_takes_them_for(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@given(st.text(st.sampled_from("0123456789+-._:eExobaftTZ \t,infnan"), max_size=20))
def test_what_pyyaml_reads_as_something_else_is_never_passed_on_as_text(text: str) -> None:
    resolver: Any = yaml.SafeLoader("")
    tag = resolver.resolve(yaml.ScalarNode, text, (True, False))
    if tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:value", "tag:yaml.org,2002:merge"):
        assert not isinstance(resolve(text), str)


@pytest.mark.parametrize("loader", LOADERS)
def test_every_key_and_value_knows_its_place(loader: Any) -> None:
    document, findings = parsed("a: one\nb:\n  c: [x, yy]\n  d: >\n    long\n", loader)
    span = findings.source.span
    assert (span(document.at("a")).line, span(document.at("a")).column) == (1, 4)
    assert (span(document.at("b")).line, span(document.at("b")).column) == (2, 1)
    inner = document["b"]
    assert (span(inner.at("c")).line, span(inner.at("c")).column) == (3, 3)
    assert (span(inner["c"].at(1)).line, span(inner["c"].at(1)).column) == (3, 10)
    assert span(inner["c"].at(1)).length == 2
    assert (span(inner.at("d")).line, span(inner.at("d")).column) == (4, 6)


@pytest.mark.parametrize("loader", LOADERS)
def test_anchors_and_merge_keys_give_what_yaml_says(loader: Any) -> None:
    text = (
        "x: &one {a: 1, b: 1}\ny: &two {b: 2, c: 2}\n"
        "z: {<<: [*one, *two], c: 3}\nw:\n  b: 9\n  <<: *one\nv: *two\nq: {'<<': text}\n"
    )
    document, findings = parsed(text, loader)
    assert findings.all() == ()
    assert plain(document["z"]) == {"c": 3, "a": 1, "b": 1}
    assert plain(document["w"]) == {"b": 9, "a": 1}
    assert plain(document["v"]) == {"b": 2, "c": 2}
    assert plain(document["q"]) == {"<<": "text"}
    assert findings.source.span(document["w"].at("a")).line == 1


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "duplicate-key"), ("no: 1\n", "key-not-text"), ("12: x", "key-not-text"),
        ("2026-01-01: x", "key-not-text"), ("? [a]\n: b", "key-not-text"), ("~: b", "key-not-text"),
        ("a: 010", "ambiguous-number"), ("010: a", "ambiguous-number"), ("a: !x b", "yaml-tag"),
        ("a: !!binary aGk=", "yaml-tag"), ("a: !!python/name:os.system ''", "yaml-tag"),
        ("!x {a: b}", "yaml-tag"), ("a: *b", "yaml-alias"), ("a: &a [*a]", "yaml-alias"),
        ("a: &a {<<: *a}", "yaml-alias"), ("<<: 3", "yaml-merge"),
        ("a: b\n---\nc: d", "yaml-documents"),
        ("a:\n\tb: c", "yaml-tab"), ("a: [" * 60, "yaml-depth"), ("a: 'b", "yaml-syntax"),
        ("a: [b", "yaml-syntax"), ("a: {b: c", "yaml-syntax"), ("a: b: c", "yaml-syntax"),
        ("a: @b", "yaml-syntax"), ("a: \"\\q\"", "yaml-syntax"), ("a: b\x07", "yaml-syntax"),
        ("a:\n  b: c\n d: e", "yaml-syntax"), ("a:\n- b\nc\n", "yaml-syntax"),
        ("a: *", "yaml-syntax"), ("a: ! b", "yaml-tag"),
        ("%YAML 9.9\n---\na: b", "yaml-syntax"), ("a: b\n  c: d", "yaml-syntax"),
    ],
)  # fmt: skip
def test_traps_are_caught_and_never_passed_on(text: str, code: str, loader: Any) -> None:
    _, findings = parsed(text, loader)
    assert code in {found.code for found in findings.all()}


@pytest.mark.parametrize("text", ["a: !!str 12", "!!map {a: '12'}", 'a: "12"'])
def test_text_may_be_marked_as_text(text: str) -> None:
    document, findings = parsed(text)
    assert plain(document) == {"a": "12"}
    assert findings.all() == ()


def test_an_alias_bomb_is_refused_quickly_and_sharing_is_not() -> None:
    bomb = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 12))
    _, findings = parsed("x0: &x0 text\n" + bomb)
    assert [found.code for found in findings.all()] == ["yaml-alias-bomb"]
    shared = "x: &x {a: 1, b: 2}\nlooks:\n" + "".join(f"  l{n}: *x\n" for n in range(5000))
    document, findings = parsed(shared)
    assert findings.all() == ()
    assert len(document["looks"]) == 5000


# YAML that both of PyYAML's parsers read; pieces that often meet in manifests.
pieces = st.lists(
    st.sampled_from(
        ["a", "b", ": ", ":", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", ", "'", '"', "#",
         " #", "&x ", "*x", "!", "!!str ", "<<: ", "|", ">", "? ", "---", "...", "%", "@", "\t",
         "yes", "12", "010", "2026-01-01", "~", "é", "\u2028", "\x85", "\r\n", "\\", "${a}"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(pieces)
def test_any_text_is_read_or_told_about_by_both_parsers(text: str) -> None:
    for loader in LOADERS:
        document, findings = parsed(text, loader)
        assert document is not None or findings.errors or plain(document) is None
        for found in findings.all():
            assert found.line >= 1
            assert found.column >= 1
            assert found.hint or found.message


@given(pieces)
def test_what_is_read_without_complaint_is_what_pyyaml_reads(text: str) -> None:
    document, findings = parsed(text)
    if findings.errors or document is None:
        return
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return
    assert same(plain(document), expected)


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Date):
        return not isinstance(theirs, str)
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and ours.keys() == theirs.keys() and all(
            same(ours[key], theirs[key]) for key in ours)  # fmt: skip
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(ours == theirs)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "code", "said", "cure"),
    [
        ("a:\n\u00a0\u00a0b: c\n", "yaml-space", "U+00A0", "ordinary space"),
        ("a:\n  b: c\n \u3000- d: e", "yaml-space", "U+3000", "ordinary space"),
        ("a:\u202fb\nc:\u00a0d\n", "yaml-space", "U+202F", "Such lines: 2"),
        ("a: 'Sarah's blazer'", "yaml-syntax", "an apostrophe", "''"),
        ("a: {b: 'Sarah's blazer'}", "yaml-syntax", "an apostrophe", "''"),
        ('a: "A "cool" blazer"', "yaml-syntax", "a quotation mark", '\\"'),
        ("a: {blue|red} suit", "yaml-syntax", "is a mapping", "quotes around all"),
        ("a: [blue] suit", "yaml-syntax", "is a list", "quotes around all"),
        ('a: "C:\\Users\\me.png"', "yaml-syntax", "a backslash", '"C:/Users/me.png"'),
        ('a: "50\\% off"', "yaml-syntax", "a backslash", "twice"),
        ("a: {b: 'x' c: 'y'}", "yaml-syntax", "lacks a comma", "commas"),
    ],
)
def test_what_was_meant_is_told_not_what_the_parser_met(
    text: str, code: str, said: str, cure: str, loader: Any
) -> None:
    _, findings = parsed(text, loader)
    (found,) = findings.all()
    assert (found.code, said in found.message, cure in (found.hint or "")) == (code, True, True)


@pytest.mark.parametrize("loader", LOADERS)
def test_any_space_may_begin_a_line_of_text(loader: Any) -> None:
    value, findings = parsed("a:\n  b: |\n    x\n    \u00a0y: z\n  c: d\n", loader)
    assert not findings.all()
    assert value["a"]["b"] == "x\n\u00a0y: z\n"
