"""The catalog: results as a page that people look at, as contact sheets, tables and files.

Everything here is made from a results document and the folder it lies in, and from nothing else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["write"]


def write(results: Mapping[str, Any], folder: Path, *, embed: bool = False) -> Path:
    """Write ``folder/catalog.html`` from a results document, version 1, and give its path.

    Pictures are read from ``folder``; their thumbnails are kept in ``folder/thumbs``. With
    ``embed`` the page carries its pictures itself. A picture that is missing, broken or outside of
    the folder is a placeholder with the reason. Raises OSError if the folder cannot be written.
    """
    # Jinja and Pillow are slow to import, and most commands need neither.
    from runner.catalog import model, page, pictures
    from runner.catalog.files import write_atomic

    view = model.build(results)
    html = page.render(view, pictures.prepare(folder, view.sources, embed=embed), embed=embed)
    target = folder / "catalog.html"
    write_atomic(target, html.encode("utf-8"))
    return target
