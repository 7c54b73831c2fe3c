"""Let the tests meet one mutant, in a fork of a process that has nothing of ours imported yet.

That is for mistakes that happen while modules are imported; ``replace.py`` plays all others faster.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from tests.mutants.mutate import Mutant

__all__ = ["Fate", "FirstFailure", "Verdict", "fork_and_wait", "play", "preload"]

MODULES = ("anyio", "anyio.pytest_plugin", "trio", "trio.testing", "httpx", "hypothesis", "sqlite3")
"""What tests import that is not ours and takes long: once, before any fork."""

MEMORY = 4 << 30
"""Bytes that a mutant may use: one that never ends may also never stop growing."""


OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--no-header"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported already


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    ENDLESS = "endless"
    """Killed as well: its tests used far more time than without it."""
    SURVIVED = "survived"
    UNREACHED = "unreached"
    """No test runs that line."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant's fate, and the first test that noticed."""

    mutant: Mutant
    fate: Fate
    by: str = ""


def preload() -> None:
    """Import what every fork needs, and nothing of ours."""
    for name in MODULES:
        importlib.import_module(name)


def play(mutant: Mutant, tests: Mapping[str, float]) -> Verdict:
    """Run a mutant's tests until the first that fails, with its module imported from memory.

    ``tests`` are given with the seconds of processor time that each needs without the mutant.
    """

    def run(writing: int) -> int:
        sys.meta_path.insert(0, _Changed(mutant))
        return int(pytest.main([*OPTIONS, *tests], plugins=[FirstFailure(tests, writing)]))

    return fork_and_wait(mutant, tests, run)


def fork_and_wait(mutant: Mutant, tests: Mapping[str, float], run: Callable[[int], int]) -> Verdict:
    """Run tests in a fork; return what became of the mutant.

    ``run`` is given where to write the name of a test that fails, and returns the exit code.
    """
    if not tests:
        return Verdict(mutant, Fate.UNREACHED)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run_child(run, writing)
    os.close(writing)
    bound = 600.0 + 40 * sum(tests.values())
    return _wait(mutant, child, reading, until=time.monotonic() + bound)


def _wait(mutant: Mutant, child: int, reading: int, *, until: float) -> Verdict:
    said = b""
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while time.monotonic() < until:
            if not select.select([pipe], [], [], 1.0)[0]:
                continue
            piece = pipe.read(4096)
            if not piece:
                break
            said += piece
        else:
            os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    if not os.WIFEXITED(status):
        return Verdict(mutant, Fate.ENDLESS)
    code = os.WEXITSTATUS(status)
    if code and not said:
        raise RuntimeError(f"{mutant.label}: pytest ended with {code} and no failed test")
    fate = Fate.KILLED if code else Fate.SURVIVED
    return Verdict(mutant, fate, said.decode("utf-8", "replace").splitlines()[0] if said else "")


def _run_child(run: Callable[[int], int], writing: int) -> None:
    """Run tests in the fork; never returns."""
    code = 70
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        silence = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silence, number)
        code = run(writing)
    finally:
        os._exit(code)


class FirstFailure:
    """A plugin of pytest that names the first test that fails, and ends one that does not end."""

    def __init__(self, tests: Mapping[str, float], writing: int) -> None:
        self._tests = tests
        self._writing = writing
        self.found = False

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Arm SIGPROF to end this process once the test has used far more time than it needs."""
        signal.setitimer(signal.ITIMER_PROF, 5 + 5 * self._tests.get(nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.found = True
            os.write(self._writing, f"{report.nodeid}\n".encode())

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            os.write(self._writing, f"{report.nodeid} (cannot be imported)\n".encode())


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module with its change made, and leaves every other to who finds it usually."""

    def __init__(self, mutant: Mutant) -> None:
        path = mutant.path
        parts = path.with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self._mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != self._name:
            return None
        loader = _Loader(name, str(self._mutant.path.resolve()))
        loader.tree = self._mutant.tree()
        packages = [str(Path(loader.path).parent)] if loader.is_package(name) else None
        return importlib.util.spec_from_file_location(
            name, loader.path, loader=loader, submodule_search_locations=packages
        )


class _Loader(importlib.machinery.SourceFileLoader):
    tree: ast.Module

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.tree, self.path, "exec")
