"""Metadata put into an image file beside its pixels, which stay the bytes that they are.

What a camera or an editor wrote there goes: places, times, serial numbers, earlier versions. What
the pixels need stays: sizes, tables, colour profiles, and which way up the picture is.
"""

import struct
import zlib
from collections.abc import Callable, Iterator

from PIL import ExifTags, Image

from runner.model import Credits

_SOI, _SOS, _EOI = b"\xff\xd8", 0xDA, b"\xff\xd9"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_SEGMENT = 0xFFFF - 2
"""Bytes that one segment of a JPEG can hold."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"pHYs", b"sBIT"}
    | {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI"}
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
"""Flags of a WebP's first chunk: what the file holds."""


def make_exif(whose: Credits, orientation: int = 1) -> bytes:
    """Return EXIF that says which way up a picture is, and whose it is; empty if nothing is."""
    exif = Image.Exif()
    if orientation in range(2, 9):
        exif[ExifTags.Base.Orientation] = orientation
    if whose.creator:
        exif[ExifTags.Base.Artist] = whose.creator.encode()  # Pillow knows ASCII only
    if whose.copyright:
        exif[ExifTags.Base.Copyright] = whose.copyright.encode()
    return exif.tobytes().removeprefix(b"Exif\0\0") if len(exif) else b""


def embed_metadata(data: bytes, kind: str, *, xmp: bytes, exif: bytes) -> bytes:
    """Return an image file with this metadata and no other; not a pixel is coded anew.

    ``kind`` is JPEG, PNG or WEBP, ``exif`` begins at its TIFF header. Raises ValueError for a file
    that is not built as its format says, and for metadata that it has no room for.
    """
    writers: dict[str, Callable[[bytes, bytes, bytes], bytes]] = {
        "JPEG": _into_jpeg,
        "PNG": _into_png,
        "WEBP": _into_webp,
    }
    try:
        return writers[kind](data, xmp, exif)
    except (struct.error, IndexError) as error:
        raise ValueError(f"the {kind} file ends too early") from error


# --- JPEG: segments up to the first scan ----------------------------------------------------------


def _into_jpeg(data: bytes, xmp: bytes, exif: bytes) -> bytes:
    ours = b""
    if exif:
        ours += _segment(0xE1, b"Exif\0\0" + exif)
    ours += _segment(0xE1, _XMP_HEADER + xmp)
    kept, scans = _split_jpeg(data)
    first = [segment for segment in kept if segment[1] == 0xE0]  # JFIF stands before all others
    others = [segment for segment in kept if segment[1] != 0xE0]
    return b"".join([_SOI, *first, ours, *others, scans])


def _segment(marker: int, content: bytes) -> bytes:
    if len(content) > _MAX_SEGMENT:
        raise ValueError(f"a JPEG has no room for {len(content):,} bytes of metadata in one piece")
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _split_jpeg(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the segments to keep, and the picture itself from its first scan to its end."""
    if not data.startswith(_SOI):
        raise ValueError("no JPEG")
    kept: list[bytes] = []
    at = 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        if data[at] != 0xFF:
            raise ValueError("a JPEG's segments do not follow each other")
        marker = data[at + 1]
        if marker == _SOS:
            return kept, _cut_jpeg(data, at)
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if _is_needed(marker, segment[4:]):
            kept.append(segment)
        at += 2 + length


def _is_needed(marker: int, content: bytes) -> bool:
    """Return whether the pixels need a segment: tables, sizes, colour; not what is said of them."""
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    told = marker & 0xF0 == 0xE0 or marker == 0xFE  # by an application, or a comment
    return marker in (0xE0, 0xEE) or not told


def _cut_jpeg(data: bytes, at: int) -> bytes:
    """Return the scans up to the picture's end: phones put previews and films behind it."""
    end = at
    while True:
        end = data.find(b"\xff", end)
        if end < 0 or end + 1 >= len(data):
            raise ValueError("a JPEG without an end")
        marker = data[end + 1]
        if marker == _EOI[1]:
            return data[at : end + 2]
        if marker in (0, 0xFF) or 0xD0 <= marker <= 0xD7:  # pixels that look like one
            end += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, end + 2)
        end += 2 + length


# --- PNG: chunks with a checksum ------------------------------------------------------------------


def _into_png(data: bytes, xmp: bytes, exif: bytes) -> bytes:
    if not data.startswith(_PNG_SIGNATURE):
        raise ValueError("no PNG")
    ours = _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    if exif:
        ours += _chunk(b"eXIf", exif)
    parts = [_PNG_SIGNATURE]
    for name, whole in _png_chunks(data):
        if name == b"IHDR":
            parts += [whole, ours]
        elif name in _PNG_KEPT:
            parts.append(whole)
    return b"".join(parts)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk a PNG's chunks up to its end: (name, the chunk whole)."""
    at, name = len(_PNG_SIGNATURE), b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, at)
        whole = data[at : at + 12 + length]
        if len(whole) < 12 + length:
            raise ValueError("the PNG file ends too early")
        yield name, whole
        at += 12 + length


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I4s", len(content), name) + content + struct.pack(">I", checksum)


# --- WebP: chunks in a RIFF container -------------------------------------------------------------


def _into_webp(data: bytes, xmp: bytes, exif: bytes) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("no WebP")
    chunks = [*_webp_chunks(data)]
    if not chunks:
        raise ValueError("a WebP without a picture")
    kept = [(name, content) for name, content in chunks if name in _WEBP_KEPT]
    name, first = chunks[0]
    size, flags = (first[4:10], first[0]) if name == b"VP8X" else _measure_webp(name, first)
    flags &= _ICC | _ALPHA | _ANIMATION
    flags |= _XMP | (_EXIF if exif else 0)
    parts = [(b"VP8X", bytes([flags, 0, 0, 0]) + size), *kept]
    parts += [(b"EXIF", exif)] if exif else []
    parts.append((b"XMP ", xmp))
    body = b"WEBP" + b"".join(
        struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (total,) = struct.unpack_from("<I", data, 4)
    at, end = 12, min(len(data), 8 + total)
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        content = data[at + 8 : at + 8 + length]
        if len(content) < length:
            raise ValueError("the WebP file ends too early")
        yield name, content
        at += 8 + length + length % 2


def _measure_webp(name: bytes, content: bytes) -> tuple[bytes, int]:
    """Return the size of a WebP of one chunk, as the extended form writes it, and its flags."""
    if name == b"VP8 ":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", content, 6))
        flags = 0
    elif name == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 1)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _ALPHA if bits >> 28 & 1 else 0
    else:
        raise ValueError("a WebP without a picture")
    sizes = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return sizes, flags
