"""Measure which tests run which lines: a mutant meets only the tests that can notice it."""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Reach", "measure"]

ROOT = Path(__file__).parents[2]
AT_IMPORT = ""
"""The context of lines that run while modules are imported, before the first test."""


@dataclass(frozen=True, slots=True)
class Reach:
    """``lines`` by path: the tests that run a line. ``seconds`` of processor time by test."""

    lines: dict[str, dict[int, frozenset[str]]]
    seconds: dict[str, float]

    def tests_of(self, path: Path, lines: range, *, at_import: bool) -> list[str]:
        """Return the tests that can notice a change of these lines, the quickest first.

        What happens at import may matter to every test that runs any line of the module, and to
        those beside it in its file, which may read a table and run nothing.
        """
        known = self.lines.get(str(path), {})
        wanted = known if at_import else lines
        found = {test for line in wanted for test in known.get(line, ()) if test != AT_IMPORT}
        if at_import:
            files = {test.partition("::")[0] for test in found}
            found = {test for test in self.seconds if test.partition("::")[0] in files}
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0), test))

    def is_imported(self, path: Path, lines: range) -> bool:
        """Return whether one of these lines runs while modules are imported."""
        known = self.lines.get(str(path), {})
        return any(AT_IMPORT in known.get(line, ()) for line in lines)


def measure(tests: Sequence[str], kept: Path | None = None) -> Reach:
    """Run the tests once, in a process of their own, and return what they reached.

    A test that fails already, without any mutant, is left out: it can judge nothing.
    ``kept`` is where that is written, or read if it is there already.
    """
    if kept is not None and kept.exists():
        return _read(kept.read_text("utf-8"))
    command = [sys.executable, "-m", "tests.mutants.reach", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"the tests cannot be run:\n{done.stdout}{done.stderr}")
    text = done.stdout.splitlines()[-1]
    if kept is not None:
        kept.write_text(text, "utf-8")
    return _read(text)


def _read(text: str) -> Reach:
    data = json.loads(text)
    lines = {
        path: {int(line): frozenset(tests) for line, tests in of.items()}
        for path, of in data["lines"].items()
    }
    return Reach(lines, data["seconds"])


class _Watch:
    """A plugin of pytest that tells coverage which test is running."""

    def __init__(self, coverage: Any) -> None:
        self._coverage = coverage
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object:
        self._coverage.switch_context(item.nodeid)
        begun = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - begun


def main(tests: Sequence[str]) -> int:
    """Run the tests under coverage and print what was reached as one line of JSON."""
    # Imported by its name: it is no dependency, ``make mutants`` installs it where it is missing.
    coverage = import_module("coverage").Coverage(
        data_file=None, source=["runner"], config_file=False
    )
    watch = _Watch(coverage)
    coverage.start()
    code = pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", *tests], plugins=[watch])
    coverage.stop()
    data = coverage.get_data()
    lines: dict[str, dict[int, list[str]]] = defaultdict(dict)
    for path in sorted(data.measured_files()):
        for line, contexts in data.contexts_by_lineno(path).items():
            useful = [test for test in contexts if test not in watch.failed]
            lines[str(Path(path).relative_to(ROOT))][line] = useful
    seconds = {test: took for test, took in watch.seconds.items() if test not in watch.failed}
    print(json.dumps({"lines": lines, "seconds": seconds}))  # noqa: T201
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
