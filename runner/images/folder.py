"""The folder of pictures: a file in it is whole and on disk, or it is not there.

A picture grows under a temporary name in the same folder. Only when its content is safely on disk
does a rename give it its own name, and syncing the folder makes the rename itself safe.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from runner.errors import StorageError
from runner.executor.ports import Failpoint
from runner.files import create_file, open_file, refuse_links

_NAME = "images"
_SUFFIX = ".part"
_WHAT_TO_DO = {
    errno.ENOSPC: "The disk is full: free some space",
    errno.EDQUOT: "Your disk quota is used up: free some space",
    errno.EROFS: "The file system is read-only: make it writable, or move the manifest",
    errno.EACCES: "Give yourself permission to write there, or move the manifest",
    errno.EPERM: "Give yourself permission to write there, or move the manifest",
}


class Folder:
    """The ``images`` folder inside a campaign's state folder. One run at a time uses it."""

    def __init__(self, state: Path, failpoint: Failpoint) -> None:
        self._state = state
        self._path = state / _NAME
        self._failpoint = failpoint

    def sweep(self) -> None:
        """Remove what a run that ended in the middle left behind. Raises StorageError."""
        with _storage(self._path):
            refuse_links(self._state, self._path)
            for leftover in self._path.glob(f".*{_SUFFIX}"):
                leftover.unlink(missing_ok=True)

    def part(self, name: str) -> "Part":
        """Begin a picture; ``name`` is its file name without extension. Raises StorageError."""
        with _storage(self._path):
            refuse_links(self._state, self._path)
            if not self._path.is_dir():
                self._path.mkdir(parents=True, exist_ok=True)
                _sync_folder(self._state)
        return Part(self._path, name, self._failpoint)

    def exists(self, image: str) -> bool:
        """Return whether there is a file at this path from the state folder."""
        return self.written_at(image) is not None

    def written_at(self, image: str) -> float | None:
        """Return when the file at this path from the state folder was last written (Unix seconds).

        Its content is not read. None where there is no file, or an empty one.
        """
        if image.startswith("/") or ".." in image.split("/"):
            return None
        try:
            found = os.lstat(f"{self._state}/{image}")
        except (OSError, ValueError):  # ValueError: no file can have such a name
            return None
        return found.st_mtime if stat.S_ISREG(found.st_mode) and found.st_size > 0 else None

    def present(self, image: str, sha256: str) -> bool:
        """Return whether a picture (path from the state folder) is on disk with that content."""
        if not self.exists(image):
            return False
        try:
            with open_file(self._state / image, follow=False) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False


class Part:
    """A picture that is still growing. Its methods raise StorageError; it is closed in any case."""

    def __init__(self, folder: Path, name: str, failpoint: Failpoint) -> None:
        self._folder = folder
        self._name = name
        self._failpoint = failpoint
        self._path = folder / f".{name}{_SUFFIX}"
        self._digest = hashlib.sha256()
        self.size = 0
        with _storage(self._path):
            self._path.unlink(missing_ok=True)
            self.file: BinaryIO = create_file(self._path)

    def write(self, data: bytes) -> None:
        """Append a piece."""
        with _storage(self._path):
            self.file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def ready(self) -> BinaryIO:
        """Return the file, with all that was written in it, from its beginning."""
        with _storage(self._path):
            self.file.flush()
            self.file.seek(0)
        return self.file

    def keep(self, extension: str) -> tuple[str, str]:
        """Make it a picture of the folder; give its path from the state folder, and its SHA-256."""
        final = self._folder / f"{self._name}.{extension}"
        with _storage(final):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self._failpoint("image:before-rename")
            self._path.replace(final)
            _sync_folder(self._folder)
        self._failpoint("image:after-rename")
        return f"{_NAME}/{final.name}", self._digest.hexdigest()

    def discard(self) -> None:
        """Delete the part, unless it was kept.

        What cannot be removed now, the next sweep removes.
        """
        try:
            self.file.close()
            self._path.unlink(missing_ok=True)
        except OSError:
            return


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        todo = _WHAT_TO_DO.get(error.errno or 0, "Put this right")
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}",
            hint=f"{todo}, then run the same command again. No look that was paid for is lost.",
        ) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder for syncing
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
