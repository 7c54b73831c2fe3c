"""Draw what the pages of the documentation show: ``python -m tests.drawings docs/images``.

Boxes and arrows come from the code, their places from here; a picture needs no script and follows
the reader's light or dark colours.
"""

import math
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from runner.policy.lifecycle import TABLE
from tests.test_house import ARROWS, VALUES

Point = tuple[float, float]
LINE = 17
"""Pixels from one line of text to the next."""

STYLE = """
  .paper { fill: #fff } .box { fill: #f4f1ea; stroke: #6b665c } .apart { stroke-dasharray: 5 4 }
  .name { fill: #1b1a18; font: 600 16px system-ui, sans-serif }
  .note { fill: #57534b; font: 14px system-ui, sans-serif }
  .line { fill: none; stroke: #6b665c; stroke-width: 1.5 } .dashed { stroke-dasharray: 5 4 }
  .head { fill: #6b665c } .halo { stroke: #fff; stroke-width: 5px; paint-order: stroke }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #1e2129 } .box { fill: #2b2f3a; stroke: #9aa0ad } .name { fill: #f2f0ec }
    .note { fill: #c3c7d0 } .line { stroke: #9aa0ad } .head { fill: #9aa0ad }
    .halo { stroke: #1e2129 }
  }
"""


@dataclass(frozen=True)
class Box:
    """A named box around a point, in pixels, with lines of smaller text."""

    name: str
    middle: Point
    notes: tuple[str, ...] = ()
    width: float = 150
    apart: bool = False

    @property
    def height(self) -> float:
        return 44 + LINE * max(0, len(self.notes) - 1)

    def leave(self, start: Point, aim: Point) -> Point:
        """Return where a straight line from ``start`` within the box to ``aim`` leaves it."""
        reach = math.inf
        for at, to, middle, size in zip(
            start, aim, self.middle, (self.width, self.height), strict=True
        ):
            if to != at:
                border = middle + math.copysign(size / 2, to - at)
                reach = min(reach, (border - at) / (to - at))
        return start[0] + (aim[0] - start[0]) * reach, start[1] + (aim[1] - start[1]) * reach


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes; ``via`` are the control points of a curve."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False
    via: tuple[Point, Point] | None = None


def draw(title: str, boxes: list[Box], arrows: list[Arrow]) -> str:
    """Return an SVG of boxes and arrows."""
    known = {box.name: box for box in boxes}
    both = {(arrow.source, arrow.target) for arrow in arrows}
    left = min(box.middle[0] - box.width / 2 for box in boxes) - 16
    right = max(box.middle[0] + box.width / 2 for box in boxes) + 16
    curves = [point[0] for arrow in arrows for point in arrow.via or ()]
    right = max([right, *(right + (x - right) * 0.75 for x in curves)])
    top = min(box.middle[1] - box.height / 2 for box in boxes) - 16
    bottom = max(box.middle[1] + box.height / 2 for box in boxes) + 16
    frame = f"{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"',
        ' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">',
        '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="paper" x="{left:.0f}" y="{top:.0f}" width="100%" height="100%"/>',
    ]
    labels: list[str] = []
    for arrow in arrows:
        shift = 9.0 if (arrow.target, arrow.source) in both else 0.0
        line, label = _draw_arrow(arrow, known, shift)
        parts.append(line)
        labels.append(label)
    parts += [text for box in boxes for text in _draw_box(box)]
    return "\n".join([*parts, *filter(None, labels), "</svg>\n"])


def _draw_arrow(arrow: Arrow, known: Mapping[str, Box], shift: float) -> tuple[str, str]:
    """Return an arrow and its label; one of a pair stands ``shift`` aside, its label beside it."""
    source, target = known[arrow.source], known[arrow.target]
    style = "line dashed" if arrow.dashed else "line"
    if arrow.via:
        first, second = arrow.via
        begin, end = source.leave(source.middle, first), target.leave(target.middle, second)
        x, y = (
            (a + 3 * b + 3 * c + d) / 8
            for a, b, c, d in zip(begin, first, second, end, strict=True)
        )
        path, label = f"M{_at(begin)}C{_at(first)} {_at(second)} {_at(end)}", (x, y + 5, "middle")
    else:
        across, down = target.middle[0] - source.middle[0], target.middle[1] - source.middle[1]
        length = math.hypot(across, down)
        aside = (-down / length * shift, across / length * shift)
        start = (source.middle[0] + aside[0], source.middle[1] + aside[1])
        goal = (target.middle[0] + aside[0], target.middle[1] + aside[1])
        begin, end = source.leave(start, goal), target.leave(goal, start)
        share = 0.3 if length > 400 else 0.6 if shift else 0.5
        x, y = (a + (b - a) * share for a, b in zip(begin, end, strict=True))
        path, label = f"M{_at(begin)}L{_at(end)}", (x, y + 5, "middle")
        if shift and abs(aside[0]) > 3:
            label = (x + aside[0] / 2, y + 5, "end" if aside[0] < 0 else "start")
        elif shift:
            label = (x, y + (-6 if aside[1] < 0 else 15), "middle")
    line = f'<path class="{style}" d="{path}" marker-end="url(#head)"/>'
    return line, _text(arrow.label, *label[:2], "note halo", label[2]) if arrow.label else ""


def _draw_box(box: Box) -> Iterator[str]:
    x, y = box.middle
    style = "box apart" if box.apart else "box"
    yield (
        f'<rect class="{style}" x="{x - box.width / 2:.0f}" y="{y - box.height / 2:.0f}" '
        f'width="{box.width:.0f}" height="{box.height:.0f}" rx="5"/>'
    )
    top = y - box.height / 2 + (20 if box.notes else 28)
    yield _text(box.name, x, top, "name")
    for number, note in enumerate(box.notes, 1):
        yield _text(note, x, top + number * LINE, "note")


def _text(words: str, x: float, y: float, style: str, anchor: str = "middle") -> str:
    where = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {where}>{escape(words)}</text>'


def _at(point: Point) -> str:
    return f"{point[0]:.0f} {point[1]:.0f}"


ROWS: tuple[tuple[str, ...], ...] = (
    ("review", "queue", "images", "store"),
    ("catalog", "ledger", "heygen", "simulator"),
    ("results", "", "executor", ""),
    ("", "plan", "", ""),
    ("manifest", "policy", "faces", ""),
)
"""The parts of the house between the command line and the values."""

HOUSE_CURVES = {
    ("images", "executor"): ((535.0, 194.0), (535.0, 334.0)),
    ("queue", "plan"): ((95.0, 194.0), (95.0, 420.0)),
}


def house_boxes() -> list[Box]:
    parts = [
        Box(name, (column * 210, row * 88), apart=name == "simulator")
        for row, names in enumerate(ROWS, 2)
        for column, name in enumerate(names)
        if name
    ]
    return [
        Box("api", (315, 0), ("from Python",)),
        Box("cli", (315, 88), ("may know everything below",), width=780),
        *parts,
        Box(
            "values",
            (315, 616),
            ("all but the simulator may know these; they know nobody",),
            width=780,
        ),
    ]


def house_arrows() -> list[Arrow]:
    """Return the arrows of the house that follow from no others; dashed ones to one module."""
    whole = {
        part: {name for name in knows - VALUES if name in ARROWS}
        for part, knows in ARROWS.items()
        if part not in ("cli", "api")
    }
    arrows = [Arrow("api", "cli")]
    for part, knows in whole.items():
        implied = set().union(*(whole[name] for name in knows))
        arrows += [Arrow(part, name) for name in sorted(knows - implied)]
        single: dict[str, list[str]] = {}
        for name in sorted(ARROWS[part] - VALUES - knows):
            target, _, module = name.partition(".")
            single.setdefault(target, []).append(module)
        arrows += [
            Arrow(part, target, ", ".join(names), True, HOUSE_CURVES.get((part, target)))
            for target, names in single.items()
        ]
    return arrows


STATES: dict[str, Point] = {
    "planned": (250, 0),
    "submitting": (250, 110),
    "unknown": (500, 110),
    "processing": (250, 220),
    "pending_consent": (500, 220),
    "failed": (0, 340),
    "completed": (250, 340),
    "fetched": (250, 460),
    "deleted": (500, 460),
}
"""Where each state is drawn."""

STATE_CURVES = {
    ("planned", "completed"): ((750.0, -30.0), (750.0, 370.0)),
    ("planned", "failed"): ((0.0, 20.0), (0.0, 140.0)),
}


def lifecycle() -> tuple[list[Box], list[Arrow]]:
    """Return the states of a take with the events that change nothing, and all other events."""
    boxes, arrows = [], []
    for state, row in TABLE.items():
        events: dict[str, list[str]] = {}
        for event, target in row.items():
            events.setdefault(target.value, []).append(event.value)
        stays = ", ".join(events.pop(state.value, ()))
        notes = textwrap.wrap(f"\u21bb {stays}", 20) if stays else ()
        boxes.append(Box(state.value, STATES[state.value], tuple(notes), width=166))
        arrows += [
            Arrow(state.value, target, ", ".join(names), via=STATE_CURVES.get((state, target)))
            for target, names in events.items()
        ]
    return boxes, arrows


def drawings() -> dict[str, str]:
    """Return every drawing by its file's name."""
    return {
        "house.svg": draw("Which part of lookbook may know which", house_boxes(), house_arrows()),
        "lifecycle.svg": draw("The states of a take, and what leads on", *lifecycle()),
    }


if __name__ == "__main__":
    for name, svg in drawings().items():
        (Path(sys.argv[1]) / name).write_text(svg, "utf-8")
