"""``lookbook graph`` and ``lookbook schema``."""

import json
import re
from pathlib import Path

import pytest

from runner.cli import invoke
from runner.resources import schema, schema_names, schema_text

MANIFEST = """\
version: 1
campaign: "spring \\"26\\""
base: {name: Sarah "S", avatar_id: look_1}
looks:
  navy: {prompt: "Wearing a navy blazer in an office, soft light"}
  night: {prompt: "Wearing a black suit in a bar at night", avatar_id: {look: navy}}
  other:
    prompt: A man in his 30s with a smile in a suit in a studio, soft light
    avatar_id: null
    avatar_group_id: {look: base}
  hired: {existing: look_2}
  literal: {prompt: "Wearing a red coat in the snow at dawn", avatar_id: "look 3"}
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST, "utf-8")
    return str(path)


def test_mermaid_draws_every_look_and_reference(manifest: str, capsys: Captured) -> None:
    assert invoke(["graph", manifest]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "flowchart TD",
        '  n0[["Sarah #34;S#34; (base)"]]',
        '  n1["navy"]',
        '  n2["night"]',
        '  n3["other"]',
        '  n4[["hired"]]',
        '  n5["literal"]',
        '  n6[["id look 3"]]',
        "  n0 --> n1",
        "  n1 --> n2",
        "  n0 -. saved to the group of .-> n3",
        "  n6 --> n5",
    ]


def test_dot_draws_the_same(manifest: str, capsys: Captured) -> None:
    assert invoke(["graph", manifest, "--format", "dot"]) == 0
    said = capsys.readouterr().out
    assert said.startswith('digraph "spring \\"26\\"" {')
    assert '"base" [label="Sarah \\"S\\" (base)", style=dashed];' in said
    assert re.findall(r'"(\S+)" -> "(\S+)"', said) == [
        ("base", "navy"), ("navy", "night"), ("base", "other"),
    ]  # fmt: skip
    assert '"id look 3" -> "literal";' in said
    assert said.rstrip().endswith("}")


def test_an_invalid_manifest_is_told_on_stderr(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "spring.yaml"
    path.write_text("version: 2\n", "utf-8")
    assert invoke(["graph", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "version 2 is not known" in said.err


def test_schema_prints_the_manifests_unless_another_is_named(capsys: Captured) -> None:
    assert invoke(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema("manifest")
    assert invoke(["schema", "diagnostics"]) == 0
    assert json.loads(capsys.readouterr().out) == schema("diagnostics")
    assert invoke(["schema", "nothing"]) == 2


def test_every_schema_is_a_schema() -> None:
    import jsonschema

    assert {"manifest", "diagnostics"} <= set(schema_names())
    for name in schema_names():
        document = json.loads(schema_text(name))
        jsonschema.validators.validator_for(document).check_schema(document)
