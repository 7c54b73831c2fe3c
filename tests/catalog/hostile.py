"""Words that try to be more than words, and a page as a browser would see it."""

from html.parser import HTMLParser
from itertools import cycle

from runner.results.model import Results
from tests.catalog import sample

__all__ = ["HOSTILE", "Outline", "document_of"]

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "{{ 7*7 }} {% raw %} ${x}",
    "javascript:alert(1)",
    "</template></style></title><svg onload=alert(1)>",
    "\u202egnp.exe \u2066 \u2069 \u200f",
    "W" * 1000,
    "]]>--><!--",
    "\x00\x1b[31m\ud800",
)


class Outline(HTMLParser):
    """Every tag with its attributes, and the text between, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def document_of(*texts: str) -> Results:
    """Return a campaign in which every text that can be hostile is the next one of these."""
    given = cycle(texts)

    def bad() -> str:
        return next(given)

    error = {"code": bad(), "message": bad()}
    axes = {bad(): bad(), "other": bad()}
    takes = [
        sample.take(
            "x",
            image=bad(),
            name=bad(),
            avatar_id=bad(),
            avatar_group_id=bad(),
            error=error,
            request_id=bad(),
            reference_id=bad(),
            consent_url="https://x/" + bad(),
            request={"prompt": bad() + "!"},
        ),
        sample.take("x", 2, picked=False, image="images/" + bad()),
    ]
    one = sample.look(
        "x",
        bad(),
        takes,
        look=bad(),
        title=bad(),
        name=bad(),
        tags=[bad()],
        axes=axes,
        matrix=bad(),
        reference=bad(),
        error=error,
        reason=bad(),
        identity=bad(),
    )
    two = sample.look("y", bad() + " more", reference=bad(), title=bad())
    return sample.document(
        [sample.base(), one, two], orphans=[one], campaign=bad(), account=bad(), manifest=bad()
    )
