"""Where everything stands on the pages of a contact sheet. Points; the origin is at the top left.

A4 across: a title on the first page, the looks in a grid, then every matrix as its table, and a
foot with the page's number. A row never breaks over two pages, and a table repeats its heads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runner.catalog import matrix, words
from runner.catalog import pictures as picture_files
from runner.catalog.model import CatalogPage, LookView
from runner.catalog.pictures import CatalogImage
from runner.catalog.sheet import lettering

WIDTH, HEIGHT, MARGIN = 842.0, 595.0, 40.0
GRID_COLUMNS, TABLE_COLUMNS = 6, 8
GUTTER = 12.0
_ROOM = WIDTH - 2 * MARGIN
_BOTTOM = HEIGHT - MARGIN - 14
_LABEL, _HEADS, _KEY = 74.0, 39.0, 9.0
"""The column of row names, the rows of a table's heads, and the key below a cell."""

TONES = {"ink": (27, 26, 24), "soft": (102, 98, 90)}
"""The colours of text, as red, green and blue."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``y`` is its baseline. ``tone`` is ``ink`` or ``soft``, ``align`` l or r."""

    x: float
    y: float
    text: str
    face: lettering.FontFace
    size: float
    tone: str = "ink"
    align: str = "l"


@dataclass(frozen=True, slots=True)
class Frame:
    """A place for a picture: the image's path, or ``words`` where there is none to show."""

    x: float
    y: float
    width: float
    height: float
    image: str | None
    words: str = ""
    gap: bool = False


Mark = Text | Frame


@dataclass(slots=True)
class SheetPage:
    """The marks of one page, in the order of painting."""

    marks: list[Mark] = field(default_factory=list)


def compose(view: CatalogPage, shown: Mapping[str, CatalogImage]) -> list[SheetPage]:
    """Lay out the whole sheet. Pure."""
    sheet = _Sheet(view, shown)
    sheet.title()
    sheet.grid([look for look in view.wanted if look.matrix is None])
    for axes in view.matrices:
        arranged = matrix.build_matrix(axes, view.looks)
        if arranged.tables:
            sheet.chart(arranged)
        else:
            sheet.grid([look for look in view.wanted if look.matrix == axes.id])
    sheet.feet()
    return sheet.pages


class _Sheet:
    """A pen that moves down the pages."""

    def __init__(self, view: CatalogPage, shown: Mapping[str, CatalogImage]) -> None:
        self._view = view
        self._shown = shown
        self._ratio = picture_files.measure_ratio(shown.values())
        self.pages = [SheetPage()]
        self._y = MARGIN

    def _put(self, mark: Mark) -> None:
        self.pages[-1].marks.append(mark)

    def _write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        room: float,
        face: lettering.FontFace = "sans",
        tone: str = "ink",
    ) -> None:
        face, text = lettering.choose_typeface(text, face)
        line = lettering.fit(text, face, size, room)
        if line:
            self._put(Text(x, y, line, face, size, tone))

    def _make_room(self, height: float) -> bool:
        """Turn the page if there is not this much room left; return whether it was turned."""
        if self._y + height <= _BOTTOM:
            return False
        self.pages.append(SheetPage())
        self._y = MARGIN
        return True

    def title(self) -> None:
        """Name the campaign, its size, its cost and its account."""
        view = self._view
        name = words.human_label(view.campaign)
        self._y += 30
        self._write(MARGIN, self._y, name, 34, room=_ROOM, face="serif")
        count = len(view.wanted)
        facts = [f"{count} look{'' if count == 1 else 's'}"]
        if view.ready != count:
            facts[0] += f", {view.ready} ready"
        facts.append(f"{view.spent} spent" + (", none of it real" if view.simulated else ""))
        if view.account:
            facts.append(view.account)
        self._y += 20
        self._write(MARGIN, self._y, "  ·  ".join(facts), 9, room=_ROOM, tone="soft")
        self._y += 24

    def grid(self, looks: Sequence[LookView]) -> None:
        """Set looks side by side, the base first, each with its title and key."""
        wide = (_ROOM - GUTTER * (GRID_COLUMNS - 1)) / GRID_COLUMNS
        high = min(wide / self._ratio, 300)
        for start in range(0, len(looks), GRID_COLUMNS):
            self._make_room(high + 40)
            for column, look in enumerate(looks[start : start + GRID_COLUMNS]):
                x = MARGIN + column * (wide + GUTTER)
                self._look(x, look, wide, high)
                self._caption(x, self._y + high + 12, look, wide)
            self._y += high + 46

    def _caption(self, x: float, y: float, look: LookView, room: float) -> None:
        face, title = lettering.choose_typeface(look.title, "serif")
        for line in lettering.wrap(title, face, 10, room, 2):
            self._put(Text(x, y, line, face, 10))
            y += 12
        if look.key != look.title:
            self._write(x, y - 1, look.key, 6.5, room=room, tone="soft")

    def chart(self, arranged: matrix.MatrixView) -> None:
        """Draw every table of a matrix; wide ones in several parts."""
        heading = " × ".join(words.human_label(axis) for axis in arranged.axes)
        for table in arranged.tables:
            fixed = ", ".join(
                f"{words.human_label(a)}: {words.human_label(v)}" for a, v in table.fixed
            )
            label = f"{heading} — {fixed}" if fixed else heading
            for start in range(0, len(table.columns), TABLE_COLUMNS):
                self._table(table, label, slice(start, start + TABLE_COLUMNS))

    def _table(self, table: matrix.MatrixTable, label: str, part: slice) -> None:
        columns = table.columns[part]
        left = MARGIN + (_LABEL if table.rows_axis is not None else 0)
        room = WIDTH - MARGIN - left
        wide = min((room - GUTTER * (len(columns) - 1)) / len(columns), 118)
        high = min(wide / self._ratio, 300)
        # A table that nearly fits one page is drawn a little smaller, so that it does.
        whole = (_BOTTOM - MARGIN - _HEADS) / len(table.rows) - _KEY - GUTTER
        if 0.7 * high <= whole < high:
            wide, high = wide * whole / high, whole
        total = _HEADS + len(table.rows) * (high + _KEY + GUTTER)
        self._make_room(total if total <= _BOTTOM - MARGIN else high + _KEY + _HEADS)
        for number, row in enumerate(table.rows):
            if self._make_room(high + _KEY) or number == 0:
                self._heads(label, columns, left, wide)
            if table.rows_axis is not None:
                self._row_label(row.value)
            for column, cell in enumerate(row.cells[part]):
                x = left + column * (wide + GUTTER)
                if cell:
                    self._look(x, cell[0], wide, high)
                    y = self._y + high + _KEY - 1
                    self._write(x, y, cell[0].key, 6, room=wide, tone="soft")
                else:
                    self._put(Frame(x, self._y, wide, high, None, "left out", gap=True))
            self._y += high + _KEY + GUTTER
        self._y += 16

    def _heads(self, label: str, columns: Sequence[str], left: float, wide: float) -> None:
        self._y += 14
        self._write(MARGIN, self._y, label, 15, room=_ROOM, face="serif")
        self._y += 18
        for column, value in enumerate(columns):
            x = left + column * (wide + GUTTER)
            self._write(x, self._y, words.human_label(value), 8.5, room=wide, tone="soft")
        self._y += 7

    def _row_label(self, value: str) -> None:
        face, name = lettering.choose_typeface(words.human_label(value), "sans")
        for number, line in enumerate(lettering.wrap(name, face, 8.5, _LABEL - 10, 4)):
            self._put(Text(MARGIN, self._y + 9 + number * 11, line, face, 8.5, "soft"))

    def _look(self, x: float, look: LookView, wide: float, high: float) -> None:
        shown = self._shown.get(look.image) if look.image is not None else None
        image = look.image if shown is not None and shown.thumb is not None else None
        label = "" if image else ("No picture" if shown is not None else look.label)
        self._put(Frame(x, self._y, wide, high, image, label))

    def feet(self) -> None:
        """Write the page numbers, once it is known how many there are."""
        for number, page in enumerate(self.pages, start=1):
            y = HEIGHT - MARGIN + 10
            face, name = lettering.choose_typeface(self._view.manifest, "sans")
            name = lettering.fit(name, face, 7, _ROOM / 2)
            page.marks.append(Text(MARGIN, y, name, face, 7, "soft"))
            place = f"{number} / {len(self.pages)}"
            page.marks.append(Text(WIDTH - MARGIN, y, place, "sans", 7, "soft", "r"))
