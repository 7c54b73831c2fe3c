"""Whether some bytes are a picture that can be opened whole, and of which kind and size.

What a link gives may be an error page, half a file, or a small file that unfolds into gigabytes;
none of them may become a look's image.
"""

from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["MOST_PIXELS", "BadPicture", "DownloadedImage", "inspect"]

MOST_PIXELS = 64_000_000
"""Pixels beyond which a file is taken for an attack: 8000 x 8000, far above what HeyGen makes."""

_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}


@dataclass(frozen=True, slots=True)
class DownloadedImage:
    """A picture that decodes from its first to its last byte; sizes in pixels."""

    extension: str
    width: int
    height: int


class BadPicture(Exception):
    """The bytes are no picture that we keep. ``damaged``: they may be whole the next time."""

    def __init__(self, message: str, *, damaged: bool) -> None:
        super().__init__(message)
        self.damaged = damaged


def inspect(file: BinaryIO, *, most_pixels: int = MOST_PIXELS) -> DownloadedImage:
    """Decode a PNG, JPEG or WebP completely and say what it is. Blocks; costs processor time.

    Raises BadPicture; also OSError where the file itself cannot be read.
    """
    picture = _opened(file, most_pixels)
    _decoded(file)
    return picture


def _opened(file: BinaryIO, most_pixels: int) -> DownloadedImage:
    """Read the header alone, so that nothing is unfolded before its size is known."""
    from PIL import Image

    try:
        with Image.open(file, formats=tuple(_EXTENSIONS)) as image:
            kind, (width, height) = image.format or "", image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(f"it has more than {most_pixels} pixels", damaged=False) from None
    except Exception as error:  # noqa: BLE001  # broken headers raise almost anything in decoders
        _raise_own(error)
        raise BadPicture("it is no PNG, JPEG or WebP picture", damaged=True) from None
    if width * height > most_pixels:
        message = f"it has {width} x {height} pixels, more than {most_pixels}"
        raise BadPicture(message, damaged=False)
    return DownloadedImage(_EXTENSIONS[kind], width, height)


def _decoded(file: BinaryIO) -> None:
    """Check what a format can check of itself (``verify``), then decode: only that finds a cut."""
    from PIL import Image

    try:
        file.seek(0)
        with Image.open(file, formats=tuple(_EXTENSIONS)) as image:
            image.verify()
        file.seek(0)
        with Image.open(file, formats=tuple(_EXTENSIONS)) as image:
            image.load()
    except Exception as error:  # noqa: BLE001  # broken data raises almost anything in decoders
        _raise_own(error)
        raise BadPicture("the picture is damaged", damaged=True) from None


def _raise_own(error: Exception) -> None:
    """Raise the error again if it is the disk's: Pillow's own OSErrors carry no number."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
