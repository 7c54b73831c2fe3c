"""The review page in a second browser: deciding, live news, and what keeps the page accessible."""

from pathlib import Path

import pytest

pytest.importorskip("websockets", reason="needs websockets: pip install 'lookbook-runner[browser]'")
pytest.importorskip("axe_playwright_python", reason="needs axe: `make test-browsers` installs it")

from runner.ledger.reading import read_snapshot
from tests.catalog.axe import find_violations
from tests.catalog.firefox import DARK, FIREFOX, open_firefox
from tests.review.test_browser import campaign, server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(FIREFOX is None, reason="no Firefox is installed (Debian: firefox-esr)"),
]
__all__ = ["campaign", "server"]


def test_a_look_is_decided_edited_and_put_into_the_basket_in_firefox_on_a_narrow_dark_page(
    server: tuple[object, str],
    campaign: Path,
) -> None:
    with open_firefox(DARK) as firefox:
        page, narrow = firefox.page(), firefox.page(390)
        for one in (page, narrow):
            one.open(server[1])
            one.until("document.querySelectorAll('.tile').length === 3")
            assert find_violations(one.run) == []
        assert narrow.run("document.documentElement.scrollWidth") <= 390
        page.click(".tile[data-look=office]")
        page.press("a")
        chip = "document.querySelector('.tile[data-look=office] .chip')?.textContent"
        narrow.until(f"{chip} === '✓ approved'")
        page.click(".tile[data-look=street]")
        page.press("t")
        narrow.until("document.querySelector('#basket').checkVisibility()")
        assert "$1.00" in narrow.text("#basket")
        assert find_violations(narrow.run) == []
        assert firefox.problems == []
    known = read_snapshot(campaign.with_suffix(".lookbook") / "simulated" / "ledger.sqlite")
    assert [review.state for review in known.reviews.values()] == ["approved"]
