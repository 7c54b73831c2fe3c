"""The catalog as one HTML file: it asks for nothing from a network, and its policy says so."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from runner.catalog import faces, lineage, matrix
from runner.catalog.html import join_templates, load_templates, make_policy
from runner.catalog.model import CatalogPage, LookView, Rival
from runner.catalog.pictures import CatalogImage, style_ratio

PIECES_PER_WRITE = 1_000
"""Pieces of a template that are joined before they are written."""

_STYLES = ("base.css", "catalog.css")
_SCRIPTS = ("page.js", "chosen.js", "filters.js", "detail.js", "start.js")


def render(
    page: CatalogPage,
    pictures: Mapping[str, CatalogImage],
    *,
    embed: bool,
    photo: CatalogImage | None = None,
) -> Iterator[str]:
    """Return the page in pieces: that of many looks, in one, is most of the memory that it takes.

    ``pictures`` holds what is known of each image path in ``page``. ``photo`` stands for the base
    where that has no picture yet.
    """
    named = {
        image: replace(picture, embedded=f"picture-{number}")
        for number, (image, picture) in enumerate(pictures.items())
    }
    css = join_templates(_STYLES, style_ratio(pictures.values()))
    js = join_templates(_SCRIPTS)
    stream = (
        load_templates()
        .get_template("catalog.html.j2")
        .stream(
            page=page,
            matrices=[matrix.build_matrix(axes, page.looks) for axes in page.matrices],
            places={look.key: look.index for look in reversed(page.looks)},
            faces=faces.build_face_chart(page.looks),
            trees=lineage.build_trees(page.looks),
            pictures=named,
            photo=photo,
            comparable=[_comparable(look, named) for look in page.looks],
            embedded={p.embedded: p.full for p in named.values() if embed and p.full},
            embed=embed,
            index=map(_entry, page.looks),
            css=css,
            js=js,
            policy=make_policy(css, js, pictures="'self' file: data:"),
        )
    )
    stream.enable_buffering(PIECES_PER_WRITE)
    return stream


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
