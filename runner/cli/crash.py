"""An error of the program itself: one sentence for the person, a file for whoever mends it."""

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from runner import __version__
from runner.cli.context import find_home
from runner.cli.redact import find_secrets, redact, redact_random
from runner.cli.terminal import escape_lines
from runner.errors import shorten

LIBRARIES = ("anyio", "click", "httpx", "jsonschema", "pillow", "pyyaml", "starlette", "uvicorn")


@dataclass(frozen=True, slots=True)
class Crash:
    """What to say of an unexpected error. ``report`` is printed where no file could be written."""

    message: str
    hint: str
    report: str | None = None


def write_report(
    error: BaseException, arguments: Sequence[str], *, manifest: Path | None = None
) -> Crash:
    """Write an error with all that helps to mend it into a log file, and return what to say.

    The file lies in the manifest's state folder where there is one that can be written, else in the
    temporary folder; only its owner can read it, and no secret is in it.
    """
    secrets = find_secrets(os.environ, find_home())
    report = escape_lines(redact_random(redact(_report(error, arguments), secrets)))
    path = _write(report, manifest)
    what = "".join(traceback.format_exception_only(error)).strip()
    name = shorten(redact_random(redact(" ".join(what.split()), secrets)))
    where = f"the log file {path} says more" if path else "no log file could be written"
    return Crash(
        f"lookbook met an error of its own ({name}); nothing that was paid for is lost, because "
        f"the ledger holds it, and {where}.",
        f"{name_resuming(arguments)} resumes and buys nothing twice. If it happens again, "
        f"report it together with {'that file' if path else 'the lines below'}.",
        None if path else report,
    )


def name_resuming(arguments: Sequence[str]) -> str:
    """Return which command goes on: one that buys more each time is not to be repeated."""
    given = {argument.partition("=")[0] for argument in arguments}
    if given.isdisjoint({"reroll", "retry", "--cascade", "--plan"}):
        return "Run the same command again: it"
    return "`lookbook run` with this manifest, and without `--cascade` or `--plan`,"


def _report(error: BaseException, arguments: Sequence[str]) -> str:
    system = f"{platform.platform()}, {platform.python_implementation()} {sys.version}"
    lines = [
        f"lookbook {__version__}",
        " ".join(system.split()),
        " ".join(f"{name} {_version(name)}" for name in LIBRARIES),
        f"arguments: {list(arguments)!r}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return "\n".join(lines)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _write(report: str, manifest: Path | None) -> Path | None:
    """Write the report into the first folder that takes it; None where none does."""
    for folder in _folders(manifest):
        try:
            # Readable for its owner alone, and never a file that was there before.
            handle, name = tempfile.mkstemp(prefix="lookbook-error-", suffix=".log", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(report)
        except OSError:
            continue
        return Path(name)
    return None


def _folders(manifest: Path | None) -> Iterator[Path]:
    from runner.ledger.state_dirs import StateDirs

    if manifest is not None:
        root = StateDirs(manifest).root
        if root.is_dir() and not root.is_symlink():
            yield root
    try:
        yield Path(tempfile.gettempdir())
    except FileNotFoundError:
        return
