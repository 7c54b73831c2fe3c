"""The client's copy in real browsers: answers are kept, go on to the next tab, and come back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner import catalog
from runner.catalog import client
from runner.resources import schema
from tests.catalog import sample
from tests.catalog.axe import find_violations
from tests.catalog.browser import CHROMIUM, INTRUSION, STOPPED, open_chromium, wait_until
from tests.catalog.firefox import FIREFOX, LIGHT, Firefox, Page, open_firefox

for package in ("playwright", "websockets", "axe_playwright_python"):
    pytest.importorskip(
        package, reason=f"the browser tests need {package}: pip install 'lookbook-runner[browser]'"
    )
pytestmark = [pytest.mark.browser, pytest.mark.slow]
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)"
)
needs_firefox = pytest.mark.skipif(
    FIREFOX is None, reason="no Firefox is installed (Debian: firefox-esr)"
)
Show = Callable[..., Any]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's copy of the sample campaign."""
    folder = tmp_path_factory.mktemp("client")
    results = sample.campaign()
    sample.draw(folder, results, (160, 200))
    chosen = client.select_for_client(results).results
    return catalog.write_client_copy(chosen, folder, folder / "spring-for-review.html", ["prompts"])


# --- Chromium -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as launched:
        yield launched


@pytest.fixture
def show(browser: Any, copy: Path) -> Iterator[Show]:
    """Open the copy; at the end nothing may have gone wrong, and nothing left the page."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(context: Any = None, **options: Any) -> Any:
        if context is None:
            size = {"viewport": {"width": 1280, "height": 900}}
            context = browser.new_context(**{**size, "reduced_motion": "reduce", **options})
            contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: problems.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda r: (
                problems.append(r.url[:200])
                if not r.url.startswith((copy.as_uri(), "data:", "blob:"))
                else None
            ),
        )
        page.goto(copy.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def states(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        ".card", "all => all.slice(0, 4).map(one => one.dataset.answer)"
    )
    return found


@needs_chromium
def test_answers_are_given_by_key_kept_and_seen_by_the_next_tab(show: Show) -> None:
    page = show()
    page.locator(".card .frame").nth(0).focus()
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("r")
    page.locator(".card textarea").nth(1).fill("too dark")
    page.locator(".card .approve").nth(2).click()
    page.locator(".card .approve").nth(2).click()
    assert states(page) == ["approved", "rejected", "undecided", "undecided"]
    assert page.inner_text('[data-show="undecided"]') == "To decide 15"
    second = show(page.context)
    assert states(second) == ["approved", "rejected", "undecided", "undecided"]
    assert second.locator(".card textarea").nth(1).input_value() == "too dark"
    second.locator(".card .approve").nth(3).click()
    page.locator(".card .reject").nth(2).click()  # the other tab's answer is not lost
    assert states(page) == ["approved", "rejected", "rejected", "approved"]
    wait_until(second, "document.querySelectorAll('.card')[2].dataset.answer === 'rejected'")
    page.reload()
    assert states(page) == ["approved", "rejected", "rejected", "approved"]


@needs_chromium
def test_a_picture_is_decided_about_large_and_the_next_to_decide_follows(show: Show) -> None:
    page = show()
    page.locator(".card .approve").nth(1).click()
    page.locator(".card .frame").nth(0).click()
    page.keyboard.press("a")
    page.keyboard.press("n")
    assert page.inner_text("#closer-title") == "Blazer, Street"
    assert page.inner_text("#closer-details").endswith("warm natural light, relaxed smile")
    page.keyboard.press("r")
    page.locator("#closer textarea").fill("a lighter coat?")
    page.keyboard.press("Escape")
    assert states(page) == ["approved", "approved", "rejected", "undecided"]
    assert page.locator(".card textarea").nth(2).input_value() == "a lighter coat?"
    page.click('[data-show="rejected"]')
    assert page.locator(".card:visible").count() == 1
    page.click('[data-show="undecided"]')
    assert page.locator(".card:visible").count() == 14


@needs_chromium
def test_what_comes_back_is_a_file_of_the_published_form(show: Show) -> None:
    page = show()
    page.locator(".card .approve").nth(0).click()
    page.locator(".card .reject").nth(1).click()
    page.locator(".card textarea").nth(2).fill("  a bit dark? ")
    page.click("#finish")
    assert page.inner_text("#send-sum") == "1 approved, 1 rejected, 15 not decided."
    assert "Blazer, Office" in page.inner_text("#send-silent")
    page.fill("#by", "Jo Ä")
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "answers spring-lookbook Jo Ä.json"
    document = json.loads(Path(download.value.path()).read_text("utf-8"))
    jsonschema.validate(document, schema("answers"))
    assert document["by"] == "Jo Ä"
    said = [(one["title"], one["state"], one.get("remark")) for one in document["answers"]]
    assert said == [
        ("Sarah", "approved", None),
        ("Blazer, Office", "rejected", None),
        ("Blazer, Street", "undecided", "a bit dark?"),
    ]
    page.click("#send summary")
    assert json.loads(page.input_value("#text")) == document


@needs_chromium
def test_a_browser_that_keeps_nothing_says_so(show: Show, browser: Any) -> None:
    context = browser.new_context()
    context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError') }"
    )
    page = show(context)
    assert not page.is_visible("#unkept")
    page.locator(".card .approve").nth(0).click()
    assert page.is_visible("#unkept")
    assert states(page)[0] == "approved"
    context.close()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nobody_is_left_out(show: Show, scheme: str, width: int) -> None:
    page = show(color_scheme=scheme, viewport={"width": width, "height": 844})
    page.locator(".card .approve").nth(0).click()
    page.locator(".card .reject").nth(1).click()
    assert find_violations(page.evaluate) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".card .frame").nth(1).click()
    assert find_violations(page.evaluate) == []
    page.keyboard.press("Escape")
    page.click("#finish")
    page.click("#send summary")
    assert find_violations(page.evaluate) == []
    assert page.evaluate("document.querySelector('#send').scrollWidth") <= width


@needs_chromium
def test_nothing_else_can_run_or_leave_the_page(browser: Any, copy: Path) -> None:
    page = browser.new_page()
    page.goto(copy.as_uri())
    page.evaluate(INTRUSION)
    wait_until(page, "window.stopped.length >= 3")
    assert sorted(set(page.evaluate("window.stopped"))) == STOPPED
    assert page.evaluate("window.intruder") is None
    page.close()


# --- Firefox --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def firefox(downloads: Path) -> Iterator[Firefox]:
    saving: dict[str, bool | int | str] = {
        "browser.download.folderList": 2,
        "browser.download.dir": str(downloads),
        "browser.download.useDownloadDir": True,
    }
    with open_firefox({**LIGHT, **saving}) as started:
        yield started


@pytest.fixture
def page(firefox: Firefox, copy: Path) -> Iterator[Page]:
    firefox.problems.clear()
    opened = firefox.page()
    opened.open(copy.as_uri())
    yield opened
    opened.close()
    assert firefox.problems == []


@needs_firefox
def test_another_engine_takes_keeps_and_hands_over_the_same_answers(
    page: Page, downloads: Path
) -> None:
    page.click(".card .approve", 0)
    page.click(".card .frame", 1)
    page.until("document.querySelector('#closer').open")
    page.press("r")
    page.click("#closer textarea")
    page.type("hands")
    page.press("Escape")
    page.reload()
    page.until("document.querySelectorAll('.card')[1].dataset.answer === 'rejected'")
    page.click("#finish")
    page.click("#by")
    page.type("Jo")
    document = json.loads(page.run("document.querySelector('#text').value"))
    jsonschema.validate(document, schema("answers"))
    said = [(one["title"], one["state"], one.get("remark")) for one in document["answers"]]
    assert said == [("Sarah", "approved", None), ("Blazer, Office", "rejected", "hands")]
    page.click("#save")
    saved = downloads / "answers spring-lookbook Jo.json"
    for _ in range(1_000):  # writing it takes a moment
        if saved.is_file() and saved.stat().st_size:
            break
        page.run("new Promise(done => setTimeout(done, 20))")
    assert json.loads(saved.read_text("utf-8")) == document
    assert find_violations(page.run) == []


@needs_firefox
def test_another_engine_shows_it_at_390_pixels(firefox: Firefox, copy: Path) -> None:
    page = firefox.page(390)
    page.open(copy.as_uri())
    assert find_violations(page.run) == []
    assert page.run("document.documentElement.scrollWidth") <= 390
    page.close()
