import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from runner.images.picture import MOST_PIXELS, BadPicture, DownloadedImage, inspect


def drawn(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    image = Image.effect_noise(size, 80).convert("RGB")
    image.save(buffer, kind)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that would unfold into as many pixels as the header says."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_the_kind_comes_from_the_bytes(kind: str, extension: str) -> None:
    assert inspect(io.BytesIO(drawn(kind))) == DownloadedImage(extension, 64, 48)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>this link has expired</html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        drawn("GIF"),
        drawn("TIFF"),
        drawn("BMP"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture, match="no PNG, JPEG or WebP") as caught:
        inspect(io.BytesIO(data))
    assert caught.value.damaged


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
def test_a_picture_that_was_cut_is_damaged(kind: str, part: float) -> None:
    whole = drawn(kind, (300, 300))
    with pytest.raises(BadPicture) as caught:
        inspect(io.BytesIO(whole[: int(len(whole) * part)]))
    assert caught.value.damaged


def test_a_picture_with_a_flipped_bit_is_damaged() -> None:
    data = bytearray(drawn("PNG", (300, 300)))
    data[len(data) // 2] ^= 0x10
    with pytest.raises(BadPicture, match="damaged"):
        inspect(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("size", [(8001, 8000), (10_000, 9_000), (50_000, 50_000), (2**31 - 1, 1)])
def test_a_small_file_with_huge_pixels_is_never_unfolded(size: tuple[int, int]) -> None:
    assert size[0] * size[1] > MOST_PIXELS
    with pytest.raises(BadPicture, match="more than 64000000") as caught:
        inspect(io.BytesIO(png_that_claims(*size)))
    assert not caught.value.damaged


def test_the_bound_on_pixels_can_be_another() -> None:
    assert inspect(io.BytesIO(drawn("PNG", (10, 10))), most_pixels=100).width == 10
    with pytest.raises(BadPicture, match="10 x 11"):
        inspect(io.BytesIO(drawn("PNG", (10, 11))), most_pixels=100)


def test_trouble_with_the_disk_is_not_blamed_on_the_picture(tmp_path: Path) -> None:
    class BadDisk(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "input/output error")

    with pytest.raises(OSError, match="input/output"):
        inspect(BadDisk(b"x"))
