"""The page itself: one document with its style and script inside, and nothing of any campaign.

No library and no build step: the page is some hundred lines over the browser's own elements, and
its policy names style and script by their hashes, so that nothing else can run. It has the
catalog's typography.
"""

from functools import cache
from pathlib import Path

from runner.catalog.html import make_policy, read_template

_PAGE = Path(__file__).parent / "page"
_SCRIPTS = (
    "dom.js",
    "talk.js",
    "faces.js",
    "matrix.js",
    "detail.js",
    "edit.js",
    "views.js",
    "client.js",
    "basket.js",
    "main.js",
)


@cache
def _parts() -> tuple[str, str, str]:
    """Return frame, style and script."""

    def read(name: str) -> str:
        return (_PAGE / name).read_text(encoding="utf-8")

    style = read_template("base.css") + read("review.css")

    script = '"use strict";\n' + "".join(read(name) for name in _SCRIPTS)
    return read("review.html"), style, script


@cache
def load_shell() -> bytes:
    """Return the page."""
    frame, style, script = _parts()
    page = frame.replace("/*style*/", style, 1).replace("/*script*/", script, 1)
    return page.encode()


@cache
def shell_policy() -> str:
    """Return its Content-Security-Policy: this style, this script, and this server alone."""
    _, style, script = _parts()
    policy = make_policy(style, script, pictures="'self' data:")
    return f"{policy}; connect-src 'self'; frame-ancestors 'none'"
