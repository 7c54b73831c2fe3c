"""Image files from anywhere, opened within bounds: few formats, and only so many pixels.

What a person names or a link returns may be an error page, half a file, a small file that unfolds
into gigabytes, or a format that a decoder runs other programs for (PostScript). Every image file
that the product opens is opened here; only the simulator, which shares nothing, has its own way.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

UPLOAD_FORMATS = ("JPEG", "PNG")
"""What ``POST /v3/assets`` takes (docs/api-facts.md)."""

FORMATS = (*UPLOAD_FORMATS, "WEBP")
"""What a look's image may be."""

MAX_PIXELS = 64_000_000
"""Pixels that are decoded at most: 8000 x 8000, far above what HeyGen makes or anybody needs."""

MAX_IMAGE_BYTES = 64 * 1024 * 1024
"""What the file of a look's image may weigh."""

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
"""By what Pillow calls a format; an MPO is a JPEG that is followed by others."""


class PixelBudget:
    """How many pixels may be at work at a time, in all threads; who wants more waits for its turn.

    A decoded pixel takes four bytes, and what is scaled or turned takes them again. One image may
    always work, however large, and so may what its own thread opens beside it.
    """

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self.at_work = 0
        self._freed = threading.Condition()
        self._mine = threading.local()

    @contextmanager
    def use(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels may be at work, and hold them until the block ends."""
        held: int = getattr(self._mine, "held", 0)
        with self._freed:
            while not held and self.at_work and self.at_work + pixels > self.pixels:
                self._freed.wait()
            self.at_work += pixels
        self._mine.held = held + pixels
        try:
            yield
        finally:
            self._mine.held = held
            with self._freed:
                self.at_work -= pixels
                self._freed.notify_all()


AT_WORK = PixelBudget(MAX_PIXELS)
"""The process's own budget: together no more than one image may have alone."""


class Flaw(StrEnum):
    """Why an image file cannot be used."""

    FOREIGN = "foreign"
    """It has none of the allowed formats, or a header that cannot be read."""
    DAMAGED = "damaged"
    TOO_LARGE = "too large"


class BadImageFile(Exception):
    """A file that cannot be used as an image; the message completes the sentence "not used: "."""

    def __init__(self, flaw: Flaw, message: str) -> None:
        super().__init__(message)
        self.flaw = flaw


class OpenedImage(NamedTuple):
    """An image whose header was read; ``width`` and ``height`` are the file's, in pixels."""

    image: "Image"
    width: int
    height: int


class ImageFacts(NamedTuple):
    """What a whole image file is; sizes in pixels."""

    extension: str
    width: int
    height: int


@contextmanager
def open_image(
    source: Path | BinaryIO,
    formats: tuple[str, ...] = FORMATS,
    *,
    reduce_to: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[OpenedImage]:
    """Read an image's header, and check its format and how many pixels would be decoded.

    With ``reduce_to`` a format that can (JPEG) is decoded at a fraction of its size, no smaller
    than that many pixels a side; the bound is on what is decoded. In the ``with`` block the pixels
    count as at work (``PixelBudget``), so entering it may wait. Raises BadImageFile; OSError
    where the file itself cannot be read; MemoryError. What decoding raises in the ``with`` block
    is the caller's: a damaged file can raise nearly anything in a decoder.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the bound is ours
            image = Image.open(source, formats=formats)
    except Image.DecompressionBombError:
        raise BadImageFile(Flaw.TOO_LARGE, f"it has more than {max_pixels} pixels") from None
    except MemoryError:
        raise  # it says nothing of the file
    except Exception as error:  # noqa: BLE001  # broken headers raise almost anything in decoders
        raise_own(error)
        raise BadImageFile(Flaw.FOREIGN, f"it is no {_names(formats)} picture") from None
    with image:
        width, height = image.size
        if reduce_to is not None:
            image.draft(None, (reduce_to, reduce_to))
        if image.width * image.height > max_pixels:
            message = f"it has {width} x {height} pixels, more than {max_pixels}"
            raise BadImageFile(Flaw.TOO_LARGE, message)
        with AT_WORK.use(image.width * image.height):
            yield OpenedImage(image, width, height)


def inspect_image(file: BinaryIO, *, max_pixels: int = MAX_PIXELS) -> ImageFacts:
    """Decode an image from its first to its last byte. Blocks; costs processor time.

    What a format can check of itself (``verify``) comes first; only decoding finds a cut. Raises
    BadImageFile; OSError where the file itself cannot be read.
    """
    try:
        with open_image(file, max_pixels=max_pixels) as opened:
            opened.image.verify()
        file.seek(0)
        with open_image(file, max_pixels=max_pixels) as opened:
            opened.image.load()
            extension = EXTENSIONS[opened.image.format or ""]
            return ImageFacts(extension, opened.width, opened.height)
    except BadImageFile:
        raise
    except Exception as error:  # noqa: BLE001  # as in open_image
        raise_own(error)
        raise BadImageFile(Flaw.DAMAGED, "the picture is damaged") from None


def _names(formats: tuple[str, ...]) -> str:
    *others, last = [name.replace("WEBP", "WebP") for name in formats]
    return f"{', '.join(others)} or {last}"


def raise_own(error: Exception) -> None:
    """Raise an error again if it is the disk's: Pillow's own OSErrors carry no number."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
