"""Let the tests meet mutants of functions, in forks of a process that has collected the tests.

Nothing is imported again: the fork replaces the code of every function that the mistake changes.
What ran while modules were imported is past then: a mistake there is played by ``play.py``, and one
that survives here as well.
"""

import gc
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.mutants.mutate import Mutant
from tests.mutants.play import Fate, FirstFailure, Verdict, fork_and_wait

__all__ = ["Meeting", "play_all", "replace_code"]

OPTIONS = ["-s", "-qq", "-p", "no:cacheprovider", "--no-header", "--no-summary"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported already

Meeting = tuple[Mutant, Mapping[str, float]]
"""A mutant, and the tests that it meets with the seconds that each needs."""


def play_all(wanted: Sequence[Meeting], tests: Sequence[str], jobs: int) -> Iterator[Verdict]:
    """Play mutants of functions; return each verdict as soon as it is known, in their order.

    ``tests`` are the files to collect: by a process of its own, for this one is to have nothing of
    ours imported.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _collect_and_play(wanted, tests, jobs, writing)
    os.close(writing)
    known = 0
    with os.fdopen(reading, encoding="utf-8") as lines:
        for (mutant, _), line in zip(wanted, lines, strict=False):
            known += 1
            fate, by = json.loads(line)
            yield Verdict(mutant, Fate(fate), by)
    os.waitpid(child, 0)
    if known < len(wanted):
        raise SystemExit("the tests cannot be collected")


def _collect_and_play(
    wanted: Sequence[Meeting], tests: Sequence[str], jobs: int, writing: int
) -> None:
    """Write a line for each verdict; never returns."""

    def tell(verdict: Verdict) -> None:
        os.write(writing, f"{json.dumps([verdict.fate, verdict.by])}\n".encode())

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        pytest.main([*OPTIONS, *tests], plugins=[_Player(wanted, jobs, tell)])
    finally:
        os._exit(0)


class _Player:
    """A plugin of pytest that plays mutants instead of running the tests that were collected."""

    def __init__(
        self, wanted: Sequence[Meeting], jobs: int, tell: Callable[[Verdict], None]
    ) -> None:
        self._wanted = wanted
        self._jobs = jobs
        self._tell = tell
        self._items: dict[str, pytest.Item] = {}
        self._functions: Mapping[str, list[FunctionType]] = {}
        self._killers: Counter[str] = Counter()
        """How many mutants a test noticed: it comes early for the next ones."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Play everything, in the order that was asked for."""
        self._items = {item.nodeid: item for item in session.items}
        self._functions = _find_functions()
        gc.freeze()  # forks share what nobody writes to
        with ThreadPoolExecutor(self._jobs) as threads:
            for verdict in threads.map(self._play, self._wanted):
                self._tell(verdict)
        return True

    def _play(self, one: Meeting) -> Verdict:
        mutant, tests = one
        killers = self._killers
        tests = dict(sorted(tests.items(), key=lambda test: -killers[test[0]] / (0.1 + test[1])))
        items = [self._items[test] for test in tests if test in self._items]

        def run(writing: int) -> int:
            if not replace_code(mutant, self._functions[str(mutant.path.resolve())]):
                raise RuntimeError(f"{mutant.label}: no function has that code")
            return _run_items(items, FirstFailure(tests, writing))

        verdict = fork_and_wait(mutant, tests, run)
        killers[verdict.by] += 1
        return verdict


def replace_code(mutant: Mutant, functions: Iterable[FunctionType]) -> int:
    """Replace the code of functions by what the mistake makes of it; return how many changed."""
    codes = {
        (code.co_qualname, code.co_firstlineno): code
        for code in _walk(compile(mutant.tree(), str(mutant.path.resolve()), "exec"))
    }
    changed = 0
    for function in functions:
        old = function.__code__
        code = codes.get((old.co_qualname, old.co_firstlineno), old)
        if code != old:
            function.__code__ = code
            changed += 1
    return changed


def _run_items(items: Sequence[pytest.Item], first: FirstFailure) -> int:
    """Run tests until the first that fails; return 1 where one did."""
    if not items:
        return 0
    items[0].config.pluginmanager.register(first)
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if first.found:
            return 1
    return 0


def _find_functions() -> Mapping[str, list[FunctionType]]:
    """Return every function there is, by the path of its module."""
    found: defaultdict[str, list[FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            found[str(Path(thing.__code__.co_filename))].append(thing)
    return found


def _walk(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _walk(constant)
