"""The page in a real browser: views, filters, keys, comparison, and no request that leaves it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import catalog
from tests.catalog import sample
from tests.catalog.axe import find_violations
from tests.catalog.browser import CHROMIUM, INTRUSION, STOPPED, open_chromium, wait_until
from tests.catalog.hostile import HOSTILE, document_of
from tests.catalog.test_faces import campaign as faces_campaign

pytest.importorskip(
    "playwright", reason="the browser tests need playwright: pip install 'lookbook-runner[browser]'"
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)"),
]
Show = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as launched:
        yield launched


@pytest.fixture
def show(browser: Any, folder: Path) -> Iterator[Show]:
    """Open a page; at the end nothing may have gone wrong and nothing may have left the folder."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(hash_: str = "", *, path: Path | None = None, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        home = (path or folder / "catalog.html").as_uri()
        root = home.rpartition("/")[0] + "/"
        page.on("console", lambda m: problems.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))

        def refuse(dialog: Any) -> None:
            problems.append(f"a dialog opened: {dialog.message}")
            dialog.dismiss()

        def watch(request: Any) -> None:
            if not request.url.startswith((root, "data:")):
                problems.append(f"a request left the page: {request.url[:200]}")

        page.on("dialog", refuse)
        page.on("request", watch)
        page.goto(home + hash_)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def cards(page: Any) -> list[str]:
    """The titles of the cards that show."""
    titles: list[str] = page.eval_on_selector_all(
        "#view-grid .card:not([hidden]) .title", "all => all.map(one => one.textContent)"
    )
    return titles


def loaded(page: Any, selector: str) -> None:
    """Wait until every picture there is drawn."""
    wait_until(
        page,
        """selector => [...document.querySelectorAll(selector)]
            .every(image => image.complete && image.naturalWidth)""",
        selector,
    )


# --- views and filters ------------------------------------------------------------------------


def test_the_grid_shows_every_look_with_its_picture(show: Show) -> None:
    page = show()
    assert len(cards(page)) == 21
    loaded(page, "#view-grid > .grid .card:nth-child(-n+5) img")
    assert page.locator("h1").inner_text() == "Spring lookbook"


def test_views_change_and_back_returns(show: Show) -> None:
    page = show()
    page.get_by_role("link", name="Matrix", exact=True).click()
    assert page.locator("#view-matrix").is_visible()
    assert not page.locator("#view-grid").is_visible()
    assert page.locator("#view-matrix .gap").count() == 2
    page.get_by_role("link", name="Lineage", exact=True).click()
    assert page.locator("#view-lineage").is_visible()
    page.go_back()
    page.locator("#view-matrix").wait_for()
    assert page.locator(".views [aria-current=true]").inner_text() == "Matrix"


def test_lineage_shows_every_wanted_look_once(show: Show) -> None:
    page = show("#view=lineage")
    shown = page.locator("#view-lineage [data-look]").evaluate_all(
        "all => all.map(one => Number(one.dataset.look))"
    )
    assert sorted(shown) == list(range(20))


def choose_filter(page: Any, menu: str, value: str) -> None:
    summary = page.locator(".menu summary", has_text=menu)
    summary.click()
    page.locator(".menu[open] label", has_text=value).click()
    summary.click()


def test_filters_narrow_and_combine_and_clear(show: Show) -> None:
    page = show()
    choose_filter(page, "Outfit", "Linen")
    assert cards(page) == ["Linen, Office", "Linen, Studio", "Linen, Garden"]
    choose_filter(page, "Outfit", "Knit")
    assert len(cards(page)) == 6
    choose_filter(page, "Setting", "Garden")
    assert cards(page) == ["Linen, Garden", "Knit, Garden"]
    assert page.locator("#tally").inner_text() == "2 of 21 looks"
    page.get_by_role("button", name="Clear", exact=True).click()
    assert len(cards(page)) == 21


def test_the_least_alike_face_comes_first_and_faces_that_differ_are_a_filter(
    show: Show, tmp_path: Path
) -> None:
    results = faces_campaign()
    sample.draw(tmp_path, results, (160, 200))
    page = show(path=catalog.write_catalog(results, tmp_path))
    manifest = cards(page)
    choose_filter(page, "Face", "Least alike first")
    assert [title.lower() for title in cards(page)] == ["far", "agreed", "near", "base", "turned"]
    assert page.inner_text("#tally") == ""
    choose_filter(page, "Face", "Face differs")
    assert [title.lower() for title in cards(page)] == ["far"]
    page.click("#clear")
    assert cards(page) == manifest
    page.click('a[aria-label^="far" i]')
    crops = page.locator("dialog .crops svg image")
    assert crops.count() == 3


def test_states_and_tags_are_filters_too(show: Show) -> None:
    page = show()
    choose_filter(page, "State", "Failed")
    assert cards(page) == ["Ski Lodge"]
    choose_filter(page, "State", "Failed")
    choose_filter(page, "Tag", "story")
    assert cards(page) == ["Blazer, Office at Night", "Blazer, Late"]


def test_search_looks_in_prompts_ids_and_titles(show: Show) -> None:
    page = show()
    search = page.get_by_role("searchbox")
    search.fill("marble EVENING")
    assert cards(page) == ["Red Dress, Staircase"]
    search.fill("lk_harbour_0001")
    assert cards(page) == ["Harbour"]
    search.fill("nowhere to be found")
    assert cards(page) == []
    page.get_by_role("button", name="Clear the filters").click()
    assert len(cards(page)) == 21


def test_an_address_brings_back_view_filters_and_look(show: Show) -> None:
    page = show("#view=matrix&axis.outfit=linen&look=linen-office")
    assert page.locator("dialog h2").inner_text() == "Linen, Office"
    page.keyboard.press("Escape")
    assert page.locator("#view-matrix").is_visible()
    dimmed = page.locator("#view-matrix .cell[inert]").count()
    assert dimmed == 7


def test_an_address_with_an_unknown_look_shows_the_grid(show: Show) -> None:
    page = show("#look=nobody&view=nowhere")
    assert page.locator("#view-grid").is_visible()
    assert not page.locator("dialog").is_visible()


# --- one look ---------------------------------------------------------------------------------


def test_a_look_shows_what_there_is_to_know(show: Show) -> None:
    page = show("#look=blazer-office-night")
    dialog = page.locator("dialog")
    text = dialog.inner_text()
    assert "Marked: what differs from Blazer, Office" in text
    assert dialog.locator("mark").all_inner_texts() == ["at night, city lights outside"]
    for known in ("lk_blazer_office_night_0001", "gr_sarah_01", "$1.00", "1 min 24 s"):
        assert known in text


def test_a_look_without_a_reference_says_that_it_does_not_keep_the_face(show: Show) -> None:
    assert "Does not keep the face" in show("#look=brand-ambassador").locator("dialog").inner_text()


def test_an_error_is_said_in_words(show: Show) -> None:
    text = show("#look=ski-lodge").locator("dialog").inner_text()
    assert "moderation refused" in text
    assert "The prompt was rejected by moderation." in text


def test_a_look_beside_its_reference_and_through_the_slider(show: Show) -> None:
    page = show("#look=blazer-office")
    other = page.locator("dialog .other")
    assert not other.is_visible()
    page.get_by_role("button", name="Side by side").click()
    assert other.is_visible()
    loaded(page, "dialog .stage img")
    left, right = other.bounding_box(), page.locator("dialog .this").bounding_box()
    assert left["x"] + left["width"] <= right["x"]
    page.get_by_role("button", name="Slider").click()
    clip = "getComputedStyle(document.querySelector('dialog .this')).clipPath"
    before = page.evaluate(clip)
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(clip) != before
    assert page.locator("dialog h2").inner_text() == "Blazer, Office"


def test_the_picture_itself_can_be_drawn_aside(show: Show) -> None:
    page = show("#look=blazer-office")
    page.get_by_role("button", name="Slider").click()
    loaded(page, "dialog .stage img")
    box = page.locator("dialog .this").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert page.get_by_role("slider").input_value() == "25"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.get_by_role("slider").input_value() == "25"  # nobody holds it any more


def test_the_slider_stands_where_the_picture_is_cut(show: Show) -> None:
    page = show("#look=blazer-office")
    page.get_by_role("button", name="Slider").click()
    figure = page.locator("dialog .this").bounding_box()
    track = page.get_by_role("slider").bounding_box()
    thumb = 20
    assert track["x"] + thumb / 2 == pytest.approx(figure["x"], abs=1)
    assert track["width"] - thumb == pytest.approx(figure["width"], abs=1)


def test_a_look_is_compared_with_its_takes_and_its_neighbour(show: Show) -> None:
    page = show("#look=red-dress")
    page.get_by_role("button", name="Side by side").click()
    page.get_by_label("Compare with").select_option(label="Take 2")
    loaded(page, "dialog .stage img")
    assert page.locator("dialog .other img").get_attribute("src") == "images/red-dress.2.png"
    assert page.locator("dialog .other figcaption").inner_text() == "Take 2"


def test_takes_are_shown_with_the_picked_one_marked(show: Show) -> None:
    page = show("#look=red-dress")
    takes = page.locator("dialog .strip button")
    assert takes.all_inner_texts() == ["Take 1, picked", "Take 2", "Take 3, failed"]
    takes.nth(1).click()
    assert page.locator("dialog .this img").get_attribute("src") == "images/red-dress.2.png"
    assert "lk_red_dress_0002" in page.locator("dialog").inner_text()
    takes.nth(2).click()
    assert "The picture was rejected." in page.locator("dialog").inner_text()


def test_ids_are_copied(show: Show) -> None:
    page = show("#look=blazer-office")
    button = page.get_by_role("button", name="Copy avatar_id")
    button.click()
    wait_until(page, "document.querySelector('dialog dl .copy').textContent === 'Copied'")


def test_chosen_looks_stay_chosen_and_can_be_listed(show: Show) -> None:
    page = show()
    page.locator(".card", has_text="Blazer, Street").locator(".choose").click()
    page.locator(".card", has_text="Brand Ambassador").locator(".choose").click()
    page.reload()
    page.locator("#chosen-filter").click()
    assert cards(page) == ["Blazer, Street", "Brand Ambassador"]
    page.evaluate(
        """() => Object.defineProperty(navigator, 'clipboard',
            {value: {writeText: async text => { window.copied = text; }}})"""
    )
    page.get_by_role("button", name="Copy the keys").click()
    wait_until(page, "window.copied")
    assert page.evaluate("window.copied") == "blazer-street brand-ambassador"
    page.evaluate("toClipboard('one\\r\\n rm -rf two\\n', document.querySelector('#copy-chosen'))")
    assert page.evaluate("window.copied") == "one rm -rf two"


def test_money_follows_the_filters_and_leads_to_the_look(show: Show) -> None:
    page = show("#view=money")
    rows = page.locator(".charges tbody tr:visible")
    assert rows.count() == 21
    choose_filter(page, "Outfit", "Linen")
    assert rows.count() == 3
    assert page.inner_text("#charged") == " · 3 shown, $3.00"
    rows.nth(0).locator("a").click()
    assert page.locator("dialog h2").inner_text() == "Linen, Office"
    assert "Bought as" in page.locator("dialog").inner_text()


def test_what_hangs_on_a_look_is_a_way_to_it(show: Show) -> None:
    page = show("#look=blazer-office")
    assert "renewing all of them costs $2.00" in page.inner_text("dialog .followers")
    page.click("dialog .followers a")
    assert page.locator("dialog h2").inner_text() == "Blazer, Office at Night"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "place", ["", "#view=matrix", "#view=lineage", "#view=money", "#look=base"]
)
def test_nobody_is_left_out(show: Show, scheme: str, place: str) -> None:
    page = show(place, color_scheme=scheme, reduced_motion="reduce")
    assert find_violations(page.evaluate) == []


# --- keys, screen readers, paper --------------------------------------------------------------


def test_the_keyboard_alone_is_enough(show: Show) -> None:
    page = show()
    page.keyboard.press("/")
    page.keyboard.type("blazer")
    assert len(cards(page)) == 6
    page.locator(".card:not([hidden]) .frame").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("dialog h2").inner_text() == "Blazer, Street"
    assert page.evaluate("document.activeElement.tagName") == "H2"
    page.keyboard.press("ArrowRight")
    assert page.locator("dialog h2").inner_text() == "Blazer, Studio"
    assert page.locator("dialog .place").inner_text() == "3 / 6"
    page.keyboard.press("c")
    assert page.locator("dialog .other").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.locator("dialog .other").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.evaluate("document.activeElement.dataset.open") == "4"


def test_arrows_go_up_and_down_the_columns(show: Show) -> None:
    page = show()
    frames = page.locator("#view-grid .frame")
    frames.nth(5).focus()
    before = frames.nth(5).bounding_box()
    page.keyboard.press("ArrowDown")
    box = page.evaluate("(({x, y}) => ({x, y}))(document.activeElement.getBoundingClientRect())")
    assert box["x"] == pytest.approx(before["x"], abs=2)
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.open") == "5"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "hash_",
    [
        "",
        "#view=matrix",
        "#view=matrix&axis.outfit=linen",
        "#view=lineage",
        "#look=red-dress",
        "#look=ski-lodge",
    ],
)
def test_axe_finds_nothing_serious(show: Show, hash_: str, scheme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = show(hash_, color_scheme=scheme, reduced_motion="reduce")
    response = axe.Axe().run(page).response
    assert len(response["passes"]) > 10
    serious = [
        (rule["id"], [node["html"][:160] for node in rule["nodes"][:3]])
        for rule in response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("hash_", ["", "#view=matrix", "#view=lineage", "#look=red-dress"])
def test_a_narrow_screen_does_not_scroll_sideways(show: Show, hash_: str, width: int) -> None:
    page = show(hash_, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_follows_the_system_and_can_be_turned_over(show: Show) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    page = show(color_scheme="dark")
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) != dark
    page.reload()
    assert page.evaluate(paper) != dark


def test_paper_is_white_even_where_the_screen_is_dark(show: Show) -> None:
    page = show(color_scheme="dark")
    page.emulate_media(media="print")
    colours = "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    assert page.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


@pytest.mark.parametrize("hash_", ["", "#view=matrix", "#look=red-dress"])
def test_paper_has_the_pictures_and_not_the_controls(show: Show, hash_: str) -> None:
    page = show(hash_)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not page.locator("#bar").is_visible()
    loaded(page, "dialog[open] .this img" if "look" in hash_ else ".view:not([hidden]) img")
    assert page.pdf().startswith(b"%PDF")


def test_without_scripts_every_look_is_there(show: Show) -> None:
    page = show(java_script_enabled=False)
    assert page.locator("#view-grid .card").count() == 21
    assert page.locator("#view-grid .card").last.is_visible()
    assert not page.locator("#theme").is_visible()


# --- safety and size --------------------------------------------------------------------------


@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_runs_nothing_and_breaks_nothing(show: Show, tmp_path: Path, bad: str) -> None:
    page = show(path=catalog.write_catalog(document_of(bad), tmp_path))
    for view in ("matrix", "lineage", "grid"):
        page.locator(f'.views [data-view="{view}"]').click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    for index in range(4):
        page.locator(f'#view-grid [data-open="{index}"]').click()
        assert page.locator("dialog").is_visible()
        assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 1280
        page.keyboard.press("Escape")
    assert (
        page.locator("body > *").count()
        == show(path=catalog.write_catalog(document_of("tame"), tmp_path / "tame"))
        .locator("body > *")
        .count()
    )


def test_the_policy_stops_what_the_page_did_not_bring(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "catalog.html").as_uri())
    page.evaluate(INTRUSION)
    wait_until(page, "window.stopped.length >= 3")
    assert sorted(page.evaluate("window.stopped")) == STOPPED
    assert page.evaluate("window.intruder") is None
    page.close()


def test_an_embedded_page_stands_alone(show: Show, folder: Path, tmp_path: Path) -> None:
    page = show(path=catalog.write_catalog(sample.campaign(), folder, embed=True, target=tmp_path))
    assert list(tmp_path.iterdir()) == [tmp_path / "catalog.html"]
    loaded(page, "#view-grid > .grid .card:nth-child(-n+5) img")
    page.locator('.views [data-view="lineage"]').click()
    loaded(page, "#view-lineage .tree.base .chain li:first-child img")
    page.locator('#view-lineage [data-open="11"]').click()
    page.keyboard.press("c")
    loaded(page, "dialog img")
    page.get_by_role("button", name="Close").click()


def test_a_thousand_looks_draw_only_what_is_seen(show: Show, tmp_path: Path) -> None:
    results = sample.many(1000)
    sample.draw(tmp_path, results, (40, 50))
    path = catalog.write_catalog(results, tmp_path)
    page = show(path=path)
    assert page.locator("#view-grid .card").count() == 1000
    drawn = page.evaluate("[...document.images].filter(image => image.complete).length")
    assert drawn < 500, "pictures below the fold wait until they are needed"
    page.locator("[type=search]").fill("outfit-7")
    assert len(cards(page)) == 25
