"""The one way to write files, and the one way to read those that somebody else may have left.

A written file is either whole or not there: it is written beside its place, synced, then renamed.
A repository may carry symbolic links, and pipes may lie where a file is expected. No write follows
a link, and no read waits for a pipe or takes more than it was told to.
"""

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from runner.errors import StorageError, shorten

MAX_NOTE_BYTES = 1024 * 1024
"""What a small file of ours may weigh: who ran last, who holds the lock, what was written when."""

MAX_RESULTS_BYTES = 512 * 1024 * 1024
"""What a results document or a saved plan may weigh; 20,000 looks with their takes take a tenth."""

PIPE_SECONDS = 10.0
"""How long a named pipe that was given as an output may be without a reader."""

LINK = "it is a symbolic link, which may lead anywhere"

_PIPE_PAUSE = 0.05
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DEVICES = "/dev"
"""Where links are the system's own, such as ``/dev/stdout``; ``/dev/shm`` is everybody's."""
_OPEN_FILES = re.compile(r"/proc/[0-9]+(?:/task/[0-9]+)?/fd")


# --- reading --------------------------------------------------------------------------------------


def open_file(path: Path, *, follow: bool = True) -> BufferedReader:
    """Open a regular file for reading; without ``follow``, not through a link as its last part.

    Raises OSError for what is no regular file, and never waits for a pipe's writer.
    """
    flags = os.O_RDONLY | _NO_WAIT
    handle = os.open(path, flags) if follow else _open_itself(path, flags)
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
    raise OSError(code, f"it is {describe_kind(mode)}, not a file", str(path))


def read_file(path: Path, max_bytes: int, *, follow: bool = True) -> bytes:
    """Read a regular file of at most so many bytes. Raises OSError, as ``open_file`` does."""
    with open_file(path, follow=follow) as file:
        if os.fstat(file.fileno()).st_size > max_bytes:  # not read first: it may be a hole
            raise _too_large(max_bytes, path)
        data = file.read(max_bytes + 1)
    return _check_size(data, max_bytes, path)


def is_inherited(path: Path) -> bool:
    """Return whether a path is a stream that this process was handed: ``-``, ``<(...)``.

    A pipe that has a name, in a campaign's folder say, is none: nobody may ever write into it.
    """
    if str(path) == "-":
        return True
    try:
        mode = path.stat().st_mode
        folder = os.path.realpath(path.parent)
    except (OSError, ValueError):
        return False
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return False
    return str(path) == "/dev/stdin" or folder == "/dev/fd" or bool(_OPEN_FILES.fullmatch(folder))


def read_given(path: Path, max_bytes: int) -> bytes:
    """Read what a person named: a regular file, or a stream that this process was handed.

    A stream is read to its end, or to the bound. Raises OSError, as ``read_file`` does.
    """
    if not is_inherited(path):
        return read_file(path, max_bytes)
    if str(path) == "-":
        data = sys.stdin.buffer.read(max_bytes + 1)
    else:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    return _check_size(data, max_bytes, path)


def _check_size(data: bytes, max_bytes: int, path: Path) -> bytes:
    if len(data) > max_bytes:
        raise _too_large(max_bytes, path)
    return data


def _too_large(max_bytes: int, path: Path) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {max_bytes:,} bytes", str(path))


def read_note(path: Path) -> Any:
    """Read a small JSON file of ours, not through a link. Raises OSError or ValueError."""
    from runner.canonical import parse_json  # as late as here: many commands read no JSON

    return parse_json(read_file(path, MAX_NOTE_BYTES, follow=False))


def create_file(path: Path) -> BinaryIO:
    """Create a file for writing and reading. Raises OSError where anything lies there, a link too.

    The umask decides who may read it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_WAIT
    return os.fdopen(os.open(path, flags, 0o666), "w+b")


# --- writing --------------------------------------------------------------------------------------


def make_folder(folder: Path, *, within: Path | None = None) -> None:
    """Make a folder and those above it, where they are not there. Raises StorageError.

    Below ``within`` no link is followed.
    """
    try:
        if within is not None:
            refuse_links(within, folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            hint="The folder beside the manifest must be writable. Nothing was sent.",
        ) from error


def refuse_links(within: Path, path: Path) -> None:
    """Raise OSError where a part of ``path`` below the folder ``within`` is a link."""
    place = within
    for part in path.relative_to(within).parts:
        place /= part
        if part == ".." or place.is_symlink():
            raise OSError(errno.ELOOP, f"{place}: {LINK}", str(place))


def write_atomic(
    path: Path,
    data: bytes | Iterable[bytes],
    *,
    within: Path | None = None,
    durable: bool = True,
    mode: int | None = None,
) -> None:
    """Write ``data``, whole or in pieces, to ``path`` atomically; makes its folder.

    A link that lies there is replaced, never followed; below ``within`` no folder may be one. The
    umask decides who may read it, else ``mode``, the permissions of a file. ``durable`` waits for
    the disk; what is only a note to the next command need not. Raises StorageError, also where a
    folder, a pipe or a device lies there.
    """
    make_folder(path.parent, within=within)
    temporary = path.with_name(f".{path.name[:32]}.{os.urandom(8).hex()}")
    try:
        _refuse_special(path)
        with create_file(temporary) as file:
            if mode is not None:
                temporary.chmod(mode)
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        _discard(temporary)
        raise _storage(path, error) from error
    except BaseException:
        _discard(temporary)
        raise


def write_output(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write ``data`` to a place that a person named: a file, a device or a named pipe.

    A file is replaced atomically (``write_atomic``); a device, a pipe and ``/dev/stdout`` are
    written into. Raises StorageError, also where nobody reads a pipe within ``PIPE_SECONDS``.
    """
    if not is_stream(path):
        write_atomic(path, data)
        return
    try:
        with os.fdopen(_open_stream(path), "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
    except BrokenPipeError:
        return  # whoever reads it has seen enough
    except OSError as error:
        raise _storage(path, error) from error


def append_private(path: str) -> int:
    """Open a file to append to, for its owner alone where it is made; follows no link.

    Raises OSError. A device or a named pipe is written into.
    """
    if is_stream(Path(path)):
        return _open_stream(Path(path))
    handle = _open_itself(Path(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_WAIT, 0o600)
    _wait_again(handle)
    return handle


def is_stream(path: Path) -> bool:
    """Return whether a path names what is written into instead of being replaced.

    A link counts where the system itself made it: any other may have come with a repository.
    """
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            folder = os.path.realpath(path.parent)
            system = folder == _DEVICES or bool(_OPEN_FILES.fullmatch(folder))
            return system and not stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _open_stream(path: Path) -> int:
    """Open a device or pipe for writing. Raises OSError where nobody reads a pipe in time."""
    until = time.monotonic() + PIPE_SECONDS
    while True:
        try:
            # To append: what a shell redirects /dev/stdout into keeps what it has.
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | _NO_WAIT)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() >= until:
                raise OSError(errno.ENXIO, "nobody reads this pipe", str(path)) from error
            time.sleep(_PIPE_PAUSE)
            continue
        _wait_again(handle)
        return handle


def _open_itself(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open what lies at this very place. Raises OSError, in words where that is a link."""
    try:
        return os.open(path, flags | _NO_FOLLOW, mode)
    except OSError as error:
        if path.is_symlink():
            raise OSError(errno.ELOOP, LINK, str(path)) from error
        raise


def _wait_again(handle: int) -> None:
    """Block in writes again: what was opened without waiting waits for whoever reads it."""
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)


def _refuse_special(path: Path) -> None:
    """Raise OSError where something lies that a file must not replace."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise OSError(errno.EEXIST, f"{describe_kind(mode)} lies there", str(path))


_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISREG, "a file"),
)


def describe_kind(mode: int) -> str:
    """Return in words what kind of thing a file's mode tells of."""
    return next((name for is_one, name in _KINDS if is_one(mode)), "a device")


def _discard(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _storage(path: Path, error: OSError) -> StorageError:
    if error.errno == errno.ENAMETOOLONG:
        return StorageError(
            f"{shorten(str(path), 80)} could not be written: {error.strerror}.",
            hint="Name it more shortly.",
        )
    return StorageError(
        f"{path} could not be written: {error.strerror or error}.",
        hint="Make room on the disk or make the folder writable; then run the same command again.",
    )
