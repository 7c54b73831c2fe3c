"""Files that options name to be written: never over what cannot be made again."""

import re
from pathlib import Path
from typing import Any

import click

from runner.errors import UsageError

READ = 1 << 16
"""So many bytes of a file say what it is."""

_DATABASE = b"SQLite format 3\0"
_MANIFEST = re.compile(rb"^(campaign|looks)[ \t]*:", re.MULTILINE)


class OutputFile(click.Path):
    """A file to write. Raises UsageError for one that is a manifest, a ledger, or part of one.

    With ``over_backups`` a ledger's backup may be replaced by a newer one.
    """

    def __init__(self, *, over_backups: bool = False) -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self._over_backups = over_backups

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read a path; refuse one that has to be kept."""
        path = Path(super().convert(value, param, ctx))  # type: ignore[arg-type]  # never bytes
        kept = self._name_kept(path)
        if kept is not None:
            raise UsageError(
                f"{path} is {kept}: it would be written over.",
                hint="Name another file. Nothing was written, and nothing was sent.",
            )
        return path

    def _name_kept(self, path: Path) -> str | None:
        """Return what a file is that has to be kept; None where it may be written over."""
        from runner.ledger.state_dirs import LEDGER  # `--help` needs none of it

        try:
            real = path.resolve()
            in_state = any(parent.suffix == ".lookbook" for parent in real.parents)
            if in_state and real.name.startswith(LEDGER):
                return "part of a ledger"
            if not real.is_file():
                return None
            with real.open("rb") as file:
                head = file.read(READ)
        except OSError:
            return None  # whoever writes it says why that fails
        if head.startswith(_DATABASE) and not self._over_backups:
            return "a database"
        if real.suffix in (".yaml", ".yml") or _MANIFEST.search(head):
            return "a manifest"
        return None
