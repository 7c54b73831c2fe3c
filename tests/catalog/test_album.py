"""Exported pictures: named as asked, saying what they are, with sums that check out."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from runner.catalog import album, xmp
from runner.catalog.metadata import embed_metadata
from runner.catalog.xmp import Facts, make_packet
from runner.errors import UsageError
from runner.model import Credits
from runner.results.model import Results
from tests.catalog import sample

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
OWN = "{urn:x-lookbook:xmp:1.0:}"
LI = ".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
DC = "{http://purl.org/dc/elements/1.1/}"


def campaign(folder: Path) -> Results:
    results = sample.campaign()
    sample.draw(folder, results, (80, 100))
    return results


def metadata(path: Path) -> ET.Element:
    with Image.open(path) as picture:
        raw = picture.info["xmp"]
    return ET.fromstring(raw if isinstance(raw, bytes) else raw.encode())


def value(root: ET.Element, name: str) -> str | None:
    found = root.find(f".//{name}")
    return None if found is None else found.text


def test_pictures_are_named_by_the_template(tmp_path: Path) -> None:
    made = album.export(
        campaign(tmp_path),
        tmp_path,
        tmp_path / "out",
        template="{campaign}/{outfit}_{setting}_{take}.jpg",
    )
    names = {file.look: file.name for file in made.files}
    assert names["blazer-office"] == "spring-lookbook/blazer_office_1.jpg"
    assert names["red-dress"] == "spring-lookbook/red-dress_1.jpg"
    on_disk = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.jpg")}
    assert on_disk == set(names.values())


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "{ext}"])
def test_each_picture_says_what_it_is(tmp_path: Path, suffix: str) -> None:
    made = album.export(
        campaign(tmp_path), tmp_path, tmp_path / "out", template="{look}_{take}." + suffix
    )
    (shipped,) = (file for file in made.files if file.look == "red-dress")
    root = metadata(tmp_path / "out" / shipped.name)
    assert value(root, IPTC + "DigitalSourceType") == xmp.GENERATED
    assert value(root, IPTC + "AIPromptInformation") == (
        "Wearing a long red dress on a marble staircase, evening light"
    )
    assert value(root, OWN + "look") == "red-dress"
    assert value(root, OWN + "campaign") == "spring-lookbook"
    assert value(root, DC + "identifier") == "lk_red_dress_0001"
    title = root.find(f".//{DC}title")
    assert title is not None
    assert [li.text for li in title.iterfind(LI)] == ["Red Dress, Staircase"]


def test_nothing_is_claimed_about_a_photo_or_a_look_that_existed(tmp_path: Path) -> None:
    made = album.export(campaign(tmp_path), tmp_path, tmp_path / "out")
    claims = {
        file.look: value(metadata(tmp_path / "out" / file.name), IPTC + "DigitalSourceType")
        for file in made.files
    }
    assert {look for look, claim in claims.items() if claim is None} == {"base", "hired-elsewhere"}


def test_the_sums_check_out(tmp_path: Path) -> None:
    target = tmp_path / "out"
    made = album.export(campaign(tmp_path), tmp_path, target)
    listed = (target / "SHA256SUMS").read_text().splitlines()
    assert len(listed) == len(made.files) > 10
    for line in listed:
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((target / name).read_bytes()).hexdigest() == digest


def test_every_take_can_be_had(tmp_path: Path) -> None:
    results = campaign(tmp_path)
    picked = album.export(results, tmp_path, tmp_path / "a")
    every = album.export(results, tmp_path, tmp_path / "b", every_take=True)
    more = {file.name for file in every.files} - {file.name for file in picked.files}
    assert more == {"spring-lookbook/red-dress_2.jpg"}


def test_two_pictures_with_one_name_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the same name"):
        album.export(campaign(tmp_path), tmp_path, tmp_path / "out", template="{campaign}.jpg")
    assert not (tmp_path / "out").exists()


def test_a_picture_that_is_missing_or_broken_is_skipped_with_the_reason(tmp_path: Path) -> None:
    results = sample.document([sample.base(), sample.look("gone", "p"), sample.look("bad", "p")])
    sample.draw(tmp_path, results, (80, 100))
    (tmp_path / "images" / "gone.1.png").unlink()
    (tmp_path / "images" / "bad.1.png").write_bytes(b"broken")
    made = album.export(results, tmp_path, tmp_path / "out")
    assert [file.look for file in made.files] == ["base"]
    assert [label for label, _ in made.skipped] == ["gone#1", "bad#1"]


def test_a_png_that_stays_one_keeps_every_pixel(tmp_path: Path) -> None:
    results = sample.document([sample.base()])
    (tmp_path / "images").mkdir()
    source = Image.effect_noise((60, 60), 90).convert("RGBA")
    source.save(tmp_path / "images" / "base.1.png")
    (file,) = album.export(results, tmp_path, tmp_path / "out", template="{look}.{ext}").files
    with Image.open(tmp_path / "out" / file.name) as copied:
        assert (copied.mode, copied.tobytes()) == ("RGBA", source.tobytes())


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
@pytest.mark.parametrize("stated", [True, False], ids=["credits", "none"])
def test_a_picture_that_stays_one_keeps_its_pixels_and_says_only_whose_it_is(
    tmp_path: Path, kind: str, suffix: str, stated: bool
) -> None:
    whose = {"creator": "Jo Ä", "credit": "Jo / Studio", "copyright": "© 2026 <Studio>"}
    take = sample.take("base", image=f"images/base.1.{suffix}")
    rest = {"credits": whose} if stated else {}
    results = sample.document([sample.look("base", None, [take])], **rest)
    (tmp_path / "images").mkdir()
    source = tmp_path / "images" / f"base.1.{suffix}"
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x0112] = 6  # lying on its side
    options = {"quality": 71, "icc_profile": b"colours " * 16, "xmp": b"<x>A place</x>"}
    Image.effect_noise((64, 48), 90).convert("RGB").save(source, kind, exif=exif, **options)
    (file,) = album.export(results, tmp_path, tmp_path / "out", template="{look}.{ext}").files
    shipped = tmp_path / "out" / file.name
    with Image.open(source) as before, Image.open(shipped) as after:
        assert after.tobytes() == before.tobytes()
        assert after.info["icc_profile"] == before.info["icc_profile"]
        told = dict(after.getexif())
    assert told.pop(0x0112) == 6
    words = {tag: text.encode("latin-1").decode() for tag, text in told.items()}
    assert words == ({0x013B: "Jo Ä", 0x8298: "© 2026 <Studio>"} if stated else {})
    assert b"A camera" not in shipped.read_bytes()
    assert b"A place" not in shipped.read_bytes()
    root = metadata(shipped)
    found = [
        li.text for name in ("creator", "rights") for li in root.iterfind(f".//{DC}{name}/{LI}")
    ]
    assert found == (["Jo Ä", "© 2026 <Studio>"] if stated else [])
    assert value(root, "{http://ns.adobe.com/photoshop/1.0/}Credit") == rest.get("credits", {}).get(
        "credit"
    )


def test_what_lies_behind_a_jpeg_s_end_is_not_handed_over(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.effect_noise((32, 32), 90).save(out, "JPEG", progressive=True)
    data = out.getvalue() + b"a film of the office"
    embedded = embed_metadata(data, "JPEG", xmp=b"<x/>", exif=b"")
    assert embedded.endswith(out.getvalue()[-64:])
    assert b"film" not in embedded


@pytest.mark.parametrize(
    ("much", "prompt_is_told"),
    [
        ({"tags": tuple(f"{n:03}{'&' * 60}" for n in range(400))}, True),
        ({"prompt": "Wearing & " * 9_000}, False),
        ({"title": "Sarah " * 12_000}, False),
    ],
)
def test_a_packet_that_a_jpeg_has_no_room_for_still_says_what_the_picture_is(
    much: dict[str, Any], prompt_is_told: bool
) -> None:
    plain = Facts("spring", "Navy", generated=True, system="HeyGen", prompt="Wearing navy")
    packet = make_packet(replace(plain, whose=Credits(creator="Jo"), **much))
    out = io.BytesIO()
    Image.effect_noise((16, 16), 90).save(out, "JPEG")
    embedded = embed_metadata(out.getvalue(), "JPEG", xmp=packet, exif=b"")
    assert b"trainedAlgorithmicMedia" in embedded
    assert b"<dc:creator>" in embedded
    assert (b"AIPromptInformation" in embedded) is prompt_is_told
    with pytest.raises(ValueError, match="no room"):
        embed_metadata(out.getvalue(), "JPEG", xmp=bytes(70_000), exif=b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_file_is_refused_in_words(kind: str) -> None:
    out = io.BytesIO()
    Image.effect_noise((16, 16), 90).save(out, kind)
    for length in range(len(out.getvalue()) - 2):
        with pytest.raises(ValueError, match=r"no |early|without|follow"):
            embed_metadata(out.getvalue()[:length], kind, xmp=b"", exif=b"")


def test_hostile_text_stays_text_in_the_metadata(tmp_path: Path) -> None:
    bad = "</rdf:li>&<x>\x00\ud800\uffff]]>"
    results = sample.document([sample.look("one", bad, title=bad, tags=[bad])], campaign=bad)
    sample.draw(tmp_path, results, (80, 100))
    (file,) = album.export(results, tmp_path, tmp_path / "out").files
    root = metadata(tmp_path / "out" / file.name)
    assert value(root, OWN + "campaign") == "</rdf:li>&<x>\ufffd\ufffd\ufffd]]>"
