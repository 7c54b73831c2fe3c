"""Make the README's pictures of a catalog: ``python -m tests.catalog.screenshots FOLDER OUT``.

FOLDER is where a run left ``catalog.html``; OUT gets the pictures, each small enough to commit.
"""

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.catalog.browser import open_chromium

SHOTS = (
    ("catalog", "", "light", (1440, 1150)),
    ("matrix", "#view=matrix", "light", (1440, 1150)),
    ("lineage", "#view=lineage", "dark", (1440, 1150)),
    ("compare", "", "light", (1440, 900)),
    ("phone", "", "dark", (390, 844)),
)
"""Name, address, colours, and size in CSS pixels of each picture."""


def main(folder: Path, out: Path) -> None:
    """Open the catalog in Chromium and take every picture that it has a view for."""
    out.mkdir(parents=True, exist_ok=True)
    home = (folder / "catalog.html").resolve().as_uri()
    with open_chromium() as browser:
        for name, address, scheme, (width, height) in SHOTS:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page.goto(home + address)
            if name == "compare":
                compare(page)
            elif address:
                page.locator("#bar").evaluate("bar => scrollTo(0, bar.offsetTop)")
            if name != "matrix" or page.locator("#view-matrix").count():
                page.wait_for_timeout(500)
                save(page, out / f"{name}.jpg")
            page.close()
        for copy in sorted(folder.glob("*-for-review.html"))[:1]:
            review(browser, copy, out / "client.jpg")


def review(browser: Any, copy: Path, target: Path) -> None:
    """Take the client's copy as it looks in the middle of an answer."""
    page = browser.new_page(
        viewport={"width": 1440, "height": 1000}, color_scheme="light", reduced_motion="reduce"
    )
    page.goto(copy.resolve().as_uri())
    for decision, index in (("approve", 3), ("approve", 4), ("reject", 5)):
        page.locator(f".card .{decision}").nth(index).click()
    page.locator(".card textarea").nth(5).fill(
        "Too casual for the launch. The trench coat, please?"
    )
    page.locator(".card").nth(4).evaluate("card => scrollTo(0, card.offsetTop - 90)")
    page.wait_for_timeout(500)
    save(page, target)
    page.close()


def compare(page: Any) -> None:
    """Open the second look after the base, beside what it was made from."""
    page.locator(".card:not(.hero) .frame:has(img)").nth(1).click()
    page.get_by_role("button", name="Side by side").click()


def save(page: Any, target: Path) -> None:
    """Write what the window shows, as a JPEG."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(target, quality=84, optimize=True, progressive=True)
    sys.stdout.write(f"{target}  {target.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
