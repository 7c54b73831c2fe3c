"""Pictures for the page: found safely, measured, shrunk once, and never a reason to fail.

A path from a results document is hostile text: it must be relative, must stay inside the folder
even through symbolic links, and is percent-encoded on its way into an address.
"""

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from statistics import median
from urllib.parse import quote

from PIL import Image, ImageOps

from runner.files import read_file, write_atomic
from runner.image_files import MAX_IMAGE_BYTES, BadImageFile, Flaw, open_image

THUMB_EDGE = 640
"""Pixels of a thumbnail's longer edge: a card of 320 CSS pixels on a dense screen."""
EMBED_EDGE = 1600
"""Pixels of an embedded picture's longer edge; the full one stays beside the page."""
MAX_THUMB_BYTES = 2 * 1024 * 1024
"""What a thumbnail may weigh; what is larger is made anew."""
ENQUEUED = 200
"""Pictures that wait for a thread at a time."""
DAMAGED = "The picture cannot be read; its file is damaged."
TOO_LARGE = "The picture is too large to show."
_SCALABLE = ("RGB", "RGBA", "L", "LA")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Unusable(Exception):
    """Why a picture cannot be shown, in words for a reader."""


@dataclass(frozen=True, slots=True)
class CatalogImage:
    """What the page needs of one picture.

    ``thumb`` and ``full`` are addresses (percent-encoded relative ones, or ``data:``), None where
    ``problem`` says why there is nothing to show. ``embedded`` names the element that holds
    ``full`` in a page that carries its pictures. Sizes are the thumbnail's, in pixels.
    """

    thumb: str | None = None
    full: str | None = None
    width: int = 4
    height: int = 5
    problem: str | None = None
    embedded: str = ""


def locate_picture(folder: Path, image: str) -> Path:
    """Return the file that a results path names. Raises Unusable if it is not safely inside."""
    parts = PurePosixPath(image).parts
    if not parts or image.startswith("/") or ".." in parts or "\0" in image or "\\" in image:
        raise Unusable("Its path leads out of the catalog's folder.")
    try:
        image.encode()
        root = folder.resolve()
        path = (root / image).resolve()
        inside, there = path.is_relative_to(root), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise Unusable("The picture's path cannot be read.") from error
    if not inside:
        raise Unusable("Its path leads out of the catalog's folder.")
    if not there:
        raise Unusable("The picture is not on disk.")
    return path


def load_image(path: Path, edge: int | None = None) -> Image.Image:
    """Open a picture upright, in RGB on white; with ``edge``, no side longer than that.

    It is made small while its pixels count as at work: what is returned with ``edge`` is little.
    Raises Unusable for what is not a readable JPEG, PNG or WebP of sane size.
    """
    with refuse_unusable(), open_image(path, reduce_to=edge) as opened:
        picture = opened.image
        picture.load()
        if picture.mode not in _SCALABLE:
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        if edge is not None:
            picture.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
        ImageOps.exif_transpose(picture, in_place=True)
        return _on_white(picture)


@contextmanager
def refuse_unusable() -> Iterator[None]:
    """Raise Unusable for whatever opening or decoding a picture raises."""
    try:
        yield
    except Unusable:
        raise
    except BadImageFile as error:
        raise Unusable(TOO_LARGE if error.flaw is Flaw.TOO_LARGE else DAMAGED) from error
    except Exception as error:
        # A damaged file can raise nearly anything inside a decoder; all of it means the same here.
        raise Unusable(DAMAGED) from error


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    flat = Image.new("RGB", layered.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    return flat


def shrink(path: Path, edge: int, quality: int = 82) -> bytes:
    """Return a JPEG whose longer edge is at most ``edge`` pixels. Raises Unusable."""
    picture = load_image(path, edge)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def prepare_images(
    folder: Path, sources: Iterable[tuple[str, str | None]], *, embed: bool = False
) -> Mapping[str, CatalogImage]:
    """Return the picture of every (path, SHA-256) by its path; make missing thumbnails.

    Thumbnails lie in ``folder/thumbs``, named by content, so a second catalog is quick. Raises
    nothing for a picture that is missing or broken: its ``problem`` says what is wrong.
    """
    wanted = dict(sources)
    left = iter(wanted.items())
    shown: list[CatalogImage] = []
    # Pillow decodes and scales without the interpreter's lock: a few threads use a few cores.
    with ThreadPoolExecutor(max_workers=4) as pool:
        while some := list(islice(left, ENQUEUED)):
            shown += pool.map(lambda source: _show(folder, *source, embed=embed), some)
    return dict(zip(wanted, shown, strict=True))


def measure_ratio(pictures: Iterable[CatalogImage]) -> float:
    """Return for the frames the proportions that most pictures have, so that least is cropped."""
    ratios = [picture.width / picture.height for picture in pictures if picture.thumb]
    return min(max(median(ratios), 0.5), 2.0) if ratios else 0.8


def style_ratio(pictures: Iterable[CatalogImage]) -> str:
    """Return the proportions of the frames as a page's style has them."""
    return f":root{{--ratio:{measure_ratio(pictures):.4f}}}\n"


def copy_pictures(folder: Path, target: Path, sources: Iterable[tuple[str, str | None]]) -> None:
    """Copy the pictures that can be read to the same places below ``target``. Raises StorageError.

    What cannot be read is left out; the page says why.
    """
    for image, _ in sources:
        try:
            content = read_file(locate_picture(folder, image), MAX_IMAGE_BYTES)
        except (Unusable, OSError):
            continue
        write_atomic(target / image, content, within=target)


def _show(folder: Path, image: str, sha256: str | None, *, embed: bool) -> CatalogImage:
    try:
        path = locate_picture(folder, image)
        digest = sha256 or ""
        if not _DIGEST.fullmatch(digest):
            digest = hashlib.sha256(read_file(path, MAX_IMAGE_BYTES)).hexdigest()
        thumb = folder / "thumbs" / f"{digest}-{THUMB_EDGE}.jpg"
        small, (width, height) = _thumb(path, thumb)
        if embed:
            large = shrink(path, EMBED_EDGE, quality=86)
            return CatalogImage(_data(small), _data(large), width, height)
        full = quote(image, safe="/")
        return CatalogImage(f"thumbs/{thumb.name}", full, width, height)
    except Unusable as problem:
        return CatalogImage(problem=str(problem))
    except OSError as error:
        return CatalogImage(problem=f"The picture cannot be read ({error.strerror or 'damaged'}).")


def embed_photo(path: Path) -> CatalogImage | None:
    """Return a photo that a manifest names, small and in the page itself; None if it is unusable.

    It is made anew from its pixels: nothing that a camera wrote beside them goes along.
    """
    try:
        small = shrink(path, THUMB_EDGE)
    except (Unusable, OSError):
        return None
    return CatalogImage(_data(small), None, *_size(small))


def load_full(folder: Path, image: str, _sha256: str | None = None) -> tuple[bytes, str]:
    """Return a picture's bytes and media type. Raises Unusable, or OSError."""
    path = locate_picture(folder, image)
    with refuse_unusable(), open_image(path) as opened:
        kind = Image.MIME[opened.image.format or "JPEG"]
    return read_file(path, MAX_IMAGE_BYTES), kind


def load_thumb(folder: Path, image: str, sha256: str | None) -> tuple[bytes, str]:
    """Return a thumbnail's bytes and media type; made where it is missing.

    Raises Unusable, or OSError.
    """
    digest = sha256 if sha256 is not None and _DIGEST.fullmatch(sha256) else None
    path = locate_picture(folder, image)
    digest = digest or hashlib.sha256(read_file(path, MAX_IMAGE_BYTES)).hexdigest()
    return _thumb(path, folder / "thumbs" / f"{digest}-{THUMB_EDGE}.jpg")[0], "image/jpeg"


def prepare_thumb(folder: Path, image: str, sha256: str) -> None:
    """Make a picture's thumbnail where it is missing, so that the next catalog finds it.

    Whatever goes wrong is left for the catalog, which makes it again and says why it cannot: no run
    ends for want of a thumbnail.
    """
    with suppress(Exception):
        load_thumb(folder, image, sha256)


def _thumb(path: Path, thumb: Path) -> tuple[bytes, tuple[int, int]]:
    """Return a thumbnail's bytes and size: from disk, or made anew where that is no picture."""
    try:
        kept = read_file(thumb, MAX_THUMB_BYTES, follow=False)
        return kept, _size(kept)
    except (BadImageFile, OSError):
        small = shrink(path, THUMB_EDGE)
    write_atomic(thumb, small, within=thumb.parents[1], durable=False)
    return small, _size(small)


def _size(jpeg: bytes) -> tuple[int, int]:
    with open_image(io.BytesIO(jpeg), ("JPEG",)) as opened:
        return opened.width, opened.height


def _data(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
