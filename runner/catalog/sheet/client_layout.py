"""A contact sheet for a client: pictures as large as the pages allow, titles, and no money.

Pages are filled evenly: however many pictures there are, none stands alone on a last page while
others are crowded on the first.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

from runner.catalog import words
from runner.catalog.model import CatalogPage, LookView
from runner.catalog.pictures import CatalogImage, measure_ratio
from runner.catalog.sheet import lettering
from runner.catalog.sheet.layout import HEIGHT, MARGIN, WIDTH, Frame, SheetPage, Text

_ROOM = WIDTH - 2 * MARGIN
_HEAD, _FOOT = 62.0, 20.0
_GUTTER = 14.0
_CAPTION = 30.0
"""Below each picture: two lines of its title, and air."""

_LEAST_WIDTH = 118.0
"""A picture's width in points below which another page is begun."""

_MOST_COLUMNS = 8


class _Grid(NamedTuple):
    """How a page is divided; sizes are a picture's, in points."""

    columns: int
    rows: int
    width: float
    height: float


def compose_for_client(
    view: CatalogPage, shown: Mapping[str, CatalogImage], credit: str
) -> list[SheetPage]:
    """Lay out the whole sheet; ``credit`` stands in every page's foot. Pure."""
    looks = [look for look in view.wanted if look.image is not None and shown[look.image].thumb]
    ratio = measure_ratio(shown.values())
    count, grid = _divide(max(1, len(looks)), ratio)
    share = ceil(len(looks) / count) if looks else 1
    pages = []
    for number in range(count):
        page = SheetPage()
        _head(page, view.campaign, len(looks))
        _fill(page, looks[number * share : (number + 1) * share], grid)
        _foot(page, credit, f"{number + 1} / {count}")
        pages.append(page)
    return pages


def _divide(count: int, ratio: float) -> tuple[int, _Grid]:
    """Return on how many pages so many pictures go, and how each page is divided."""
    pages = 1
    while True:
        share = ceil(count / pages)
        grid = _largest(share, ratio)
        if grid.width >= _LEAST_WIDTH or share == 1:
            return ceil(count / share), grid
        pages += 1


def _largest(count: int, ratio: float) -> _Grid:
    """Return the division in which so many pictures are largest, on a page."""
    room = HEIGHT - 2 * MARGIN - _HEAD - _FOOT
    found = []
    for columns in range(1, min(count, _MOST_COLUMNS) + 1):
        rows = ceil(count / columns)
        wide = (_ROOM - _GUTTER * (columns - 1)) / columns
        high = room / rows - _CAPTION
        width = min(wide, high * ratio)
        found.append(_Grid(columns, rows, width, width / ratio))
    return max(found, key=lambda grid: grid.width)


def _fill(page: SheetPage, looks: Sequence[LookView], grid: _Grid) -> None:
    """Set pictures from margin to margin, and from the head to the foot."""
    top, bottom = MARGIN + _HEAD, HEIGHT - MARGIN - _FOOT
    across = (_ROOM - grid.width) / (grid.columns - 1) if grid.columns > 1 else 0.0
    left = MARGIN if grid.columns > 1 else MARGIN + (_ROOM - grid.width) / 2
    spare = bottom - top - grid.rows * (grid.height + _CAPTION)
    down = grid.height + _CAPTION + spare / grid.rows
    top += spare / grid.rows / 2
    for place, look in enumerate(looks):
        row, column = divmod(place, grid.columns)
        x, y = left + column * across, top + row * down
        page.marks.append(Frame(x, y, grid.width, grid.height, look.image))
        face, title = lettering.choose_typeface(look.title, "serif")
        for number, line in enumerate(lettering.wrap(title, face, 10, grid.width, 2)):
            page.marks.append(Text(x, y + grid.height + 12 + 11 * number, line, face, 10))


def _head(page: SheetPage, campaign: str, count: int) -> None:
    face, name = lettering.choose_typeface(words.human_label(campaign), "serif")
    page.marks.append(Text(MARGIN, MARGIN + 26, lettering.fit(name, face, 30, _ROOM), face, 30))
    size = f"{count} picture{'' if count == 1 else 's'}"
    page.marks.append(Text(MARGIN, MARGIN + 44, size, "sans", 9, "soft"))


def _foot(page: SheetPage, credit: str, place: str) -> None:
    y = HEIGHT - MARGIN + 10
    face, line = lettering.choose_typeface(credit, "sans")
    page.marks.append(Text(MARGIN, y, lettering.fit(line, face, 7, _ROOM - 60), face, 7, "soft"))
    page.marks.append(Text(WIDTH - MARGIN, y, place, "sans", 7, "soft", "r"))
