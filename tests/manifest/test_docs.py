"""docs/manifest.md says what the program does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from runner.manifest import CODES, Severity
from runner.resources import schema, validator

PAGE = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text("utf-8")
HEADINGS = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.HINT: "Hints"}


@pytest.mark.parametrize("severity", Severity)
def test_every_code_is_listed_with_its_meaning_and_cure(severity: Severity) -> None:
    section = PAGE.split(f"\n### {HEADINGS[severity]}\n")[1].split("\n## ")[0].split("\n### ")[0]
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    known = [(code.name, code.meaning, code.cure) for code in CODES.values()
             if code.severity is severity]  # fmt: skip
    assert rows == known


def test_every_key_of_the_language_is_explained() -> None:
    form = schema("manifest")
    places = [form, *(form["definitions"][name] for name in ("look", "base", "matrix_entry"))]
    keys = {key for place in places for key in place["properties"]}
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_the_first_example_is_valid() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    assert list(validator("manifest").iter_errors(yaml.safe_load(example))) == []


def test_every_property_of_the_schema_has_a_description_and_an_example() -> None:
    bare = []

    def walk(node: object, path: str) -> None:
        if isinstance(node, dict):
            for name, value in node.get("properties", {}).items():
                target = value
                while isinstance(target, dict) and "$ref" in target:
                    target = schema("manifest")["definitions"][target["$ref"].split("/")[-1]]
                constraint = set(target) <= {"const"}
                shown = target.get("examples") or target.get("defaultSnippets")
                if not constraint and not (target.get("description") and shown):
                    bare.append(f"{path}/{name}")
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for number, item in enumerate(node):
                walk(item, f"{path}/{number}")

    walk(schema("manifest"), "")
    assert bare == []


def test_the_examples_of_the_schema_are_valid_themselves() -> None:
    form = schema("manifest")
    for name, definition in form["definitions"].items():
        part = validator("manifest").evolve(
            schema={**definition, "definitions": form["definitions"]}
        )
        snippets = json.dumps(definition.get("defaultSnippets", [])).replace("\\\\${", "${")
        bodies = [snippet["body"] for snippet in json.loads(snippets)]
        for example in [*definition.get("examples", ()), *bodies]:
            assert list(part.iter_errors(example)) == [], (name, example)


def test_no_editor_is_offered_a_mapping_as_text() -> None:
    """An editor inserts an example as it is: of a mapping it makes ``[object Object]``."""

    def examples(node: object) -> Iterator[object]:
        if isinstance(node, dict):
            yield from node.get("examples", ())
            node = list(node.values())
        for part in node if isinstance(node, list) else ():
            yield from examples(part)

    found = list(examples(schema("manifest")))
    assert found
    assert not [example for example in found if isinstance(example, dict)]
