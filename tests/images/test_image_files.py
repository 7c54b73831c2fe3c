import io
import re
import struct
import threading
import zlib
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from runner.image_files import (
    AT_WORK,
    FORMATS,
    MAX_PIXELS,
    UPLOAD_FORMATS,
    BadImageFile,
    Flaw,
    ImageFacts,
    PixelBudget,
    inspect_image,
    open_image,
)

RUNNER = Path(__file__).parents[2] / "runner"


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
    assert inspect_image(io.BytesIO(drawn(kind))) == ImageFacts(extension, 64, 48)


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
    with pytest.raises(BadImageFile, match="no JPEG, PNG or WebP") as caught:
        inspect_image(io.BytesIO(data))
    assert caught.value.flaw is Flaw.FOREIGN


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
def test_a_picture_that_was_cut_is_damaged(kind: str, part: float) -> None:
    whole = drawn(kind, (300, 300))
    with pytest.raises(BadImageFile) as caught:
        inspect_image(io.BytesIO(whole[: int(len(whole) * part)]))
    assert caught.value.flaw is not Flaw.TOO_LARGE


def test_a_picture_with_a_flipped_bit_is_damaged() -> None:
    data = bytearray(drawn("PNG", (300, 300)))
    data[len(data) // 2] ^= 0x10
    with pytest.raises(BadImageFile, match="damaged"):
        inspect_image(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("size", [(8001, 8000), (10_000, 9_000), (50_000, 50_000), (2**31 - 1, 1)])
def test_a_small_file_with_huge_pixels_is_never_unfolded(size: tuple[int, int]) -> None:
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(BadImageFile, match="more than 64000000") as caught:
        inspect_image(io.BytesIO(png_that_claims(*size)))
    assert caught.value.flaw is Flaw.TOO_LARGE


def test_the_bound_on_pixels_can_be_another() -> None:
    assert inspect_image(io.BytesIO(drawn("PNG", (10, 10))), max_pixels=100).width == 10
    with pytest.raises(BadImageFile, match="10 x 11"):
        inspect_image(io.BytesIO(drawn("PNG", (10, 11))), max_pixels=100)


def test_trouble_with_the_disk_is_not_blamed_on_the_picture(tmp_path: Path) -> None:
    class BadDisk(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "input/output error")

    with pytest.raises(OSError, match="input/output"):
        inspect_image(BadDisk(b"x"))


@pytest.mark.parametrize("formats", [FORMATS, UPLOAD_FORMATS])
def test_no_decoder_is_reached_but_those_that_are_named(formats: tuple[str, ...]) -> None:
    eps = io.BytesIO()
    Image.new("L", (8, 8)).save(eps, "EPS")  # Pillow runs Ghostscript for it
    with pytest.raises(BadImageFile), open_image(io.BytesIO(eps.getvalue()), formats):
        pass
    webp = io.BytesIO(drawn("WEBP"))
    if "WEBP" in formats:
        with open_image(webp, formats) as opened:
            assert (opened.width, opened.height) == (64, 48)
    else:
        with pytest.raises(BadImageFile, match="no JPEG or PNG"), open_image(webp, formats):
            pass


def test_the_bound_is_on_the_pixels_that_are_decoded() -> None:
    data = drawn("JPEG", (800, 600))
    with open_image(io.BytesIO(data), reduce_to=64, max_pixels=10_000) as opened:
        assert (opened.width, opened.height) == (800, 600)
        opened.image.load()
        assert opened.image.width * opened.image.height <= 10_000
    with (
        pytest.raises(BadImageFile, match="800 x 600"),
        open_image(io.BytesIO(data), max_pixels=10_000),
    ):
        pass


def test_pixels_at_work_at_a_time_have_one_bound_for_all_threads() -> None:
    budget, most, together = PixelBudget(100), 0, threading.Barrier(4, timeout=30)
    lock = threading.Lock()

    def work(pixels: int) -> None:
        nonlocal most
        together.wait()
        for _ in range(50):
            with budget.use(pixels), lock:
                most = max(most, budget.at_work)

    threads = [threading.Thread(target=work, args=(pixels,)) for pixels in (60, 60, 30, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert 60 <= most <= 100
    assert budget.at_work == 0


def test_one_image_may_always_work_and_open_another_beside_it() -> None:
    budget = PixelBudget(100)
    with budget.use(1_000), budget.use(90):
        assert budget.at_work == 1_090
    assert budget.at_work == 0


def test_an_open_image_counts_as_at_work_until_it_is_done() -> None:
    with open_image(io.BytesIO(drawn("PNG", (64, 48)))):
        assert AT_WORK.at_work == 64 * 48
    assert AT_WORK.at_work == 0


def test_a_header_for_which_memory_ran_out_is_not_called_a_flaw_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_asked: object, **_how: object) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(MemoryError), open_image(io.BytesIO(b"a picture")):
        pass


def test_image_files_are_opened_in_one_module_alone() -> None:
    opening = re.compile(r"(Image|Pillow|PIL)\.open\(")
    found = {
        path.relative_to(RUNNER).as_posix()
        for path in RUNNER.rglob("*.py")
        if opening.search(path.read_text("utf-8")) and "simulator" not in path.parts
    }
    assert found == {"image_files.py"}


def test_no_image_is_opened_without_a_list_of_formats() -> None:
    """The simulator shares nothing with the product, and opens its own images itself."""
    calls = [
        (path.name, re.search(r"formats=", text[place.end() : place.end() + 120]))
        for path in RUNNER.rglob("*.py")
        for text in [path.read_text("utf-8")]
        for place in re.finditer(r"\bImage\.open\(", text)
    ]
    assert len(calls) >= 4
    assert [name for name, formats in calls if formats is None] == []
