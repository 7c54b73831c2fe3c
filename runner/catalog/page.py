"""The catalog as one HTML file: it asks for nothing from a network, and its policy says so.

Text reaches the page only through Jinja with autoescape; style and script are named by their hash
in the Content-Security-Policy, so nothing else can run even if something slipped through.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from runner.catalog import faces, lineage, matrix, words
from runner.catalog.model import CatalogPage, LookView, Rival
from runner.catalog.pictures import CatalogImage

__all__ = ["render"]

_TEMPLATES = Path(__file__).parent / "templates"
PIECES_PER_WRITE = 1_000
"""Pieces of a template that are joined before they are written."""

_SCRIPTS = ("page.js", "chosen.js", "filters.js", "detail.js", "start.js")


def render(
    page: CatalogPage, pictures: Mapping[str, CatalogImage], *, embed: bool
) -> Iterator[str]:
    """Return the page in pieces: that of many looks, in one, is most of the memory that it takes.

    ``pictures`` holds what is known of each image path in ``page``.
    """
    named = {
        image: replace(picture, embedded=f"picture-{number}")
        for number, (image, picture) in enumerate(pictures.items())
    }
    css = _asset("catalog.css") + f":root{{--ratio:{_ratio(pictures):.4f}}}\n"
    js = "".join(_asset(name) for name in _SCRIPTS)
    stream = (
        _environment()
        .get_template("catalog.html.j2")
        .stream(
            page=page,
            matrices=[matrix.arrange(axes, page.looks) for axes in page.matrices],
            places={look.key: look.index for look in reversed(page.looks)},
            faces=faces.chart(page.looks),
            trees=lineage.grow(page.looks),
            pictures=named,
            comparable=[_comparable(look, named) for look in page.looks],
            embedded={p.embedded: p.full for p in named.values() if embed and p.full},
            embed=embed,
            index=[_entry(look) for look in page.looks],
            css=_Verbatim(css),
            js=_Verbatim(js),
            policy=_policy(css, js),
        )
    )
    stream.enable_buffering(PIECES_PER_WRITE)
    return stream


class _Verbatim(str):
    """Our own style and script: the page carries them as they are, because a hash names them."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["human"] = words.human_label
    return environment


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _policy(css: str, js: str) -> str:
    """Return a policy: this style, this script, and pictures beside or inside the page."""
    return (
        f"default-src 'none'; img-src 'self' file: data:; style-src '{_digest(css)}'; "
        f"script-src '{_digest(js)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _ratio(pictures: Mapping[str, CatalogImage]) -> float:
    """Return the frames the proportions that most pictures have, so that least is cropped."""
    ratios = [picture.width / picture.height for picture in pictures.values() if picture.thumb]
    return min(max(median(ratios), 0.5), 2.0) if ratios else 0.8


def _comparable(look: LookView, pictures: Mapping[str, CatalogImage]) -> list[Rival]:
    return [rival for rival in look.rivals if pictures[rival.image].full]


def _entry(look: LookView) -> dict[str, object]:
    """Return what the script filters by; ``text`` is what a search looks in."""
    takes = [take.avatar_id for take in look.takes]
    texts = [
        *(look.key, look.title, look.name, look.prompt, look.label, look.avatar_id, look.group_id),
        *look.tags,
        *(value for _, value in look.axes),
        *takes,
    ]
    return {
        "key": look.key,
        "state": look.state,
        "tags": look.tags,
        "axes": look.axes,
        "face": look.face.base if look.face else None,
        "differs": look.face is not None and look.face.differs and not look.face.accepted,
        "text": re.sub(r"\s+", " ", " ".join(text for text in texts if text)).lower(),
    }
