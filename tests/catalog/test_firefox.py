"""The page in a second browser: what another engine may do otherwise, from disk, in Firefox.

The whole of the page is tested in Chromium (``test_browser``); here is everything that a person
touches, and what keeps the page safe.
"""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from runner import catalog
from tests.catalog import sample
from tests.catalog.browser import INTRUSION, STOPPED
from tests.catalog.firefox import DARK, FIREFOX, Firefox, Page, open_firefox
from tests.catalog.hostile import HOSTILE, document_of

pytest.importorskip(
    "websockets", reason="the browser tests need websockets: pip install 'lookbook-runner[browser]'"
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(FIREFOX is None, reason="no Firefox is installed (Debian: firefox-esr)"),
]
Show = Callable[..., Page]
OUTSIDE = ("http:", "https:", "ws:", "wss:", "ftp:")


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    with open_firefox() as started:
        yield started


@pytest.fixture
def show(firefox: Firefox, folder: Path) -> Iterator[Show]:
    """Open a page; at the end nothing may have gone wrong and nothing may have left the disk."""
    pages: list[Page] = []

    def open_page(hash_: str = "", *, path: Path | None = None, width: int = 1280) -> Page:
        page = firefox.page(width)
        pages.append(page)
        page.open((path or folder / "catalog.html").as_uri() + hash_)
        return page

    firefox.problems.clear()
    firefox.requests.clear()
    yield open_page
    for page in pages:
        page.close()
    assert firefox.problems == []
    assert [address for address in firefox.requests if address.startswith(OUTSIDE)] == []


def cards(page: Page) -> list[str]:
    """The titles of the cards that show."""
    titles: list[str] = page.run(
        "[...document.querySelectorAll('#view-grid .card:not([hidden]) .title')]"
        ".map(one => one.textContent)"
    )
    return titles


# --- views and filters ------------------------------------------------------------------------


def test_the_grid_shows_every_look_with_its_picture(show: Show) -> None:
    page = show()
    assert len(cards(page)) == 21
    page.drawn("#view-grid > .grid .card:nth-child(-n+5) img")
    assert page.text("h1") == "Spring lookbook"


def test_views_change_and_back_returns(show: Show) -> None:
    page = show()
    page.click('.views [data-view="matrix"]')
    assert page.visible("#view-matrix")
    assert not page.visible("#view-grid")
    assert page.count("#view-matrix .gap") == 2
    page.click('.views [data-view="lineage"]')
    assert page.visible("#view-lineage")
    assert page.count("#view-lineage [data-look]") == 20
    page.back()
    page.until("!document.querySelector('#view-matrix').hidden")
    assert page.text(".views [aria-current=true]") == "Matrix"


def test_filters_narrow_and_combine_and_clear(show: Show) -> None:
    page = show()
    page.click(".menu summary", nth=1)
    page.click('.menu[open] input[value="linen"]')
    assert cards(page) == ["Linen, Office", "Linen, Studio", "Linen, Garden"]
    page.click(".menu summary", nth=2)
    page.click('.menu[open] input[value="garden"]')
    assert cards(page) == ["Linen, Garden"]
    assert page.text("#tally") == "1 of 21 looks"
    page.click("#clear")
    assert len(cards(page)) == 21


def test_an_address_brings_back_view_filters_and_look(show: Show) -> None:
    page = show("#view=matrix&axis.outfit=linen&look=linen-office")
    assert page.text("dialog h2") == "Linen, Office"
    page.press("Escape")
    page.until("!document.querySelector('dialog').open")
    assert page.visible("#view-matrix")
    assert page.count("#view-matrix .cell[inert]") == 7


# --- one look ---------------------------------------------------------------------------------


def test_a_look_beside_its_reference_and_through_the_slider(show: Show) -> None:
    page = show("#look=blazer-office")
    assert not page.visible("dialog .other")
    page.click('dialog [data-mode="side"]')
    page.drawn("dialog .stage img")
    left, right = page.box("dialog .other"), page.box("dialog .this")
    assert left["x"] + left["width"] <= right["x"]
    page.click('dialog [data-mode="wipe"]')
    page.run("void document.querySelector('dialog input[type=range]').focus()")
    page.press(*["ArrowRight"] * 20)
    cut = "getComputedStyle(document.querySelector('dialog .this')).clipPath"
    assert "70%" in page.run(cut)
    assert page.text("dialog h2") == "Blazer, Office"


def test_the_picture_itself_can_be_drawn_aside(show: Show) -> None:
    page = show("#look=blazer-office")
    page.click('dialog [data-mode="wipe"]')
    page.drawn("dialog .stage img")
    box = page.box("dialog .this")
    middle = box["y"] + box["height"] / 2
    page.drag((box["x"] + box["width"] / 2, middle), (box["x"] + box["width"] / 4, middle))
    assert page.run("document.querySelector('dialog input[type=range]').value") == "25"
    cut = page.run("getComputedStyle(document.querySelector('dialog .this')).clipPath")
    assert float(cut.rpartition(" ")[2].strip("%)")) == pytest.approx(25, abs=0.2)


def test_the_slider_stands_where_the_picture_is_cut(show: Show) -> None:
    page = show("#look=blazer-office")
    page.click('dialog [data-mode="wipe"]')
    figure, track = page.box("dialog .this"), page.box("dialog input[type=range]")
    thumb = 20
    assert track["x"] + thumb / 2 == pytest.approx(figure["x"], abs=1)
    assert track["width"] - thumb == pytest.approx(figure["width"], abs=1)


def test_takes_change_the_picture_and_the_facts(show: Show) -> None:
    page = show("#look=red-dress")
    page.click("dialog .strip button", nth=1)
    page.drawn("dialog .this img")
    assert page.run("document.querySelector('dialog .this img').getAttribute('src')") == (
        "images/red-dress.2.png"
    )
    assert "lk_red_dress_0002" in page.text("dialog")


def test_ids_are_copied_and_choices_stay(show: Show) -> None:
    page = show("#look=blazer-office")
    page.click("dialog dl .copy")
    page.until("document.querySelector('dialog dl .copy').textContent === 'Copied'")
    page.press("x", "Escape")
    page.until("!document.querySelector('dialog').open")
    page.reload()
    assert page.text("#chosen-count") == "1"
    page.click("#chosen-filter")
    assert cards(page) == ["Blazer, Office"]


# --- keys, colours, paper, narrow screens -----------------------------------------------------


def test_the_keyboard_alone_is_enough(show: Show) -> None:
    page = show()
    page.press("/")
    page.type("blazer")
    assert len(cards(page)) == 6
    page.press("Tab")
    page.run("void document.querySelector('.card:not([hidden]) .frame').focus()")
    page.press("ArrowRight", "Enter")
    assert page.text("dialog h2") == "Blazer, Street"
    assert page.run("document.activeElement.tagName") == "H2"
    page.press("ArrowRight")
    assert page.text("dialog h2") == "Blazer, Studio"
    assert page.text("dialog .place") == "3 / 6"
    page.press("c")
    assert page.visible("dialog .other")
    page.press("ArrowRight")
    assert page.visible("dialog .other")
    page.press("Escape")
    page.until("!document.querySelector('dialog').open")
    assert page.run("document.activeElement.dataset.open") == "4"


def test_the_large_view_has_the_whole_window(show: Show) -> None:
    page = show()
    page.run("scrollTo(0, 300)")
    page.run("void document.querySelector('#view-grid [data-open=\"4\"]').click()")
    assert page.run("document.documentElement.clientWidth") == 1280  # no other scrollbar beside it
    page.press("Escape")
    page.until("!document.querySelector('dialog').open")
    assert page.run("scrollY") == 300


def test_the_focus_stays_in_the_large_view(show: Show) -> None:
    page = show("#look=blazer-office")
    for _ in range(12):
        page.press("Tab")
        inside = (
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert page.run(inside)


PAPER = "getComputedStyle(document.body).backgroundColor"


def test_light_and_dark_can_be_turned_over_and_stay(show: Show) -> None:
    page = show()
    light = page.run(PAPER)
    page.click("#theme")
    assert page.run(PAPER) != light
    page.reload()
    assert page.run(PAPER) != light
    page.click("#theme")
    assert page.run(PAPER) == light


def test_dark_follows_the_system(folder: Path) -> None:
    with open_firefox(DARK) as firefox:
        page = firefox.page()
        page.open((folder / "catalog.html").as_uri())
        assert page.run(PAPER) == "rgb(21, 20, 19)"
        assert page.paper().startswith(b"%PDF")


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("hash_", ["", "#view=matrix", "#view=lineage", "#look=red-dress"])
def test_a_narrow_screen_does_not_scroll_sideways(show: Show, hash_: str, width: int) -> None:
    page = show(hash_, width=width)
    assert page.run("document.documentElement.scrollWidth") <= width


def test_it_prints(show: Show) -> None:
    assert show("#view=matrix").paper().startswith(b"%PDF")


# --- safety and size --------------------------------------------------------------------------


@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_runs_nothing_and_breaks_nothing(show: Show, tmp_path: Path, bad: str) -> None:
    page = show(path=catalog.write_catalog(document_of(bad), tmp_path))
    for view in ("matrix", "lineage", "grid"):
        page.click(f'.views [data-view="{view}"]')
        assert page.run("document.documentElement.scrollWidth") <= 1280
    for index in range(4):
        # By the keyboard: a title of a thousand letters makes a tile taller than the window.
        page.run(f"""void document.querySelector('#view-grid [data-open="{index}"]').focus()""")
        page.press("Enter")
        page.until("document.querySelector('dialog').checkVisibility()")
        assert page.run("document.querySelector('dialog').scrollWidth") <= 1280
        page.press("Escape")
        page.until("!document.querySelector('dialog').open")
    tame = show(path=catalog.write_catalog(document_of("tame"), tmp_path / "tame"))
    assert page.count("body > *") == tame.count("body > *")


def test_the_policy_stops_what_the_page_did_not_bring(firefox: Firefox, folder: Path) -> None:
    page = firefox.page()
    firefox.requests.clear()
    page.open((folder / "catalog.html").as_uri())
    page.run(INTRUSION)
    page.until("stopped.length >= 3")
    assert sorted(page.run("stopped")) == STOPPED
    assert page.run("window.intruder === undefined")
    page.close()
    assert [address for address in firefox.requests if address.startswith(OUTSIDE)] == []
    assert firefox.problems  # the watch hears what a policy stops


def test_a_request_that_leaves_a_page_would_be_noticed(firefox: Firefox, tmp_path: Path) -> None:
    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/pixel.png"
        (tmp_path / "leaky.html").write_text(f'<!doctype html><img src="{address}">')
        firefox.requests.clear()
        page = firefox.page()
        page.open((tmp_path / "leaky.html").as_uri())
        page.close()
        server.shutdown()
    assert address in firefox.requests


def test_an_embedded_page_stands_alone(show: Show, folder: Path, tmp_path: Path) -> None:
    page = show(path=catalog.write_catalog(sample.campaign(), folder, embed=True, target=tmp_path))
    page.drawn("#view-grid > .grid .card:nth-child(-n+5) img")
    page.click('.views [data-view="lineage"]')
    page.click('#view-lineage [data-open="11"]')
    page.press("c")
    page.drawn("dialog img")


def test_a_thousand_looks_are_filtered_and_reached(show: Show, tmp_path: Path) -> None:
    results = sample.many(1000)
    sample.draw(tmp_path, results, (40, 50))
    page = show(path=catalog.write_catalog(results, tmp_path))
    assert page.count("#view-grid .card") == 1000
    last = "#view-grid .card:last-child"
    page.run(f"void document.querySelector('{last}').scrollIntoView()")
    page.drawn(f"{last} img")
    page.click("[type=search]")
    page.type("outfit-7")
    assert len(cards(page)) == 25
    page.click('.views [data-view="matrix"]')
    assert page.count("#view-matrix .cell:not([inert])") == 25
