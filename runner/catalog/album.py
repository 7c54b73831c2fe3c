"""The pictures themselves, under names that people chose, each saying inside what it is.

Beside them lies ``SHA256SUMS``, in the form that ``sha256sum --check`` reads.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageOps

from runner.catalog import naming, pictures, reading, xmp
from runner.catalog.metadata import embed_metadata, make_exif
from runner.catalog.model import CatalogPage, LookView, TakeView
from runner.errors import UsageError
from runner.files import read_file, write_atomic
from runner.image_files import MAX_IMAGE_BYTES, open_image
from runner.model import Credits
from runner.results.model import Results

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
    disclose: Callable[[xmp.Facts], xmp.Facts] = lambda facts: facts,
) -> Album:
    """Write the picked take of every look, or every take, below ``target``, with ``SHA256SUMS``.

    ``results`` is a results document and ``folder`` where its pictures lie; ``disclose`` decides
    what a picture says of itself. Everything is named before anything is written. Raises UsageError
    for a template that cannot be used or that gives two pictures one name, StorageError if
    ``target`` cannot be written.
    """
    view = reading.build_page(results)
    wanted = list(_find_wanted(view, every_take=every_take))
    names = _names(view, wanted, template)
    whose = xmp.read_credits(results)
    files: list[Shipped] = []
    skipped: list[tuple[str, str]] = []
    for name, (look, take, image) in zip(names, wanted, strict=True):
        try:
            source = pictures.locate_picture(folder, image)
            facts = disclose(_facts(view, look, take, whose))
            content = describe_picture(source, Path(name).suffix.lower(), facts)
        except pictures.Unusable as problem:
            skipped.append((f"{look.key}#{take.number}", str(problem)))
            continue
        write_atomic(target / name, content, within=target.parent)
        files.append(Shipped(name, hashlib.sha256(content).hexdigest(), look.key, take.number))
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    write_atomic(target / SUMS, sums.encode(), within=target.parent)
    return Album(tuple(files), tuple(skipped))


Wanted = tuple[LookView, TakeView, str]


def _find_wanted(view: CatalogPage, *, every_take: bool) -> Iterator[Wanted]:
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


def _facts(view: CatalogPage, look: LookView, take: TakeView, whose: Credits) -> xmp.Facts:
    return xmp.Facts(
        campaign=view.campaign,
        title=look.title,
        generated=look.kind == "prompt",
        system=xmp.name_system(simulated=view.simulated),
        look=look.key,
        take=take.number,
        prompt=take.prompt or look.prompt,
        avatar_id=take.avatar_id,
        tags=look.tags,
        whose=whose,
    )


def describe_picture(source: Path, suffix: str, facts: xmp.Facts) -> bytes:
    """Return a picture's bytes in the wanted format, with what it is written into them.

    A picture that stays what it is keeps its every pixel; colour profiles are kept, the camera's
    own notes are not. Raises Unusable.
    """
    kind = _FORMATS[suffix]
    with pictures.refuse_unusable(), open_image(source) as file:
        opened = file.image
        orientation = opened.getexif().get(ExifTags.Base.Orientation, 1)
        if opened.format in (kind, "MPO" if kind == "JPEG" else kind):
            opened.load()  # what cannot be decoded is not handed over
            content = read_file(source, MAX_IMAGE_BYTES)
        else:
            content, orientation = _convert(source, opened, kind), 1
        exif = make_exif(facts.whose, orientation)
        return embed_metadata(content, kind, xmp=xmp.make_packet(facts), exif=exif)


def _convert(source: Path, opened: Image.Image, kind: str) -> bytes:
    """Return the picture in another format, upright, with its colour profile and nothing else."""
    options: dict[str, Any] = {}
    if opened.mode in ("RGB", "RGBA"):
        options["icc_profile"] = opened.info.get("icc_profile")
    if kind == "JPEG":
        return _encode(pictures.load_image(source), kind, quality=95, subsampling=0, **options)
    turned = ImageOps.exif_transpose(opened)
    quality = {"quality": 92} if kind == "WEBP" else {}
    return _encode(turned, kind, exif=b"", **quality, **options)


def _encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
