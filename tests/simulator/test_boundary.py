"""The simulator stands alone, and costs nothing until it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "runner" / "simulator").rglob("*.py"))


def test_it_imports_nothing_from_the_rest_of_the_product() -> None:
    wrong = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            ours = [name for name in names if name.startswith("runner")]
            wrong += [(source.name, n) for n in ours if not n.startswith("runner.simulator")]
    assert not wrong


@pytest.mark.parametrize("module", ["runner.simulator", "runner.simulator.settings"])
def test_its_settings_import_no_server_and_no_drawing(
    module: str, process_env: dict[str, str]
) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**process_env, "PYTHONPATH": str(ROOT)},
    )
    heavy = {"PIL", "starlette", "uvicorn", "httpx", "anyio", "jinja2", "statistics"}
    assert heavy.isdisjoint(done.stdout.split())


def test_time_is_told_by_the_clock_that_is_handed_in_and_by_no_other() -> None:
    callers = [
        source.name
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names)
    ]
    assert callers == ["app.py"]  # where it is the default
