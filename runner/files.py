"""Files that are either whole or not there: written beside their place, synced, then renamed."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from runner.errors import StorageError

__all__ = ["make_folder", "write_atomic"]


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            hint="The folder beside the manifest must be writable. Nothing was sent.",
        ) from error


def write_atomic(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write ``data``, whole or in pieces, to ``path`` atomically; makes its folder.

    Raises StorageError.
    """
    make_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:32]}.")
    except OSError as error:
        raise _storage(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; results are there to be shared.
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _storage(path, error) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _storage(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} could not be written: {error.strerror or error}.",
        hint="Make room on the disk or make the folder writable; then run the same command again.",
    )
