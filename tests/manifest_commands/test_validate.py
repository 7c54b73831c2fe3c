"""``lookbook validate``: streams, forms and exit codes."""

import json
from pathlib import Path

import jsonschema
import pytest

from runner.cli import invoke
from runner.resources import schema

GOOD = """\
version: 1
campaign: spring
base: {name: Sarah, photo: https://example.com/sarah.jpg}
prices: {photo: 2, prompt: 1.5}
looks:
  navy: {prompt: "Wearing a navy blazer in an office, soft light", takes: 2}
  hired: {existing: look_1}
  vague: {prompt: The person from the side}
"""
BAD = GOOD.replace("takes: 2", "take: 2")

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("spring.yaml")
    path.write_text(GOOD, "utf-8")
    return path


def test_a_valid_manifest_is_counted_and_priced(manifest: Path, capsys: Captured) -> None:
    assert invoke(["validate", str(manifest), "--no-hints"]) == 0
    said = capsys.readouterr()
    assert said.out == (
        "spring.yaml is valid: 3 looks and the base, 4 generations, $6.50 from scratch.\n"
    )
    assert said.err == ""


def test_hints_leave_a_manifest_valid_and_can_be_switched_off(
    manifest: Path, capsys: Captured
) -> None:
    assert invoke(["validate", str(manifest)]) == 0
    said = capsys.readouterr().out
    assert "spring.yaml:8:19: hint[prompt-no-clothing]" in said
    assert said.endswith("3 hints.\n")


def test_an_invalid_manifest_exits_with_2_and_shows_the_line(
    manifest: Path, capsys: Captured
) -> None:
    manifest.write_text(BAD, "utf-8")
    assert invoke(["validate", str(manifest), "--no-hints"]) == 2
    said = capsys.readouterr().out
    assert said.startswith("spring.yaml:6:68: error[unknown-key]: `take` means nothing in look")
    assert "^^^^" in said
    assert "-> Did you mean `takes`?" in said
    assert said.endswith("spring.yaml is not valid: 1 error.\n")


@pytest.mark.parametrize(("text", "valid", "code"), [(GOOD, True, 0), (BAD, False, 2)])
def test_json_has_the_published_form(
    manifest: Path, capsys: Captured, text: str, valid: bool, code: int
) -> None:
    manifest.write_text(text, "utf-8")
    assert invoke(["validate", str(manifest), "--format", "json"]) == code
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("diagnostics"))
    assert document["valid"] is valid
    assert {item["file"] for item in document["diagnostics"]} == {"spring.yaml"}


def test_a_missing_file_is_a_finding_in_every_form(capsys: Captured) -> None:
    assert invoke(["validate", "none.yaml", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "file-unreadable"


def test_github_annotations_are_lines(manifest: Path, capsys: Captured) -> None:
    manifest.write_text(BAD, "utf-8")
    assert invoke(["validate", str(manifest), "--format", "github", "--no-hints"]) == 2
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].startswith("::error file=spring.yaml,line=6,col=68,")


def test_sarif_is_json(manifest: Path, capsys: Captured) -> None:
    manifest.write_text(BAD, "utf-8")
    assert invoke(["validate", str(manifest), "--format", "sarif", "--no-hints"]) == 2
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["unknown-key"]


def test_variables_come_from_the_command_line(manifest: Path, capsys: Captured) -> None:
    manifest.write_text(GOOD.replace("soft light", "${light}"), "utf-8")
    assert invoke(["validate", str(manifest), "--no-hints"]) == 2
    assert invoke(["validate", str(manifest), "--no-hints", "--var", "light=dim light"]) == 0
    capsys.readouterr()


def test_a_variable_without_a_value_is_a_usage_error(manifest: Path, capsys: Captured) -> None:
    assert invoke(["validate", str(manifest), "--var", "light"]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err
