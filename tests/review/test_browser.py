"""The review page in a real browser, over the command itself and the embedded simulator."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runner.ledger.reading import read_snapshot
from tests.catalog.browser import CHROMIUM, open_chromium
from tests.review.conftest import MANIFEST

pytest.importorskip("playwright", reason="needs playwright: pip install 'lookbook-runner[browser]'")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)"),
]
LOOKBOOK = [sys.executable, "-m", "runner"]


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A campaign of which the base and one look were made on the simulator."""
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    words = ["run", str(path), "--simulate", "--yes", "--select", "+office"]
    subprocess.run([*LOOKBOOK, *words, "--sim", "latency=fixed:0.1"], check=True, timeout=120)
    return path


@pytest.fixture
def server(campaign: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with serve(["review", str(campaign), "--simulate", "--no-browser"]) as served:
        yield served


@contextmanager
def serve(words: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen([*LOOKBOOK, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        try:
            yield process, found[0]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as launched:
        yield launched


def enter(browser: Any, address: str, width: int = 1280) -> Any:
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(address)
    page.locator(".tile").first.wait_for()
    assert "token" not in page.url
    return page


def test_a_basket_is_bought_on_the_simulator_and_the_run_is_followed_to_its_end(
    browser: Any, server: tuple[Any, str], campaign: Path
) -> None:
    page = enter(browser, server[1])
    page.locator(".tile[data-look=street]").click()
    page.get_by_role("button", name="Make it · $1.00").click()
    page.get_by_role("button", name="Review and buy for $1.00…").click()
    assert "nothing is charged" in page.locator("#buy").inner_text()
    page.get_by_role("button", name="Buy for $1.00", exact=True).click()
    page.locator(".tile[data-look=street] img").wait_for(timeout=60_000)
    page.locator("#figures", has_text="generating").wait_for(state="detached", timeout=60_000)
    ledger = campaign.with_suffix(".lookbook") / "simulated" / "ledger.sqlite"
    assert len(read_snapshot(ledger).takes["street"]) == 1


def test_two_tabs_and_a_terminal_agree_and_a_server_that_is_killed_loses_nothing(
    browser: Any, server: tuple[Any, str], campaign: Path
) -> None:
    process, address = server
    one, other = enter(browser, address), enter(browser, address)
    one.locator(".tile[data-look=base]").click()
    one.keyboard.press("a")
    other.locator(".tile[data-look=base] .chip", has_text="approved").wait_for()
    words = ["review", str(campaign), "--simulate", "--reject", "office", "--reason", "too dark"]
    subprocess.run([*LOOKBOOK, *words], check=True, timeout=60)
    for page in (one, other):
        page.locator(".tile[data-look=office] .chip", has_text="too dark").wait_for()
    process.kill()
    one.locator("#away", has_text="What was decided is kept").wait_for()
    words = ["review", str(campaign), "--simulate", "--list"]
    done = subprocess.run([*LOOKBOOK, *words], check=True, timeout=60, stdout=subprocess.PIPE)
    assert b"1 approved, 1 rejected" in done.stdout


def test_a_prompt_is_edited_bought_from_the_basket_of_a_killed_server_and_decisions_are_undone(
    browser: Any, server: tuple[Any, str], campaign: Path
) -> None:
    process, address = server
    before = campaign.read_bytes()
    page = enter(browser, address)
    page.locator(".tile[data-look=office]").click()
    page.keyboard.press("a")
    page.locator(".tile[data-look=office] .chip", has_text="approved").wait_for()
    page.keyboard.press("u")
    page.locator("#toast", has_text="Undone").wait_for()
    assert page.locator(".tile[data-look=office] .chip").count() == 0
    page.locator(".tile[data-look=office]").click()
    page.keyboard.press("e")
    text = page.locator(".editor textarea")
    text.fill(text.input_value().replace("morning", "evening"))
    page.get_by_role("button", name="Show the difference").click()
    page.locator(".editor ins", has_text="evening").first.wait_for()
    assert campaign.read_bytes() == before
    assert axe.Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Write it · $1.00 into the basket").click()
    page.locator("#basket", has_text="1 changed prompt").wait_for()
    assert campaign.read_bytes() == before.replace(b"morning", b"evening")
    process.kill()
    words = ["review", str(campaign), "--simulate", "--no-browser"]
    with serve(words) as (_, again):
        page = enter(browser, again)
        page.locator("#basket", has_text="1 changed prompt").wait_for()


def test_a_run_of_a_terminal_is_paused_and_a_consent_is_given_on_the_page(
    browser: Any, server: tuple[Any, str], campaign: Path
) -> None:
    page = enter(browser, server[1])
    words = ["run", str(campaign), "--simulate", "--yes", "--sim", "fault=consent:1"]
    assert subprocess.run([*LOOKBOOK, *words], timeout=120, check=False).returncode == 6
    page.locator(".tile[data-look=street] .chip", has_text="consent").wait_for()
    page.locator(".tile[data-look=street]").click()
    consent = page.get_by_role("link", name="Give consent")
    assert consent.get_attribute("rel") == "noopener noreferrer"
    words = ["reroll", str(campaign), "office", "--simulate", "--yes", "--sim", "latency=fixed:300"]
    with subprocess.Popen([*LOOKBOOK, *words], stderr=subprocess.PIPE, text=True) as run:
        page.get_by_role("button", name="pause").click(timeout=60_000)
        assert run.wait(60) == 6  # the consent goes first: it is what a person has to do
        assert run.stderr is not None
        assert "nothing more is sent" in run.stderr.read()
    page.locator("#figures", has_text="generating").wait_for(state="detached", timeout=60_000)


def test_a_page_of_another_origin_changes_nothing(
    browser: Any, server: tuple[Any, str], campaign: Path
) -> None:
    context = browser.new_context()
    enter(context, server[1])
    stranger = context.new_page()
    stranger.route("http://localhost:1/", lambda route: route.fulfill(body="<p>other</p>"))
    stranger.goto("http://localhost:1/")
    home = server[1].partition("#")[0]
    asked = {"takes": ["base#1"], "state": "approved"}
    assert stranger.evaluate(POST, [home + "api/review", asked]) == "refused"
    known = read_snapshot(campaign.with_suffix(".lookbook") / "simulated" / "ledger.sqlite")
    assert known.reviews == {}


POST = """async ([address, asked]) => {
  const options = { method: 'POST', credentials: 'include', body: JSON.stringify(asked) };
  await fetch(address, { ...options, mode: 'no-cors' }).catch(() => null);
  const headers = { 'content-type': 'application/json' };
  return fetch(address, { ...options, headers }).then(() => 'answered', () => 'refused');
}"""
"""Tries to post with the cookie that this browser has, in both ways that a page can."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dialogs_and_views_are_accessible_and_the_slider_cuts(
    browser: Any, server: tuple[Any, str], scheme: str
) -> None:
    page = enter(browser.new_context(color_scheme=scheme), server[1])
    page.locator(".tile[data-look=office]").click()
    page.keyboard.press("c")
    page.get_by_role("button", name="Slider").click()
    page.get_by_label("Where the picture is cut").fill("20")
    cut = "getComputedStyle(document.querySelector('.faces')).getPropertyValue('--cut')"
    assert float(page.evaluate(cut)) == 0.2
    assert axe.Axe().run(page).violations_count == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Client copy…").click()
    page.get_by_role("button", name="Make the copy").click()
    page.get_by_role("link", name="Save spring-for-review.html").wait_for()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    for view, there in (("Lineage", ".tree .tile"), ("Money", ".charges td")):
        page.get_by_role("button", name=view).click()
        page.locator(there).first.wait_for()
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.get_by_role("button", name="All 3").click()
    page.keyboard.press("t")
    page.get_by_role("button", name="Review and buy").click()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_wrong_token_shows_nothing_of_the_campaign(browser: Any, server: tuple[Any, str]) -> None:
    page = browser.new_context().new_page()
    page.goto(server[1].partition("#")[0] + "#token=wrong")
    page.locator("#away", has_text="not the one that was printed").wait_for()
    assert "spring" not in page.content()


FACES = """([key, base]) => {
  const one = model.looks[key].takes[0];
  one.face = { base, reference: base, warn: 0.35, hold: 0.4, differs: base > 0.35, held: base > 0.4,
    none: base === null ? 'Its chain begins here.' : null, crop: [0.3, 0.2, 0.4, 0.3], shape: 1 };
  paintAll();
}"""
"""What the server tells of a face that was measured."""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_faces_is_accessible_and_fits_a_phone(
    browser: Any, server: tuple[Any, str], width: int
) -> None:
    page = enter(browser, server[1], width)
    for key, base in (("base", None), ("office", 0.45)):
        page.evaluate(FACES, [key, base])
    page.get_by_role("button", name="Face differs 1").click()
    assert page.locator(".tile").count() == 1
    page.locator(".tile[data-look=office]", has_text="approval needed").click()
    assert page.locator("#panel .crops figure").count() == 2
    told = page.locator("#panel .likeness").inner_text()
    assert "0.45 from the base" in told
    assert "waits for an approval: beyond 0.40" in told
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if width < 400:
        page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="All", exact=False).first.click()
    page.locator(".tile[data-look=base]").click()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
