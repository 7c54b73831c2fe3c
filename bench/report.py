"""What a benchmark reports: rows of a ratio, its goal, and how it came about."""

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    ``value`` is a ratio unless ``unit`` says otherwise; ``goal`` is what it is compared with, and
    ``better`` says on which side of the goal it should be. ``detail`` tells the figures behind it.
    """

    what: str
    value: float
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"
    unit: str = "x"
    detail: str = ""

    @property
    def holds(self) -> bool | None:
        """Return whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each."""
    wide = max((len(row.what) for row in rows), default=0)
    return "\n".join(line(row, wide) for row in rows)


def line(row: Row, wide: int) -> str:
    """One row as text."""
    mark = {True: "holds", False: "MISSED", None: ""}[row.holds]
    sign = "<=" if row.better == "lower" else ">="
    goal = "" if row.goal is None else f"{sign} {row.goal:g}"
    return f"{row.what:{wide}}  {row.value:10.3f} {row.unit:4} {goal:9} {mark:6}  {row.detail}"


def document(rows: Sequence[Row]) -> str:
    """The rows as JSON, with the machine's kind beside them."""
    found = [{**asdict(row), "holds": row.holds} for row in rows]
    machine = {"python": platform.python_version(), "system": sys.platform}
    return json.dumps({"machine": machine, "rows": found}, indent=2, ensure_ascii=False) + "\n"
