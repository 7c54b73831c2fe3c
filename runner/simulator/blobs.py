"""A folder of uploaded bytes, each file named by the SHA-256 of its content.

The names come from the state file, which may be anybody's: nothing else is a name, and no link is
followed.
"""

import hashlib
import os
import re
import stat
import tempfile
from io import BufferedReader
from pathlib import Path

MAX_BLOB_BYTES = 1024 * 1024 * 1024
"""What is read of one file; the largest upload has a fraction of it."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


def open_temporary(path: Path) -> BufferedReader:
    """Open a regular file for reading. Raises OSError for a link, a pipe and whatever else."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, os.O_RDONLY | flags)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise OSError(f"{path} is not a file")


class Incoming:
    """Bytes on their way into the folder; nothing is kept unless :meth:`keep` is called."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False)  # noqa: SIM115
        self._path = Path(self._file.name)
        self._hash = hashlib.sha256()
        self.size = 0
        self.head = b""

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        if len(self.head) < 64:
            self.head += chunk[: 64 - len(self.head)]

    @property
    def sha256(self) -> str:
        """Checksum of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def keep(self) -> str:
        """Move the file into its place atomically and return its checksum."""
        self._file.close()
        self._path.replace(self._path.with_name(self.sha256))
        return self.sha256

    def discard(self) -> None:
        """Delete the temporary file; does nothing after :meth:`keep`."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """The folder: beside the state file, or a temporary one that goes with the process."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder is not None and folder.exists():
            for left in folder.glob("incoming-*"):  # by a process that was killed
                left.unlink()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def _place(self) -> Path:
        if self.folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="lookbook-simulator-")
            self.folder = Path(self._temporary.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def incoming(self) -> Incoming:
        """Return a file to write to."""
        return Incoming(self._place())

    def add(self, data: bytes) -> str:
        """Keep these bytes and return their checksum."""
        incoming = self.incoming()
        try:
            incoming.write(data)
            return incoming.keep()
        finally:
            incoming.discard()

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes with this checksum, or None."""
        if not _DIGEST.fullmatch(sha256):
            return None
        try:
            with open_temporary(self._place() / sha256) as file:
                return file.read(MAX_BLOB_BYTES)
        except OSError:
            return None

    def remove(self, sha256: str) -> None:
        """Delete the bytes with this checksum."""
        if _DIGEST.fullmatch(sha256):
            (self._place() / sha256).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder if it was a temporary one."""
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
            self.folder = None
