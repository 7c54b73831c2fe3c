"""What every test has around it: no network, no home folder, no real key."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.launcher import Launcher

TESTS = Path(__file__).resolve().parent
MODULES = sorted(TESTS.rglob("test_*.py"))

GUARD = TESTS / "guard"
"""On PYTHONPATH of every process that a test starts: the same socket guard, in that process."""

MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory."""

ENOUGH_MEMORY = 4 << 30
"""Free bytes there from which on tests keep their folders in it; they need a tenth of that."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


# The machines of tests are shared: how long an example takes says nothing.
settings.register_profile(
    "quick", deadline=None, derandomize=True, print_blob=True, max_examples=50
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=200)

FIRST = frozenset(
    {"test_sigkill.py", "test_package.py", "test_openapi.py", "test_bad_days.py", "test_house.py"}
)
"""Files whose tests take longest: begun last, one worker would end long after the others."""


def pytest_configure(config: pytest.Config) -> None:
    """Shut the doors before the first test is collected."""
    keep_folders_in_memory()
    settings.load_profile("quick" if config.option.markexpr else "thorough")
    spec = importlib.util.spec_from_file_location("lookbook_guard", GUARD / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    for name in list(os.environ):
        if name.startswith(("HEYGEN_", "LOOKBOOK_")) or name in PROXIES:
            del os.environ[name]


def keep_folders_in_memory() -> None:
    """Keep the folders of tests in memory where there is enough of it.

    Every commit of a ledger waits for the disk, and thousands of tests commit some dozen times.
    """
    is_there = sys.platform == "linux" and os.access(MEMORY, os.W_OK)
    if is_there and shutil.disk_usage(MEMORY).free >= ENOUGH_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the paths of home folders; to have pytest number them is to list all for each."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, so that no real credentials can be read."""
    folder = next(homes)
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return folder


STARTS_PROCESSES = frozenset({"launcher", "process_env"})
"""Fixtures of tests that start processes."""

PROCESS_MARKS = ("e2e", "crash", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Import all test modules, each worker beginning elsewhere.

    Where nothing is compiled yet, every module is then compiled by one worker, and not by all of
    them side by side: that takes longer than anything else they do before the first test.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [Path(place).resolve() for place in session.config.args] != [TESTS]:
        return
    names = [".".join(path.relative_to(TESTS.parent).with_suffix("").parts) for path in MODULES]
    first = len(names) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for name in names[first:] + names[:first]:
        with suppress(Exception, pytest.skip.Exception):  # whatever it is, collection says it
            import_module(name)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest; mark what starts a process, so that the rest can be chosen."""
    items.sort(key=lambda item: item.path.name not in FIRST)
    for item in items:
        fixtures = STARTS_PROCESSES.intersection(getattr(item, "fixturenames", ()))
        if fixtures or any(item.get_closest_marker(name) for name in PROCESS_MARKS):
            item.add_marker("process")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers ``-n auto`` means: half of what a process test takes is waiting."""
    return 2 * (os.cpu_count() or 1)


def environment_of(home: Path) -> dict[str, str]:
    """Return the whole environment of a process that a test starts: guarded, without any key."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**keep, "HOME": str(home), "PYTHONPATH": str(GUARD), "PYTHONWARNINGS": "error"}


@pytest.fixture
def process_env(home: Path) -> dict[str, str]:
    """The environment of a process that a test starts, with the test's own home folder."""
    return environment_of(home)


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Start the command as a process, without its imports; one server for the whole session."""
    serving = Launcher(environment_of(tmp_path_factory.mktemp("launcher")))
    yield serving
    serving.close()


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio unless they ask for trio as well."""
    return "asyncio"
