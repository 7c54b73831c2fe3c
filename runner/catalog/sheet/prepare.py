"""A results document and its pictures → the pages of a contact sheet, ready to be painted."""

from collections.abc import Mapping
from pathlib import Path

from runner.catalog import pictures, reading, xmp
from runner.catalog.sheet.client_layout import compose_for_client
from runner.catalog.sheet.layout import SheetPage, compose
from runner.results.model import Results


def prepare_pages(
    results: Results, folder: Path, *, for_client: bool = False
) -> tuple[list[SheetPage], Mapping[str, Path]]:
    """Read a results document and its pictures: the pages, and the thumbnail of each image."""
    view = reading.build_page(results)
    shown = pictures.prepare_images(folder, view.sources)
    thumbs = {image: folder / one.thumb for image, one in shown.items() if one.thumb is not None}
    if for_client:
        credit = xmp.format_credit(xmp.read_credits(results))
        return compose_for_client(view, shown, credit), thumbs
    return compose(view, shown), thumbs
