"""Pictures: found only inside the folder, shrunk once, and never a reason to fail."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from runner.catalog import pictures
from runner.catalog.pictures import CatalogImage, Unusable
from runner.errors import StorageError


def put(path: Path, size: tuple[int, int] = (900, 1200), mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size).save(path)
    return path


def only(
    folder: Path, image: str, sha256: str | None = None, *, embed: bool = False
) -> CatalogImage:
    return pictures.prepare_images(folder, [(image, sha256)], embed=embed)[image]


def test_a_thumbnail_is_made_and_named_by_content(tmp_path: Path) -> None:
    put(tmp_path / "images" / "a.1.png")
    digest = "ab" * 32
    shown = only(tmp_path, "images/a.1.png", digest)
    assert shown == CatalogImage(f"thumbs/{digest}-640.jpg", "images/a.1.png", 480, 640)
    with Image.open(tmp_path / "thumbs" / f"{digest}-640.jpg") as thumb:
        assert (thumb.format, thumb.size) == ("JPEG", (480, 640))


def test_a_thumbnail_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    only(tmp_path, "a.png", "cd" * 32)
    (thumb,) = (tmp_path / "thumbs").iterdir()
    before = thumb.stat().st_mtime_ns
    only(tmp_path, "a.png", "cd" * 32)
    assert thumb.stat().st_mtime_ns == before


def test_a_thumbnail_that_is_made_beforehand_is_the_catalogs(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    pictures.prepare_thumb(tmp_path, "a.png", "cd" * 32)
    (thumb,) = (tmp_path / "thumbs").iterdir()
    assert only(tmp_path, "a.png", "cd" * 32).thumb == f"thumbs/{thumb.name}"


@pytest.mark.parametrize("image", ["gone.png", "../outside.png", "bad.png", "a.png"])
def test_a_thumbnail_that_cannot_be_made_beforehand_is_left_to_the_catalog(
    tmp_path: Path, image: str
) -> None:
    put(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "thumbs").write_text("a file where the folder has to be")
    pictures.prepare_thumb(tmp_path, image, "cd" * 32)
    assert (tmp_path / "thumbs").read_text() == "a file where the folder has to be"
    if image == "a.png":
        with pytest.raises(StorageError, match="thumbs"):
            only(tmp_path, image, "cd" * 32)
    else:
        assert only(tmp_path, image, "cd" * 32).problem is not None


def test_a_damaged_thumbnail_is_made_again(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    only(tmp_path, "a.png", "cd" * 32)
    (thumb,) = (tmp_path / "thumbs").iterdir()
    thumb.write_bytes(b"")
    assert only(tmp_path, "a.png", "cd" * 32).problem is None
    assert thumb.stat().st_size > 0


@pytest.mark.parametrize("digest", [None, "../../escape", "AB" * 32])
def test_a_digest_that_is_none_is_computed(tmp_path: Path, digest: str | None) -> None:
    put(tmp_path / "a.png")
    thumb = only(tmp_path, "a.png", digest).thumb
    assert thumb is not None
    assert (tmp_path / thumb).is_file()
    assert ".." not in thumb


@pytest.mark.parametrize(
    "image",
    ["../secret.png", "/etc/passwd", "images/../../secret.png", "a\0b.png", "..\\secret.png", ""],
)
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, image: str) -> None:
    put(tmp_path / "secret.png")
    shown = only(tmp_path / "folder", image)
    assert shown.thumb is None
    assert shown.problem == "Its path leads out of the catalog's folder."


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "secret.png")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.png").symlink_to(tmp_path / "secret.png")
    assert only(folder, "a.png").problem == "Its path leads out of the catalog's folder."


@pytest.mark.parametrize("image", ["gone.png", "\ud800.png", "x" * 5000])
def test_a_picture_that_is_not_there_says_so(tmp_path: Path, image: str) -> None:
    shown = only(tmp_path, image)
    assert shown.full is None
    assert shown.problem in {"The picture is not on disk.", "The picture's path cannot be read."}


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_a_damaged_picture_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert only(tmp_path, "a.png").problem == "The picture cannot be read; its file is damaged."


def test_a_picture_cut_short_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.effect_noise((400, 400), 80).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    assert only(tmp_path, "a.jpg").problem == "The picture cannot be read; its file is damaged."


def test_a_bomb_is_not_decoded(tmp_path: Path) -> None:
    put(tmp_path / "a.png", (10_000, 10_000), mode="1")
    assert only(tmp_path, "a.png").problem == "The picture is too large to show."


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "I;16", "1"])
def test_pictures_of_every_mode_become_thumbnails(tmp_path: Path, mode: str) -> None:
    put(tmp_path / "a.png", mode=mode)
    assert only(tmp_path, "a.png").problem is None


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert pictures.load_image(tmp_path / "a.png").getpixel((25, 25)) == (255, 255, 255)


def test_a_name_becomes_an_address_that_means_only_that_file(tmp_path: Path) -> None:
    put(tmp_path / "images" / "a b#c?d%.png")
    assert only(tmp_path, "images/a b#c?d%.png").full == "images/a%20b%23c%3Fd%25.png"


def test_an_embedded_picture_carries_its_bytes(tmp_path: Path) -> None:
    put(tmp_path / "a.png", (2000, 4000))
    shown = only(tmp_path, "a.png", embed=True)
    assert shown.full is not None
    assert shown.full.startswith("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(shown.full.partition(",")[2]))) as large:
        assert large.size == (800, 1600)


def test_locate_gives_the_file_itself(tmp_path: Path) -> None:
    path = put(tmp_path / "images" / "a.png")
    assert pictures.locate_picture(tmp_path, "images/a.png") == path.resolve()
    with pytest.raises(Unusable):
        pictures.locate_picture(tmp_path, "images")
