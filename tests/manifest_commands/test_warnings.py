"""Warnings of the manifest, repeated where money is decided about."""

from pathlib import Path

import pytest

from runner.cli import invoke

Captured = pytest.CaptureFixture[str]

LOOKS = 24
MANIFEST = (
    "version: 1\ncampaign: spring\nbase: {name: Sarah, prompt: 'A woman in a suit, soft light'}\n"
    "matrix:\n  - id: '${n}'\n    prompt: Wearing a blazer in an office\n"
    "    avatar_id: null\n    avatar_group_id: {look: base}\n    axes:\n      n: [NAMES]\n"
).replace("NAMES", ", ".join(f"'a{number}'" for number in range(LOOKS)))


@pytest.fixture(autouse=True)
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spring.yaml").write_text(MANIFEST, "utf-8")


def test_a_plan_ends_with_the_warnings_one_line_for_each_kind(capsys: Captured) -> None:
    assert invoke(["plan", "spring.yaml"]) == 0
    _, _, end = capsys.readouterr().out.partition("Before you spend anything:\n")
    told = end.splitlines()
    assert len(told) == 2
    assert f"(and {LOOKS - 1} more looks) [group-without-reference]" in told[1]
    assert f"(and {LOOKS - 2} more looks) [identical-request]" in told[0]


def test_a_run_repeats_the_warnings_right_above_the_question(capsys: Captured) -> None:
    assert invoke(["run", "spring.yaml", "--simulate"]) == 2
    said = capsys.readouterr().err
    price, question = said.index("generations to buy"), said.index("nobody to ask here")
    assert price < said.index("Before you spend anything:") < question


def test_a_plan_that_buys_nothing_repeats_nothing(capsys: Captured) -> None:
    born = "prompt: 'A woman in a suit, soft light'"
    Path("spring.yaml").write_text(MANIFEST.replace(born, "avatar_id: look_abc123"), "utf-8")
    assert invoke(["plan", "spring.yaml", "--select", "base"]) == 0
    assert "Before you spend anything" not in capsys.readouterr().out
