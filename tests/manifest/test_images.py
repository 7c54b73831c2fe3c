"""Pictures, known by their content and checked before anything is sent."""

import base64
import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

import runner.manifest.images
from runner.manifest import Reading
from runner.manifest.images import BadImage, ImageReader
from runner.model import FileImage, InlineImage, UploadedImage, UrlImage

Read = Callable[..., Reading]


def picture(kind: str = "PNG", width: int = 16, height: int = 16) -> bytes:
    data = io.BytesIO()
    Pillow.new("RGB", (width, height), (200, 100, 50)).save(data, kind)
    return data.getvalue()


def code(images: ImageReader, entry: str | dict[str, str], *, photo: bool = False) -> str:
    with pytest.raises(BadImage) as caught:
        images.resolve(entry, photo=photo)
    return caught.value.code


@pytest.fixture
def images(tmp_path: Path) -> ImageReader:
    return ImageReader(tmp_path)


def test_a_file_is_known_by_its_content(images: ImageReader, tmp_path: Path) -> None:
    data = picture("JPEG", 20, 30)
    (tmp_path / "style.png").write_bytes(data)
    found = images.resolve("style.png")
    assert found == FileImage(
        tmp_path / "style.png", "style.png", hashlib.sha256(data).hexdigest(), "image/jpeg",
        len(data), 20, 30,
    )  # fmt: skip


def test_a_file_that_many_looks_use_is_read_once(
    images: ImageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "style.png").write_bytes(picture())
    first = images.resolve("style.png")
    (tmp_path / "style.png").unlink()
    assert images.resolve("style.png") is first


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("https://e.com/a.jpg", UrlImage("https://e.com/a.jpg")),
        ({"url": "https://e.com/a.jpg"}, UrlImage("https://e.com/a.jpg")),
        ({"type": "asset_id", "asset_id": "asset_1"}, UploadedImage("asset_1")),
    ],
)
def test_the_api_forms_work_as_they_are(
    images: ImageReader, entry: str | dict[str, str], image: object
) -> None:
    assert images.resolve(entry) == image


def test_inline_data_is_known_by_its_content_however_it_is_wrapped(images: ImageReader) -> None:
    data = picture()
    text = base64.b64encode(data).decode()
    wrapped = "\n".join(text[n : n + 40] for n in range(0, len(text), 40))
    one = images.resolve({"media_type": "image/png", "data": text})
    assert one == InlineImage("image/png", text, hashlib.sha256(data).hexdigest())
    assert images.resolve({"media_type": "image/png", "data": wrapped}) == one


@pytest.mark.parametrize(("size", "good"), [(511, False), (512, True)])
def test_a_photo_needs_512_pixels_each_way(
    images: ImageReader, tmp_path: Path, size: int, good: bool
) -> None:
    (tmp_path / "face.png").write_bytes(picture("PNG", 512, size))
    if good:
        assert isinstance(images.resolve("face.png", photo=True), FileImage)
    else:
        assert code(images, "face.png", photo=True) == "photo-too-small"
    assert isinstance(images.resolve("face.png"), FileImage)


def test_a_small_inline_photo_is_refused(images: ImageReader) -> None:
    text = base64.b64encode(picture()).decode()
    assert code(images, {"media_type": "image/png", "data": text}, photo=True) == "photo-too-small"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"), (b"hello", "no picture"), (b"GIF89a....", "GIF"),
        (picture("WEBP"), "WebP"), (picture("BMP"), "BMP"), (picture("TIFF"), "TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"), (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"), (b"%PDF-1.7", "PDF"), (b"<svg></svg>", "SVG"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    ],
)  # fmt: skip
def test_other_kinds_of_files_are_named(
    images: ImageReader, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(BadImage, match=says) as caught:
        images.resolve("photo.jpg")
    assert caught.value.code == "image-format"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_that_was_cut_short_is_damaged(
    images: ImageReader, tmp_path: Path, kind: str
) -> None:
    data = picture(kind, 300, 300)
    (tmp_path / "cut").write_bytes(data[: len(data) * 2 // 3])
    assert code(images, "cut") == "image-unreadable"


def test_an_upload_has_a_limit(
    images: ImageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = picture()
    (tmp_path / "style.png").write_bytes(data)
    monkeypatch.setattr(runner.manifest.images, "MAX_UPLOAD_BYTES", len(data) - 1)
    assert code(images, "style.png") == "image-too-large"
    inline = {"media_type": "image/png", "data": base64.b64encode(data).decode()}
    assert code(images, inline) == "image-too-large"


@pytest.mark.parametrize(
    "entry",
    ["http://e.com/a.jpg", "ftp://e.com/a.jpg", "s3://bucket/a.jpg", "data:image/png;base64,AA",
     "https://", "https://e.com/a b.jpg", "https://[::1/a.jpg", {"url": "https://"}],
)  # fmt: skip
def test_only_https_addresses_are_taken(images: ImageReader, entry: str | dict[str, str]) -> None:
    assert code(images, entry) == "image-url"


@pytest.mark.parametrize(
    "entry",
    [
        {"media_type": "image/png", "data": "####"},
        {"media_type": "image/png", "data": "AAA"},
        {"media_type": "image/jpeg", "data": base64.b64encode(picture()).decode()},
    ],
)
def test_inline_data_is_what_it_claims(images: ImageReader, entry: dict[str, str]) -> None:
    assert code(images, entry) == "image-data"


@pytest.mark.parametrize(
    "entry", ["none.png", "a/b.png", "~/a.png", "style.png/x", "\0", "x" * 5000]
)
def test_a_path_that_leads_nowhere_is_told(images: ImageReader, tmp_path: Path, entry: str) -> None:
    (tmp_path / "style.png").write_bytes(picture())
    assert code(images, entry) in ("image-missing", "image-unreadable")


def test_a_misspelt_file_name_is_guessed(images: ImageReader, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "style.png").write_bytes(picture())
    with pytest.raises(BadImage) as caught:
        images.resolve("assets/stile.png")
    assert caught.value.hint == "Did you mean `assets/style.png`?"


@pytest.mark.parametrize(
    ("entry", "there", "why"),
    [
        ("Art/me.png", "art/me.png", "capitals"),
        ("art/ME.PNG", "art/me.png", "capitals"),
        ("art\\me.png", "art/me.png", "parted by /"),
        ("art/Zo\u00e9.png", "art/Zoe\u0301.png", "composed"),
        ("art/zoe.png", "art/Zoe\u0301.png", "accents or capitals"),
    ],
)
def test_a_file_that_is_there_by_another_spelling_is_found_with_the_reason(
    images: ImageReader, tmp_path: Path, entry: str, there: str, why: str
) -> None:
    (tmp_path / "art").mkdir()
    for name in ("me.png", "Zoe\u0301.png"):
        (tmp_path / "art" / name).write_bytes(picture())
    with pytest.raises(BadImage) as caught:
        images.resolve(entry)
    assert caught.value.code == "image-missing"
    assert f"`{there}`" in (caught.value.hint or "")
    assert why in (caught.value.hint or "")


def test_a_path_with_a_tab_in_it_was_written_with_backslashes(images: ImageReader) -> None:
    with pytest.raises(BadImage) as caught:
        images.resolve("C:\temp.png")
    assert "begins an escape" in (caught.value.hint or "")


def test_a_folder_is_no_picture(images: ImageReader, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    assert code(images, "assets") == "image-unreadable"


def test_paths_are_relative_to_the_manifest_and_may_be_templates(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("linen", "navy"):
        (tmp_path / "assets" / f"{name}.png").write_bytes(picture())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    reading = read(
        'matrix:\n  - id: "${outfit}"\n    prompt: Wearing ${outfit}\n'
        '    reference_images: ["assets/${outfit}.png"]\n    axes: {outfit: [linen, navy]}\n',
        head=True,
        hints=False,
    )
    assert reading.campaign is not None
    sources = [look.images[0] for look in reading.campaign.looks[1:]]
    assert [image.source for image in sources if isinstance(image, FileImage)] == [
        "assets/linen.png", "assets/navy.png",
    ]  # fmt: skip


def test_a_small_file_that_unfolds_into_far_too_much_is_not_read(
    images: ImageReader, tmp_path: Path
) -> None:
    header = struct.pack(">IIBBBBB", 20_000, 5_000, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    sized = struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "style.png").write_bytes(b"\x89PNG\r\n\x1a\n" + sized + b"\0\0\0\0IDAT")
    with pytest.raises(BadImage, match="has 20000 x 5000 pixels") as refused:
        images.resolve("style.png")
    assert refused.value.code == "image-too-large"


# --- pictures that can be used, and may do wrong ------------------------------------------------


def drawn(mode: str = "RGB", size: tuple[int, int] = (600, 600), **save: object) -> bytes:
    data = io.BytesIO()
    kind = str(save.pop("kind", "PNG"))
    Pillow.new(mode, size).save(data, kind, **save)
    return data.getvalue()


def noted(tag: int, value: object) -> bytes:
    exif = Pillow.Exif()
    exif[tag] = value
    return drawn(kind="JPEG", exif=exif)


def deep() -> bytes:
    """Write a PNG of 16 bits a channel, which Pillow reads and does not write in colour."""
    row = b"\0" + b"\x12\x34" * 3 * 600

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 600, 600, 16, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row * 600)) + chunk(b"IEND", b"")
    )


FRAMES = [Pillow.new("RGB", (600, 600), colour) for colour in ("red", "blue")]
DOUBTED: dict[str, list[bytes]] = {
    "image-rotated": [noted(0x0112, turned) for turned in (2, 3, 6, 8)],
    "image-location": [noted(0x8825, {1: "N", 2: (52.0, 31.0, 0.0)})],
    "image-cmyk": [drawn("CMYK", kind="JPEG")],
    "image-deep-colour": [deep(), drawn("I;16")],
    "image-transparent": [
        drawn("RGBA"),
        drawn("LA"),
        drawn("P", transparency=0),
    ],
    "image-animated": [drawn(save_all=True, append_images=FRAMES)],
    "image-shape": [drawn(size=(1600, 512)), drawn(size=(512, 1600), kind="JPEG")],
}


@pytest.mark.parametrize("code", DOUBTED)
def test_a_picture_that_may_do_wrong_is_doubted(
    code: str, images: ImageReader, tmp_path: Path
) -> None:
    for number, data in enumerate(DOUBTED[code]):
        (tmp_path / f"{number}.png").write_bytes(data)
        doubts = images.doubts(images.resolve(f"{number}.png", photo=True))
        assert [doubt.code for doubt in doubts] == [code], number
        assert all(doubt.hint for doubt in doubts)


@pytest.mark.parametrize(
    "data",
    [drawn(), drawn(kind="JPEG"), drawn(size=(720, 1600)), noted(0x0112, 1), noted(0x0112, 99)],
)
def test_an_ordinary_picture_is_not_doubted(
    data: bytes, images: ImageReader, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(data)
    assert images.doubts(images.resolve("a.png", photo=True)) == ()


def test_an_opaque_picture_with_an_alpha_channel_is_not_doubted(
    images: ImageReader, tmp_path: Path
) -> None:
    Pillow.new("RGBA", (600, 600), (1, 2, 3, 255)).save(tmp_path / "a.png")
    assert images.doubts(images.resolve("a.png")) == ()


def test_a_picture_that_many_looks_use_is_doubted_once_with_their_count(
    read: Read, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(drawn("RGBA"))
    looks = "".join(
        f"  l{n}: {{prompt: A coat {n}, reference_images: [a.png]}}\n" for n in range(24)
    )
    found = read(f"looks:\n{looks}", head=True, hints=False).diagnostics
    assert [(item.code, item.look, item.more) for item in found] == [
        ("image-transparent", "l0", 23)
    ]
    assert found[0].message.endswith("(and 23 more looks)")
