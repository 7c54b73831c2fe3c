"""The catalog: results as a page that people look at, as contact sheets, tables and files.

Everything here is made from a results document and the folder it lies in, and from nothing else;
only the photo of a base that is not bought yet is the manifest's.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path, PurePath
from types import MappingProxyType

from runner.errors import UsageError
from runner.results.model import Results

__all__ = ["PAGE", "write_catalog", "write_client_copy"]

PAGE = "catalog.html"

MAX_PAGE_LOOKS = 20_000
"""Looks that one page shows at most; browsers become slow with fewer."""


MAX_CLIENT_PICTURES = 500
"""Pictures that a client's copy carries at most: it is one file, to be sent by mail."""


def write_catalog(
    results: Results,
    folder: Path,
    *,
    embed: bool = False,
    target: Path | None = None,
    planned: Mapping[str, Decimal] = MappingProxyType({}),
    photo: Path | None = None,
) -> Path:
    """Write ``folder/catalog.html`` from a results document, version 1, and return its path.

    Pictures are read from ``folder``; their thumbnails are kept in ``folder/thumbs``. With
    ``embed`` the page carries its pictures itself. With ``target`` the page goes into that folder
    instead, and the pictures it needs beside it are copied there. A picture that is missing, broken
    or outside of the folder is a placeholder with the reason. Of more than ``MAX_PAGE_LOOKS`` looks
    the page only says how to see some of them. ``planned`` is what the next run would pay for
    looks, in USD by key. ``photo`` is the base's, which stands for it before it is bought. Raises
    StorageError if something cannot be written.
    """
    if len(results["looks"]) > MAX_PAGE_LOOKS:
        return _too_many(results, folder if target is None else target)
    # Jinja and Pillow are slow to import, and most commands need neither.
    from runner.catalog import page, pictures, reading
    from runner.files import write_atomic

    view = reading.build_page(results, planned)
    if target is not None and not embed:
        pictures.copy_pictures(folder, target, view.sources)
        folder = target
    images = pictures.prepare_images(folder, view.sources, embed=embed)
    bare = any(look.is_base and look.image is None for look in view.looks)
    shown = pictures.embed_photo(photo) if photo is not None and bare else None
    html = page.render(view, images, embed=embed, photo=shown)
    path = (folder if target is None else target) / PAGE
    write_atomic(path, (piece.encode("utf-8") for piece in html))
    return path


def _too_many(results: Results, folder: Path) -> Path:
    from html import escape

    from runner.files import write_atomic
    from runner.shell import quote_command

    title = escape(results["campaign"])
    some = ("lookbook", "catalog", PurePath(results["manifest"]), "--select", "tag:hero")
    text = (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f"<h1>{title}</h1>\n<p>{len(results['looks']):,} looks are too many for one page. "
        f"<code>{escape(quote_command(*some))}</code> makes one of some of them; "
        "<code>results.json</code> has all.</p>\n</html>\n"
    )
    write_atomic(folder / PAGE, text.encode())
    return folder / PAGE


def write_client_copy(results: Results, folder: Path, target: Path, shown: Collection[str]) -> Path:
    """Write ``target``, one file for a client to look at, decide and remark on; return its path.

    ``results`` is what ``client.select_for_client`` left, ``shown`` what was asked for beside
    pictures and titles. Raises UsageError where there is nothing or too much to show, StorageError.
    """
    from runner.catalog import client, pictures
    from runner.files import write_atomic

    page = client.build_client_page(results, {client.Shown(name) for name in shown})
    if len(page.pictures) > MAX_CLIENT_PICTURES:
        raise UsageError(
            f"{len(page.pictures):,} pictures are too many for one file to send "
            f"(at most {MAX_CLIENT_PICTURES}).",
            hint="Choose some with --select, such as --select tag:hero, or review:approved.",
        )
    images = pictures.prepare_images(folder, page.sources, embed=True)
    if not any(image.thumb for image in images.values()):
        raise UsageError("There is no picture to show to a client.")
    html = client.render_client_page(page, images)
    write_atomic(target, (piece.encode("utf-8") for piece in html))
    return target
