"""The schema beside a new manifest: an editor completes and checks the manifest with it."""

from pathlib import Path

from runner.canonical import parse_json
from runner.cli.format import warn
from runner.files import MAX_NOTE_BYTES, read_file, write_atomic
from runner.manifest.starter import SCHEMA_FILE
from runner.resources import schema_text


def write_schema(folder: Path) -> None:
    """Write the manifest's schema into a folder, in place of an older one of ours.

    A file of that name that is something else stays, and stderr says so. Raises StorageError.
    """
    text, path = schema_text("manifest").encode(), folder / SCHEMA_FILE
    if path.exists() or path.is_symlink():
        try:
            there = read_file(path, MAX_NOTE_BYTES, follow=False)
            ours = parse_json(there)["$id"] == parse_json(text)["$id"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            there, ours = b"", False
        if not ours:
            warn(f"{path} is not ours and stays as it is: an editor may not know the manifest.")
        if not ours or there == text:
            return
    write_atomic(path, text)
