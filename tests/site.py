"""Stage the documentation for its site, and check the site that was built (``make docs``).

The pages read as well where they lie; a site has no files outside of ``docs/``, so those are put
beside them: ``python -m tests.site stage build/docs``, then ``... check build/site``.
"""

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.reference import write_pages

ROOT = Path(__file__).parents[1]
BESIDE = ("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md")
"""Files of the root that pages link to."""


def stage(out: Path) -> None:
    """Copy the pages and what they link to; links out of ``docs/`` lead to the copies."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ROOT / "docs", out)
    shutil.copytree(ROOT / "schemas", out / "schemas")
    for name in BESIDE:
        shutil.copy(ROOT / name, out / name)
    write_pages(out / "reference")
    for page in list(out.rglob("*.md")):
        _copy_targets(page, out)
        text = page.read_text("utf-8")
        if page.parent == out:
            text = text.replace("](../schemas/)", "](reference/forms.md)").replace("](../", "](")
            text = text.replace("](docs/", "](")
        else:
            text = text.replace("](../../", "](../")
        page.write_text(text, "utf-8")


def _copy_targets(page: Path, out: Path) -> None:
    """Copy the files outside of ``docs/`` that a page links to, to where its links will lead."""
    for target in re.findall(r"\]\((?:\.\./)+([\w/.-]+)", page.read_text("utf-8")):
        source, aim = ROOT / target, out / target
        if source.is_file() and not aim.exists():
            aim.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, aim)


class Links(HTMLParser):
    """What a page links to, what it loads, and which anchors it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(given["href"])
        elif tag in ("script", "img") and "src" in given:
            self.loads.append(given["src"])


def read_page(path: Path) -> Links:
    page = Links()
    page.feed(path.read_text("utf-8"))
    return page


def find_faults(site: Path) -> list[str]:
    """Return links that lead nowhere, and what pages load from elsewhere."""
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
    faults = [] if len(pages) > 1 else [f"{site} holds no site"]
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                if target in page.loads:
                    faults.append(f"{path.relative_to(site)} loads {target}")
                continue
            aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            aim = aim / "index.html" if aim.is_dir() else aim
            if not aim.exists():
                faults.append(f"{path.relative_to(site)} links to {target}, which is not there")
            elif (
                parts.fragment
                and aim in pages
                and unquote(parts.fragment) not in (pages[aim].anchors | {"__top"})
            ):
                faults.append(f"{path.relative_to(site)}: no section {target}")
    return faults


if __name__ == "__main__":
    _, action, folder = sys.argv
    if action == "stage":
        stage(Path(folder))
    elif faults := find_faults(Path(folder).resolve()):
        sys.exit("\n".join(faults))
