"""What many seeds came to, kept in a file so that a long run can stop and go on."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.play import Report

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """Seeds and commands that were played, what was exercised, and which seeds broke a promise."""

    done: int = 0
    commands: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        """Count one seed."""
        self.done += 1
        self.commands += report.commands
        self.seen.update(report.seen)
        if report.broken is not None:
            self.broken[str(report.history.seed)] = report.broken

    def save(self, path: Path) -> None:
        """Write it down, atomically."""
        aside = path.with_suffix(".new")
        kept = {name: getattr(self, name) for name in ("done", "commands", "seen", "broken")}
        aside.write_text(json.dumps(kept, indent=1), "utf-8")
        aside.replace(path)

    @classmethod
    def saved(cls, path: Path | None) -> "Tally":
        """Return what was written down, or an empty tally."""
        if path is None or not path.exists():
            return cls()
        kept = json.loads(path.read_text("utf-8"))
        return cls(kept["done"], kept["commands"], Counter(kept["seen"]), kept["broken"])
