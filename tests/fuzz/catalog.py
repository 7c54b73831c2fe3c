"""Any bytes as the texts of a campaign: pages with no tag, handler or address of their own.

The first byte chooses the page. Zeros divide the rest; each text that a results document has is one
of the parts.
"""

import json
import re
from functools import cache
from pathlib import Path

from runner import catalog
from runner.catalog import tables
from runner.catalog.client import Shown, build_client_page, render_client_page
from runner.catalog.pictures import prepare_images
from runner.results.model import Results
from tests.catalog import sample
from tests.catalog.hostile import HOSTILE, Outline, document_of
from tests.fuzz.target import Target, demand, folder, written

KINDS = ("page", "embedded", "client")

WORDS = (
    *("<script>", "</script>", "<img src=x onerror=", "<!--", "-->", "]]>", "</style>", "</title>"),
    *("javascript:", "data:text/html,", "vbscript:", "//a.example/", "https://", "file:///"),
    *('" onmouseover="', "' onclick='", "&#x3c;", "&lt;", "&quot;", "{{", "}}", "{%", "%}", "${"),
    *("=cmd|", "+1", "-1", "@SUM(", "\t=", "\r=", '"', ",", ";", "\n", "\r", "\x1b[", "\x85"),
    *("\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\U000e0041", "../", "images/", "\x00"),
)

FORMULA = re.compile(r"[=+\-@\t\r]")
ADDRESSES = ("src", "href", "srcset", "data-src", "action", "poster", "formaction", "xlink:href")
OURS = ("images/", "thumbs/", "data:image/", "data:,", "#")
OPENED = ("https://", "http://")
"""What a person may click on; nothing is loaded from there."""


def run(data: bytes) -> None:
    """Write a page and the tables that are made of it."""
    texts = [one.decode("utf-8", "surrogateescape") for one in data[1:].split(b"\0")]
    results = document_of(*texts)
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    harmless(page_of(results, kind), kind)
    for line in tables.to_jsonl(results):
        json.loads(written(line, "a line of JSON"))
    for cell in cells("".join(tables.to_csv(results))):
        number = re.fullmatch(r"[+\-]?[0-9.]+", cell)
        demand(number or not FORMULA.match(cell), "no cell is a formula")


def cells(text: str) -> list[str]:
    import csv

    csv.field_size_limit(1 << 30)
    written(text, "the table")
    return [cell for row in csv.reader(text.splitlines(keepends=True)) for cell in row]


def harmless(html: str, kind: str) -> None:
    """Compare with the same page made of tame words."""
    tags, scripts = tame(kind)
    found = Outline(html).tags
    odd = {tag for tag, _ in found} - tags
    demand(not odd, f"no tag is added: {odd}")
    demand([tag for tag, _ in found].count("script") == scripts, "no script is added")
    for tag, attributes in found:
        for name, value in attributes.items():
            demand(not name.startswith("on"), f"no handler is added: {name}")
            allowed = (*OURS, *OPENED) if tag == "a" else OURS
            address = name in ADDRESSES and value
            demand(not address or str(value).startswith(allowed), f"an address of ours: {value}")
    demand(not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", html), "no marks of direction")


def page_of(results: Results, kind: str) -> str:
    """Return a page of the three kinds that there are."""
    if kind == "page":
        return catalog.write_catalog(results, place()).read_text("utf-8")
    if kind == "embedded":
        path = catalog.write_catalog(results, place(), embed=True, target=place() / kind)
        return path.read_text("utf-8")
    handed = build_client_page(results, set(Shown))
    images = prepare_images(place(), handed.sources, embed=True)
    return "".join(render_client_page(handed, images))


@cache
def tame(kind: str) -> tuple[frozenset[str], int]:
    """Return the tags that pages of tame words have, and how many of them are scripts."""
    tags: list[str] = []
    for texts in (["word"], ["one two", "one three"], [f"word{number}" for number in range(60)]):
        tags = [tag for tag, _ in Outline(page_of(document_of(*texts), kind)).tags] + tags
    return frozenset(tags), tags.count("script") // 3


@cache
def place() -> Path:
    """Return a state folder with the pictures of the base."""
    made = folder() / "catalog"
    made.mkdir()
    sample.draw(made, base_only(), (64, 80))
    return made


def base_only() -> Results:
    return sample.document([sample.base()])


def seeds() -> list[bytes]:
    found = [bad.encode("utf-8", "surrogatepass") for bad in HOSTILE]
    every = b"\0".join(found)
    return [bytes([number]) + text for number, text in enumerate([*found, every, every, every])]


WATCHED = ("runner.catalog",)
TARGET = Target("catalog", run, seeds, WORDS, WATCHED)
