"""Paint the contact sheet as PDF: embedded fonts, text that can be selected and searched."""

import io
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageOps

from runner.catalog.sheet import layout, lettering
from runner.catalog.sheet.layout import TONES, Frame, SheetPage, Text
from runner.image_files import open_image

if TYPE_CHECKING:
    from fpdf import FPDF

_LINE, _WELL = (216, 211, 201), (241, 238, 232)
_DPI = 200
_FINE = 600 / 72
"""Pixels for each point of a text that is drawn as a picture."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""The document's date: the same results give the same bytes, whenever they are printed."""


def render_pdf(pages: Sequence[SheetPage], pictures: Mapping[str, Path], *, title: str) -> bytes:
    """Return the PDF of all pages. ``pictures`` holds the file to show for each image path."""
    from fpdf import FPDF

    document = FPDF(unit="pt", format=(layout.WIDTH, layout.HEIGHT))
    document.set_auto_page_break(auto=False)
    document.set_creation_date(_EPOCH)
    document.set_title(title)
    document.set_creator("lookbook")
    document.set_lang("en")
    for face, path in lettering.FONTS.items():
        document.add_font(face, fname=path)
    for page in pages:
        document.add_page()
        for mark in page.marks:
            if isinstance(mark, Text):
                _letter(document, mark)
            else:
                _frame(document, mark, pictures)
    return bytes(document.output())


def _letter(document: "FPDF", mark: Text) -> None:
    document.set_font(mark.face, size=mark.size)
    document.set_text_color(*TONES[mark.tone])
    x = mark.x
    if mark.align == "r":
        x -= lettering.measure_width(mark.text, mark.face, mark.size)
    for face, part in lettering.split_by_face(mark.text, mark.face):
        if face == mark.face:
            document.text(x, mark.y, part)
        else:
            _drawn(document, mark, x, face, part)
        x += lettering.measure_width(part, mark.face, mark.size)


def _drawn(document: "FPDF", mark: Text, x: float, face: lettering.FontFace, part: str) -> None:
    """Set a part in a font of this computer, as a picture: any script, and no font is handed on."""
    font = lettering.load_face(face, round(mark.size * _FINE))
    left, top, right, bottom = font.getbbox(part, anchor="ls")
    size = (math.ceil(right - left) or 1, math.ceil(bottom - top) or 1)
    picture = Image.new("RGBA", size, (*TONES[mark.tone], 0))
    pen = ImageDraw.Draw(picture)
    pen.text((-left, -top), part, fill=(*TONES[mark.tone], 255), font=font, anchor="ls")
    place = x + left / _FINE, mark.y + top / _FINE
    document.image(picture, *place, size[0] / _FINE, size[1] / _FINE, alt_text=part)


def _frame(document: "FPDF", mark: Frame, pictures: Mapping[str, Path]) -> None:
    if mark.image is not None:
        size = round(mark.width * _DPI / 72), round(mark.height * _DPI / 72)
        with open_image(pictures[mark.image]) as opened:
            fitted = ImageOps.fit(opened.image, size, centering=(0.5, 0.25))
        jpeg = io.BytesIO()
        fitted.save(jpeg, "JPEG", quality=85)
        document.image(jpeg, mark.x, mark.y, mark.width, mark.height)
        return
    document.set_draw_color(*_LINE)
    document.set_fill_color(*_WELL)
    style = "D" if mark.gap else "DF"
    document.rect(mark.x, mark.y, mark.width, mark.height, style=style)
    document.set_font("serif", size=9)
    document.set_text_color(*TONES["soft"])
    width = document.get_string_width(mark.words)
    document.text(mark.x + (mark.width - width) / 2, mark.y + mark.height / 2 + 3, mark.words)
