"""Any bytes as a picture, in a manifest and behind a link: its kind and size, or words for why not.

The first byte chooses whether checksums are made right, which lets a search get past them.
"""

import io
import struct
import zlib

from PIL import Image

from runner.catalog.metadata import embed_metadata
from runner.image_files import FORMATS, BadImageFile, inspect_image
from runner.manifest.images import MAX_UPLOAD_BYTES as LARGEST
from runner.manifest.images import BadImage, ImageReader
from tests.fuzz.target import Target, demand, folder, written

MAGIC = b"\x89PNG\r\n\x1a\n"
WORDS = (
    *("IHDR", "IDAT", "IEND", "PLTE", "tRNS", "iCCP", "eXIf", "acTL", "fcTL", "fdAT", "JFIF"),
    *("Exif", "RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ANIM", "GIF89a", "ftypheic", "ftypavif"),
    *("BM", "II*", "MM", "%PDF", "<svg", "zTXt", "iTXt", "gAMA", "pHYs", "sRGB", "ICC_PROFILE"),
)


def run(data: bytes) -> None:
    """Open it where a manifest names it, and where a link gave it."""
    content = mended(data[1:]) if data[:1] and data[0] % 2 else data[1:]
    path = folder() / "picture.bin"
    path.write_bytes(content)
    try:
        named = ImageReader(folder()).resolve("picture.bin", photo=True)
        demand(getattr(named, "size_bytes", LARGEST + 1) <= LARGEST, "an upload has a bound")
    except BadImage as error:
        written(error.message + (error.hint or ""), "a finding")
    try:
        found = inspect_image(io.BytesIO(content))
        demand(found.width > 0 and found.height > 0, "a picture has a size")
        handed_over(content)
    except BadImageFile as error:
        written(str(error), "a reason")


def handed_over(content: bytes) -> None:
    """Put other metadata into a picture: its pixels stay, or it is refused."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as before:
        before.load()
        kind = "JPEG" if before.format == "MPO" else str(before.format)
        try:
            given = embed_metadata(content, kind, xmp=b"<x/>", exif=b"")
        except ValueError as error:
            written(str(error), "a reason")
            return
        with Image.open(io.BytesIO(given), formats=FORMATS) as after:
            same = (after.mode, after.size, after.tobytes())
        demand(same == (before.mode, before.size, before.tobytes()), "the pixels stay")
    demand(b"<x/>" in given, "it says what it was given")


def mended(content: bytes) -> bytes:
    """Return a PNG's chunks the checksums that they should have."""
    if not content.startswith(MAGIC):
        return content
    made, rest = MAGIC, content[len(MAGIC) :]
    while len(rest) >= 12:
        (size,) = struct.unpack(">I", rest[:4])
        size = min(size, len(rest) - 12)
        chunk = rest[4 : 8 + size]
        made += struct.pack(">I", size) + chunk + struct.pack(">I", zlib.crc32(chunk))
        rest = rest[12 + size :]
    return made + rest


def seeds() -> list[bytes]:
    """Small pictures of each kind; large on the outside, because a photo must be."""
    found = []
    for mode in ("L", "RGB", "RGBA", "P", "1", "I;16"):
        found.append(saved(Image.new(mode, (512, 512)), "PNG"))
    for kind in ("JPEG", "WEBP", "GIF", "BMP"):
        found.append(saved(Image.new("RGB", (512, 512)), kind))
    return [bytes([odd]) + picture for picture in found for odd in (0, 1)]


def saved(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


WATCHED = ("runner.images", "runner.manifest", "PIL")
TARGET = Target("picture", run, seeds, WORDS, WATCHED, longest=8192)
