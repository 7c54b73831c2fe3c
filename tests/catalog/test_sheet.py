"""Contact sheets: every look once, on numbered pages, in both forms."""

import os
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, features

from runner.catalog import matrix, reading, sheet
from runner.catalog.pictures import CatalogImage
from runner.catalog.sheet import layout, lettering, system
from runner.catalog.sheet.layout import Frame, SheetPage, Text
from runner.results.model import Results
from tests.catalog import sample


def composed(results: Results) -> list[SheetPage]:
    view = reading.build_page(results)
    shown = {image: CatalogImage("thumbs/x.jpg", image, 512, 640) for image, _ in view.sources}
    return layout.compose(view, shown)


def texts(pages: list[SheetPage]) -> list[str]:
    return [mark.text for page in pages for mark in page.marks if isinstance(mark, Text)]


def frames(pages: list[SheetPage]) -> list[Frame]:
    return [mark for page in pages for mark in page.marks if isinstance(mark, Frame)]


def test_every_look_is_on_the_sheet_once_and_every_gap_too() -> None:
    results = sample.campaign()
    pages = composed(results)
    view = reading.build_page(results)
    keys = [text for text in texts(pages) if text in {look.key for look in view.wanted}]
    assert sorted(keys) == sorted(look.key for look in view.wanted)
    gaps = sum(matrix.build_matrix(axes, view.looks).gaps for axes in view.matrices)
    assert sum(frame.gap for frame in frames(pages)) == gaps == 2


@pytest.mark.parametrize("results", [sample.campaign(), sample.many(400)], ids=["small", "many"])
def test_nothing_leaves_the_page(results: Results) -> None:
    for page in composed(results):
        for mark in page.marks:
            if isinstance(mark, Frame):
                assert 0 <= mark.x <= mark.x + mark.width <= layout.WIDTH - layout.MARGIN + 0.01
                assert mark.y + mark.height <= layout.HEIGHT - layout.MARGIN
            else:
                wide = lettering.measure_width(mark.text, mark.face, mark.size)
                right = mark.x if mark.align == "r" else mark.x + wide
                assert right <= layout.WIDTH - layout.MARGIN + 0.01
                assert mark.y <= layout.HEIGHT - layout.MARGIN + 10


def test_pages_are_numbered_and_tables_repeat_their_heads() -> None:
    pages = composed(sample.many(400))
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in texts([page])
    assert all("Outfit × Setting" in texts([page]) for page in pages[1:])


def test_a_word_without_end_is_cut_to_its_frame() -> None:
    results = sample.document([sample.look("one", "p", title="W" * 1000)], campaign="M" * 1000)
    pages = composed(results)
    assert any(text.endswith("…") for text in texts(pages))


def test_a_look_without_a_picture_says_why() -> None:
    results = sample.document([sample.look("one", "p", [], state="blocked")])
    assert [frame.words for frame in frames(composed(results))] == ["Blocked"]


# --- scripts ----------------------------------------------------------------------------------


@pytest.fixture
def fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Make the computer have one font, with just these characters; or none at all."""
    monkeypatch.setattr(lettering, "_known", {})

    def having(characters: str = "", *, rules: bool = True) -> None:
        path = tmp_path / "one.ttf"
        if characters:
            make_font(path, characters)
        names = [f"{path}#0"] if characters else []
        monkeypatch.setattr(system, "find_fonts", lambda char: iter(names))
        monkeypatch.setattr("PIL.features.check", lambda name: rules and RAQM)

    return having


RAQM = features.check("raqm")


def make_font(path: Path, characters: str) -> None:
    """Write a font in which every character of these, and no other, is a square."""
    builder = pytest.importorskip("fontTools.fontBuilder", reason="fontTools comes with fpdf2")
    pens = pytest.importorskip("fontTools.pens.ttGlyphPen")
    pen = pens.TTGlyphPen(None)
    for step, point in enumerate([(100, 0), (100, 700), (800, 700), (800, 0)]):
        (pen.lineTo if step else pen.moveTo)(point)
    pen.closePath()
    names = {ord(char): f"u{ord(char):04x}" for char in characters}
    order = [".notdef", *names.values()]
    font = builder.FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(names)
    empty = pens.TTGlyphPen(None).glyph()
    square = pen.glyph()
    font.setupGlyf({name: square if name != ".notdef" else empty for name in order})
    font.setupHorizontalMetrics(dict.fromkeys(order, (900, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "One", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    font.setupPost()
    font.save(path)


def test_a_title_in_greek_or_cyrillic_is_set_in_the_face_that_has_it(
    fonts: Callable[..., None],
) -> None:
    fonts()
    assert lettering.choose_typeface("Ünïcode — dash…", "serif") == ("serif", "Ünïcode — dash…")
    assert lettering.choose_typeface("Весна", "serif") == ("sans", "Весна")


def test_what_no_font_here_has_is_a_box(fonts: Callable[..., None]) -> None:
    fonts()
    assert lettering.choose_typeface("東 Весна", "serif") == ("sans", "□ Весна")
    assert lettering.choose_typeface("👩🏽‍💼 ok", "serif") == ("sans", "□□□ ok")
    assert lettering.split_by_face("□ Весна", "sans") == [("sans", "□ Весна")]


def test_what_a_font_of_this_computer_has_is_set_in_it(fonts: Callable[..., None]) -> None:
    fonts("東京")
    face, text = lettering.choose_typeface("Tokyo 東京 by night 大", "serif")
    assert (face, text) == ("sans", "Tokyo 東京 by night □")
    parts = lettering.split_by_face(text, face)
    assert [part for _face, part in parts] == ["Tokyo ", "東京", " by night □"]
    assert [own == "sans" for own, _part in parts] == [True, False, True]
    assert lettering.measure_width("東京", "sans", 10) == pytest.approx(18, abs=0.1)


@pytest.mark.skipif(not RAQM, reason="this Pillow has no Raqm")
def test_the_words_of_a_script_that_runs_to_the_left_stay_together(
    fonts: Callable[..., None],
) -> None:
    fonts("אבגד ")
    face, text = lettering.choose_typeface("Look אב גד, end", "serif")
    assert [part for _own, part in lettering.split_by_face(text, face)] == [
        "Look ",
        "אב גד",
        ", end",
    ]


def test_a_script_that_needs_rules_is_boxes_where_nothing_knows_them(
    fonts: Callable[..., None],
) -> None:
    fonts("אב東", rules=False)
    assert lettering.choose_typeface("אב 東", "serif") == ("sans", "□□ 東")


def test_a_font_that_cannot_be_read_is_no_font(
    fonts: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts()
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"nothing")
    monkeypatch.setattr(system, "find_fonts", lambda char: iter([f"{broken}#0", "/nowhere.ttf#0"]))
    assert lettering.choose_typeface("東", "sans") == ("sans", "□")


@pytest.mark.parametrize("answer", ["", "no such thing", "/nowhere/font.ttf#0", "\udcff#1"])
def test_an_odd_answer_of_fontconfig_is_no_font(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "fc-match"
    tool.write_bytes(b"#!/bin/sh\nprintf '%s' '" + os.fsencode(answer) + b"'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(system, "USUAL_FONTS", ())
    assert [*system.find_fonts("東")] == []


def test_both_forms_draw_what_a_font_of_this_computer_sets(
    fonts: Callable[..., None], tmp_path: Path
) -> None:
    results = sample.document([sample.look("one", "p", title="東")], campaign="東京")
    fonts()
    (boxes,) = sheet.write_png(results, tmp_path, tmp_path / "boxes.png")
    fonts("東京")
    lettering._known.clear()
    (drawn,) = sheet.write_png(results, tmp_path, tmp_path / "drawn.png")
    assert boxes.read_bytes() != drawn.read_bytes()
    with Image.open(drawn) as page:
        # The first square of the title is black, on the way from its baseline up.
        assert page.getpixel((round(54 * 150 / 72), round(60 * 150 / 72))) == (27, 26, 24)
    pdf = sheet.write_pdf(results, tmp_path, tmp_path / "sheet.pdf").read_bytes()
    assert pdf.count(b"/Subtype /Image") >= 3  # title, caption, and their masks
    assert sheet.write_pdf(results, tmp_path, tmp_path / "sheet.pdf").read_bytes() == pdf


# --- files ------------------------------------------------------------------------------------


def test_the_png_is_one_file_for_each_page(tmp_path: Path) -> None:
    results = sample.campaign()
    sample.draw(tmp_path, results, (80, 100))
    paths = sheet.write_png(results, tmp_path, tmp_path / "sheet.png")
    assert [path.name for path in paths] == ["sheet-1.png", "sheet-2.png"]
    for path in paths:
        with Image.open(path) as page:
            assert (page.format, page.size) == ("PNG", (1754, 1240))


def test_a_sheet_of_one_page_keeps_its_name_and_shows_its_pictures(tmp_path: Path) -> None:
    results = sample.document([sample.base()])
    (tmp_path / "images").mkdir()
    Image.new("RGB", (80, 100), (200, 30, 30)).save(tmp_path / "images" / "base.1.png")
    (path,) = sheet.write_png(results, tmp_path, tmp_path / "sheet.png")
    assert path == tmp_path / "sheet.png"
    with Image.open(path) as page:
        assert page.getpixel((round(60 * 150 / 72), round(150 * 150 / 72))) == (200, 30, 30)


def test_the_pdf_has_its_pages_fonts_and_pictures(tmp_path: Path) -> None:
    results = sample.campaign()
    sample.draw(tmp_path, results, (80, 100))
    path = sheet.write_pdf(results, tmp_path, tmp_path / "sheet.pdf")
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2
    assert b"Newsreader" in pdf
    assert b"Inter" in pdf
    packed = re.findall(rb"stream\n(x.*?)\nendstream", pdf, re.DOTALL)
    # Text that is text, and not a picture of it, is shown by the operator Tj.
    assert any(b"Tj" in zlib.decompress(stream) for stream in packed)
    assert pdf.count(b"/DCTDecode") >= 10
    assert sheet.write_pdf(results, tmp_path, path).read_bytes() == pdf


def test_the_pdf_takes_any_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    title = "Straße — «тест» 東京 עברית \u202e\ud800 👩🏽‍💼"
    results = sample.document([sample.look("one", "p", title=title)], campaign=title)
    pdf = sheet.write_pdf(results, tmp_path, tmp_path / "sheet.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert not caplog.records
