"""Contact sheets: every look once, on numbered pages, in both forms."""

import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from runner.catalog import matrix, reading, sheet
from runner.catalog.pictures import Picture
from runner.catalog.sheet import layout, lettering
from runner.catalog.sheet.layout import Frame, Page, Text
from tests.catalog import sample


def composed(results: dict[str, Any]) -> list[Page]:
    view = reading.build(results)
    shown = {image: Picture("thumbs/x.jpg", image, 512, 640) for image, _ in view.sources}
    return layout.compose(view, shown)


def texts(pages: list[Page]) -> list[str]:
    return [mark.text for page in pages for mark in page.marks if isinstance(mark, Text)]


def frames(pages: list[Page]) -> list[Frame]:
    return [mark for page in pages for mark in page.marks if isinstance(mark, Frame)]


def test_every_look_is_on_the_sheet_once_and_every_gap_too() -> None:
    results = sample.campaign()
    pages = composed(results)
    view = reading.build(results)
    keys = [text for text in texts(pages) if text in {look.key for look in view.wanted}]
    assert sorted(keys) == sorted(look.key for look in view.wanted)
    gaps = sum(matrix.arrange(axes, view.looks).gaps for axes in view.matrices)
    assert sum(frame.gap for frame in frames(pages)) == gaps == 2


@pytest.mark.parametrize("results", [sample.campaign(), sample.many(400)], ids=["small", "many"])
def test_nothing_leaves_the_page(results: dict[str, Any]) -> None:
    for page in composed(results):
        for mark in page.marks:
            if isinstance(mark, Frame):
                assert 0 <= mark.x <= mark.x + mark.width <= layout.WIDTH - layout.MARGIN + 0.01
                assert mark.y + mark.height <= layout.HEIGHT - layout.MARGIN
            else:
                wide = lettering.width(mark.text, mark.face, mark.size)
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


def test_a_title_in_another_alphabet_is_set_in_a_face_that_has_it() -> None:
    assert lettering.settle("Ünïcode — dash…", "serif") == ("serif", "Ünïcode — dash…")
    assert lettering.settle("Весна", "serif") == ("sans", "Весна")
    assert lettering.settle("東 Весна", "serif") == ("sans", "□ Весна")


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
    pytest.importorskip("fpdf", reason="the PDF needs the pdf extra")
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
    pytest.importorskip("fpdf", reason="the PDF needs the pdf extra")
    title = "Straße — «тест» 東京 עברית \u202e\ud800 👩🏽‍💼"
    results = sample.document([sample.look("one", "p", title=title)], campaign=title)
    pdf = sheet.write_pdf(results, tmp_path, tmp_path / "sheet.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert not caplog.records
