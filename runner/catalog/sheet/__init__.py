"""The contact sheet: the looks on numbered pages, to print or to send, as PDF or PNG.

One layout (pure, in points) and two painters; both draw the same pages.
"""

from pathlib import Path

from runner.results.model import Results

__all__ = ["write_pdf", "write_png"]


def write_pdf(results: Results, folder: Path, target: Path, *, for_client: bool = False) -> Path:
    """Write the contact sheet of a results document as one PDF with real text; return its path.

    ``for_client``: pictures that fill their pages, titles, and nothing of the studio's. Raises
    StorageError if ``target`` cannot be written.
    """
    from runner.catalog import words
    from runner.catalog.sheet import pdf
    from runner.catalog.sheet.prepare import prepare_pages
    from runner.files import write_atomic

    pages, pictures = prepare_pages(results, folder, for_client=for_client)
    write_atomic(
        target, pdf.render_pdf(pages, pictures, title=words.strip_controls(results["campaign"]))
    )
    return target


def write_png(
    results: Results, folder: Path, target: Path, *, for_client: bool = False
) -> list[Path]:
    """Write the contact sheet as PNG, one file for each page; return their paths in order.

    A sheet of one page is ``target``; the pages of a longer one are ``NAME-1.png`` and so on, with
    as many digits as the last needs. Raises StorageError.
    """
    from runner.catalog.sheet import png
    from runner.catalog.sheet.prepare import prepare_pages
    from runner.files import write_atomic

    pages, pictures = prepare_pages(results, folder, for_client=for_client)
    digits = len(str(len(pages)))
    paths: list[Path] = []
    for number, page in enumerate(pages, start=1):
        name = f"{target.stem}-{number:0{digits}}{target.suffix}" if len(pages) > 1 else target.name
        path = target.with_name(name)
        write_atomic(path, png.render_png(page, pictures))
        paths.append(path)
    return paths
