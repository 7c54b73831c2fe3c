"""Findings for people and programs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.manifest import CODES, Diagnostic, Severity, load
from runner.manifest.diagnostics import count_findings
from runner.manifest.formats import (
    as_github,
    as_json,
    as_sarif,
    as_summary,
    as_text,
)
from runner.resources import schema
from tests.manifest.sarif import SARIF

BAD = Path(__file__).parent / "corpus" / "bad"


def finding(**changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "severity": Severity.ERROR,
        "code": "unknown-key",
        "message": "`promt` means nothing in look `navy`",
        "file": "a folder/spring.yaml",
        "line": 6,
        "column": 5,
        "look": "navy",
        "hint": "Did you mean `prompt`?",
        "text": "    promt: Wearing a coat",
        "length": 5,
    }
    return Diagnostic(**{**values, **changes})


def test_a_summary_has_a_line_for_each_kind_and_counts_the_rest() -> None:
    folded = "no coat (and 2 more looks made here)"
    kinds = [
        finding(code="no-looks", look=None, message="no looks"),
        finding(code="repeated-image", look="red", message=folded, more=2, line=9),
        finding(code="repeated-image", look="blue", message="no hat", line=12),
    ]
    assert as_summary(kinds) == (
        "a folder/spring.yaml:6: no looks [no-looks]",
        "a folder/spring.yaml:9: red: no coat (and 3 more looks) [repeated-image]",
    )
    assert as_summary([]) == ()


def test_text_quotes_the_line_with_a_caret_under_what_is_meant() -> None:
    assert as_text([finding()]).splitlines() == [
        "a folder/spring.yaml:6:5: error[unknown-key]: `promt` means nothing in look `navy`",
        "  6 |     promt: Wearing a coat",
        "    |     ^^^^^",
        "  -> Did you mean `prompt`?",
    ]


def test_text_names_the_look_where_the_message_does_not() -> None:
    assert "(look navy)" in as_text([finding(message="the prompt is empty")])


def test_hints_take_one_line() -> None:
    hint = finding(severity=Severity.HINT, code="prompt-no-light", message="names no light")
    assert len(as_text([hint, hint]).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "column", "length"),
    [
        ("title: 服装 navy", 11, 4),
        ("title: e\u0301 navy", 11, 4),
        ("a:\tnavy", 4, 4),
        ("prompt: " + "x" * 500 + " navy " + "y" * 500, 510, 4),
    ],
)
def test_the_caret_stays_under_the_word(text: str, column: int, length: int) -> None:
    assert text[column - 1 : column - 1 + length] == "navy"
    _, quoted, caret = as_text([finding(text=text, column=column, length=length, hint=None)]).split(
        "\n"
    )
    # Wide characters take two cells of a terminal and combining ones none.
    cells = quoted.replace("\u0301", "").replace("服装", "服\0装\0")
    assert cells[caret.index("^") : caret.rindex("^") + 1] == "navy"
    assert len(quoted) < 120


@given(st.text(max_size=300), st.integers(1, 400), st.integers(1, 400))
def test_any_line_can_be_quoted(text: str, column: int, length: int) -> None:
    shown = as_text([finding(text=text, column=column, length=length, hint=None)])
    assert "^" in shown or not text.strip()
    assert not any(char in shown for char in "\x1b\x07\x00")


def test_json_has_the_published_form() -> None:
    document = as_json([finding(), finding(severity=Severity.WARNING, look=None, hint=None)])
    jsonschema.validate(document, schema("diagnostics"))
    assert document["valid"] is False
    assert document["diagnostics"][0]["look"] == "navy"
    assert "hint" not in document["diagnostics"][1]


def test_warnings_and_hints_leave_a_manifest_valid() -> None:
    assert as_json([finding(severity=Severity.WARNING), finding(severity=Severity.HINT)])["valid"]


def test_github_annotations_escape_what_would_end_them() -> None:
    line = as_github([finding(message="100%\nof, a: b", file="a,b:c.yaml")])
    assert line == (
        "::error file=a%2Cb%3Ac.yaml,line=6,col=5,endColumn=10,title=unknown-key"
        "::100%25%0Aof, a: b%0ADid you mean `prompt`?"
    )


def test_github_levels_follow_severity() -> None:
    said = as_github([finding(severity=severity) for severity in Severity])
    assert [line.split(" ")[0] for line in said.splitlines()] == [
        "::error",
        "::warning",
        "::notice",
    ]


def test_sarif_says_what_rules_there_are_and_where_they_were_broken() -> None:
    log = as_sarif([finding(), finding(severity=Severity.HINT, code="prompt-no-light")])
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["prompt-no-light", "unknown-key"]
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("unknown-key", 1, "error")
    assert second["level"] == "note"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20folder/spring.yaml"
    assert place["region"] == {"startLine": 6, "startColumn": 5, "endColumn": 10}
    assert json.loads(json.dumps(log)) == log


@pytest.mark.parametrize(
    "file",
    [
        "spring.yaml",
        "a folder/é [1] 100%.yaml",
        "../up.yaml",
        "/root.yaml",
        "a:b?c#d.yaml",
        "caf\udce9.yaml",
    ],
)
def test_sarif_keeps_to_the_standard_with_every_code_there_is(file: str) -> None:
    findings = [
        finding(severity=code.severity, code=name, file=file) for name, code in CODES.items()
    ]
    log = as_sarif(findings)
    assert [error.message for error in SARIF.iter_errors(log)] == []
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == len(CODES)
    assert [error.message for error in SARIF.iter_errors(as_sarif([]))] == []


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.glob("*.yaml")))
def test_sarif_keeps_to_the_standard_for_every_bad_manifest(name: str) -> None:
    log = as_sarif(load(BAD / name).diagnostics)
    assert [error.message for error in SARIF.iter_errors(log)] == []
    assert log["runs"][0]["results"]


def test_what_the_standard_refuses_is_noticed() -> None:
    spoilt: list[Callable[[dict[str, Any]], object]] = [
        lambda log: log.pop("version"),
        lambda log: log["runs"][0].pop("tool"),
        lambda log: log["runs"][0]["tool"]["driver"].pop("name"),
        lambda log: log["runs"][0]["tool"]["driver"]["rules"][0].pop("id"),
        lambda log: log["runs"][0]["results"][0].pop("message"),
        lambda log: log["runs"][0]["results"][0].update(level="hint"),
        lambda log: log["runs"][0]["results"][0]["message"].pop("text"),
        lambda log: log["runs"][0].update(columnKind="bytes"),
        lambda log: log["runs"][0]["results"][0].update(look="navy"),
        lambda log: physical(log)["region"].update(startColumn=0),
        lambda log: physical(log)["artifactLocation"].update(uri="a folder"),
    ]
    for spoil in spoilt:
        log = as_sarif([finding()])
        spoil(log)
        assert not SARIF.is_valid(log)


def physical(log: dict[str, Any]) -> Any:
    return log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]


def test_findings_are_counted_in_words() -> None:
    assert count_findings([]) == ""
    assert (
        count_findings([finding(), finding(), finding(severity=Severity.HINT)])
        == "2 errors, 1 hint"
    )


def test_every_code_is_kebab_case_and_has_words() -> None:
    for name, code in CODES.items():
        assert name == code.name
        assert name.replace("-", "").isalpha()
        assert code.meaning.endswith(".")
        assert code.cure.endswith((".", "?"))
