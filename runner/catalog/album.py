"""The pictures themselves, under names that people chose, each saying inside what it is.

Beside them lies ``SHA256SUMS``, in the form that ``sha256sum --check`` reads.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from runner.catalog import naming, pictures, reading, xmp
from runner.catalog.model import CatalogPage, LookView, TakeView
from runner.errors import UsageError
from runner.files import write_atomic
from runner.image_files import open_image
from runner.results.model import Results

__all__ = ["TEMPLATE", "Album", "Shipped", "export"]

TEMPLATE = "{campaign}/{look}_{take}.jpg"
SUMS = "SHA256SUMS"
_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class Shipped:
    """A picture that was written: ``name`` is its path below the target, with ``/``."""

    name: str
    sha256: str
    look: str
    take: int


@dataclass(frozen=True, slots=True)
class Album:
    """What an export wrote, and what it could not: (``LOOK#TAKE``, the reason in words)."""

    files: tuple[Shipped, ...]
    skipped: tuple[tuple[str, str], ...]


def export(
    results: Results,
    folder: Path,
    target: Path,
    *,
    template: str = TEMPLATE,
    every_take: bool = False,
) -> Album:
    """Write the picked take of every look, or every take, below ``target``, with ``SHA256SUMS``.

    ``results`` is a results document and ``folder`` where its pictures lie. Everything is named
    before anything is written. Raises UsageError for a template that cannot be used or that gives
    two pictures one name, StorageError if ``target`` cannot be written.
    """
    view = reading.build_page(results)
    wanted = list(_wanted(view, every_take=every_take))
    names = _names(view, wanted, template)
    files: list[Shipped] = []
    skipped: list[tuple[str, str]] = []
    for name, (look, take, image) in zip(names, wanted, strict=True):
        try:
            source = pictures.locate(folder, image)
            content = _described(source, Path(name).suffix.lower(), _facts(view, look, take))
        except pictures.Unusable as problem:
            skipped.append((f"{look.key}#{take.number}", str(problem)))
            continue
        write_atomic(target / name, content, within=target.parent)
        files.append(Shipped(name, hashlib.sha256(content).hexdigest(), look.key, take.number))
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    write_atomic(target / SUMS, sums.encode(), within=target.parent)
    return Album(tuple(files), tuple(skipped))


Wanted = tuple[LookView, TakeView, str]


def _wanted(view: CatalogPage, *, every_take: bool) -> Iterator[Wanted]:
    for look in view.wanted:
        for take in look.takes:
            if take.image is not None and (every_take or take.picked):
                yield look, take, take.image


def _names(view: CatalogPage, wanted: list[Wanted], template: str) -> list[str]:
    """Name every picture; two names that differ in case only are one file on some systems."""
    checked = naming.parse_template(template, [axis for axis, _ in view.axes])
    taken: dict[str, str] = {}
    names: list[str] = []
    for look, take, image in wanted:
        suffix = Path(image).suffix.lower()
        values: dict[str, str | None] = {
            **dict(look.axes),
            "campaign": view.campaign,
            "look": look.key,
            "title": look.title,
            "take": str(take.number),
            "matrix": look.matrix,
            "avatar_id": take.avatar_id,
            "ext": suffix[1:] if suffix in naming.SUFFIXES else "jpg",
        }
        name, label = checked.name(values), f"{look.key}#{take.number}"
        other = taken.setdefault(name.casefold(), label)
        if other != label:
            raise UsageError(
                f"The naming template gives {other} and {label} the same name, {name}.",
                hint="Add {look}, {take} or an axis to it.",
            )
        names.append(name)
    return names


def _facts(view: CatalogPage, look: LookView, take: TakeView) -> xmp.Facts:
    return xmp.Facts(
        campaign=view.campaign,
        look=look.key,
        take=take.number,
        title=look.title,
        prompt=take.prompt or look.prompt,
        avatar_id=take.avatar_id,
        tags=look.tags,
        generated=look.kind == "prompt",
        system="lookbook simulator" if view.simulated else "HeyGen avatars, API v3",
    )


def _described(source: Path, suffix: str, facts: xmp.Facts) -> bytes:
    """Return the picture's bytes in the wanted format, with what it is written into them.

    A JPEG that stays one keeps its quantisation, a PNG its every pixel; colour profiles are kept,
    the camera's own notes are not. Raises Unusable.
    """
    kind, packet = _FORMATS[suffix], xmp.packet(facts)
    with pictures.refuse_unusable(), open_image(source) as file:
        opened = file.image
        upright = opened.getexif().get(ExifTags.Base.Orientation, 1) == 1
        options: dict[str, Any] = {}
        if opened.mode in ("RGB", "RGBA"):
            options["icc_profile"] = opened.info.get("icc_profile")
        if kind == opened.format == "JPEG" and upright:
            return _saved(opened, kind, xmp=packet, quality="keep", exif=b"", **options)
        if kind == "JPEG":
            flat = pictures.load_image(source)
            return _saved(flat, kind, xmp=packet, quality=95, subsampling=0, **options)
        turned = ImageOps.exif_transpose(opened)
        if kind == "WEBP":
            return _saved(turned, kind, xmp=packet, quality=92, exif=b"", **options)
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        return _saved(turned, kind, pnginfo=info, exif=b"", **options)


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
