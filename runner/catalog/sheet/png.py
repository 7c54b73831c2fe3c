"""Paint a page of the contact sheet as PNG, at 150 dots per inch."""

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from runner.catalog.sheet import layout, lettering
from runner.catalog.sheet.layout import TONES, Frame, SheetPage, Text
from runner.image_files import open_image

DPI = 150
_SCALE = DPI / 72
_LINE, _WELL = (216, 211, 201), (241, 238, 232)


def render_png(page: SheetPage, pictures: Mapping[str, Path]) -> bytes:
    """Return the page's PNG. ``pictures`` holds the file to show for each image path."""
    size = round(layout.WIDTH * _SCALE), round(layout.HEIGHT * _SCALE)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    for mark in page.marks:
        if isinstance(mark, Text):
            _letter(pen, mark)
        else:
            _frame(sheet, pen, mark, pictures)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True, dpi=(DPI, DPI))
    return out.getvalue()


def _letter(pen: ImageDraw.ImageDraw, mark: Text) -> None:
    x = mark.x - (
        lettering.measure_width(mark.text, mark.face, mark.size) if mark.align == "r" else 0
    )
    for face, part in lettering.split_by_face(mark.text, mark.face):
        font = lettering.load_face(face, round(mark.size * _SCALE))
        place = (x * _SCALE, mark.y * _SCALE)
        pen.text(place, part, fill=TONES[mark.tone], font=font, anchor="ls")
        x += lettering.measure_width(part, mark.face, mark.size)


def _frame(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, mark: Frame, pictures: Mapping[str, Path]
) -> None:
    left, top = round(mark.x * _SCALE), round(mark.y * _SCALE)
    wide, high = round(mark.width * _SCALE), round(mark.height * _SCALE)
    if mark.image is not None:
        with open_image(pictures[mark.image]) as opened:
            fitted = ImageOps.fit(opened.image, (wide, high), centering=(0.5, 0.25))
        sheet.paste(fitted, (left, top))
        return
    well = None if mark.gap else _WELL
    pen.rectangle((left, top, left + wide, top + high), fill=well, outline=_LINE)
    font = lettering.load_face("serif", round(9 * _SCALE))
    middle = (left + wide / 2, top + high / 2)
    pen.text(middle, mark.words, fill=TONES["soft"], font=font, anchor="mm")
