"""What editors make of the schema: ajv and yaml-language-server agree with the program.

Both come from npm and are no part of ``make test`` where they are not installed:
``npm --prefix tests/manifest/editor install --ignore-scripts``.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.manifest.quick import conforms

HERE = Path(__file__).parent
EDITOR = HERE / "editor"
SCHEMA = HERE.parents[1] / "schemas" / "manifest.schema.json"
CORPUS = sorted((HERE / "corpus").glob("*/*.yaml"))
HEAD = "version: 1\ncampaign: spring\nbase:\n  name: Sarah\n  avatar_id: look_1\n"

NODE = shutil.which("node")
if NODE is None:
    pytest.skip("node is not installed, so editors cannot be tried", allow_module_level=True)
if not (EDITOR / "node_modules").is_dir():
    pytest.skip(
        "ajv and yaml-language-server are not installed:"
        " npm --prefix tests/manifest/editor install --ignore-scripts",
        allow_module_level=True,
    )


def node(script: str, *arguments: str, say: Any, env: dict[str, str]) -> Any:
    ran = subprocess.run(
        [str(NODE), str(EDITOR / script), *arguments],
        input=json.dumps(say), capture_output=True, text=True, timeout=60, env=env, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def editor(files: list[dict[str, Any]], env: dict[str, str]) -> list[dict[str, Any]]:
    shown = node("language.mjs", say={"schema": SCHEMA.as_uri(), "files": files}, env=env)
    assert isinstance(shown, list)
    return shown


def corpus_values() -> list[Any]:
    """The manifests of the corpus that JSON can say: no dates, and keys that are text."""
    found = []
    for path in CORPUS:
        try:
            value = yaml.safe_load(path.read_bytes())
            if isinstance(value, dict) and json.loads(json.dumps(value)) == value:
                found.append(value)
        except (yaml.YAMLError, ValueError, TypeError):
            continue
    return found


def test_ajv_agrees_with_the_program_on_the_corpus(process_env: dict[str, str]) -> None:
    values = corpus_values()
    assert len(values) > 20
    verdicts = node("validate.mjs", str(SCHEMA), say=values, env=process_env)
    assert verdicts == [conforms(value) for value in values]
    assert set(verdicts) == {True, False}


def test_good_manifests_show_no_diagnostics_in_an_editor(process_env: dict[str, str]) -> None:
    good = [path for path in CORPUS if path.parent.name == "good"]
    good.append(HERE.parents[1] / "manifests" / "spring-lookbook.yaml")
    files = [{"text": path.read_text("utf-8-sig").replace("$schema=", "was ")} for path in good]
    shown = editor(files, process_env)
    assert {path.stem: found["diagnostics"] for path, found in zip(good, shown, strict=True)
            if found["diagnostics"]} == {}  # fmt: skip


def test_an_editor_shows_mistakes_at_their_lines(process_env: dict[str, str]) -> None:
    mistakes = [
        ("looks:\n  a:\n    promt: A coat\n", {7, 8}),
        ("looks:\n  a: {prompt: A coat, avatar_group_id: g}\n", {7}),
        ("looks:\n  a: {prompt: A coat, takes: 0}\n", {7}),
        ("looks:\n  Navy: {prompt: A coat}\n", {7}),
        ("looks:\n  a: {existing: look_1, prompt: A coat}\n", {7}),
        ("matrix:\n  - {id: x, prompt: A coat}\n", {7}),
        ("max_looks: many\n", {6}),
    ]
    shown = editor([{"text": HEAD + text} for text, _ in mistakes], process_env)
    for (text, lines), found in zip(mistakes, shown, strict=True):
        told = {item["line"] for item in found["diagnostics"]}
        assert told, text
        assert told <= lines, (text, found["diagnostics"])


def test_an_editor_completes_and_explains_every_place(process_env: dict[str, str]) -> None:
    places = [
        ("looks:\n  a:\n    ", 7, 4, {"prompt", "title", "avatar_id", "existing"}),
        ("matrix:\n  - id: x\n    ", 7, 4, {"axes", "zip", "include", "exclude", "prompt"}),
        ("defaults:\n  ", 6, 2, {"prompt_suffix", "prompt_prefix", "takes", "tags"}),
        ("", 5, 0, {"looks", "matrix", "variables", "defaults", "budget", "max_looks"}),
        ("budget:\n  ", 6, 2, {"run_usd", "campaign_usd"}),
        ("looks:\n  a:\n    avatar_id: ", 7, 15, {"{look: KEY}", "null"}),
    ]  # fmt: skip
    files = [{"text": HEAD + text, "complete": {"line": line, "character": column}}
             for text, line, column, _ in places]  # fmt: skip
    files.append({"text": HEAD, "hover": {"line": 4, "character": 4}})
    *shown, hovered = editor(files, process_env)
    for (text, _, _, wanted), found in zip(places, shown, strict=True):
        assert wanted <= set(found["completions"]), text
    assert "a look that exists" in hovered["hover"]
