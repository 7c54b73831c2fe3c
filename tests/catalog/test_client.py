"""The client's copy: pictures, titles and answers, and not a byte of what is the studio's."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from runner import catalog
from runner.answers import compute_ref
from runner.catalog import album, client, reading, xmp
from runner.catalog.client import Shown
from runner.catalog.pictures import CatalogImage
from runner.catalog.sheet import layout, lettering
from runner.catalog.sheet.client_layout import compose_for_client
from runner.catalog.sheet.layout import Frame, SheetPage, Text
from runner.errors import UsageError
from runner.results.model import LookEntry, Results, TakeEntry
from tests.catalog import sample
from tests.catalog.hostile import HOSTILE, Outline

CREDITS = {"creator": "Jo Example", "credit": "Jo / Studio", "copyright": "© 2026 Studio"}
CONSENT = "https://consent.example/open?ticket=8c41"


def campaign(folder: Path) -> Results:
    """Return a campaign with everything in it that no client should see, and its pictures."""
    results = sample.campaign()
    sample.draw(folder, results, (80, 100))
    for look in results["looks"]:
        for take in look["takes"]:
            if take["image"]:
                take["sha256"] = hashlib.sha256((folder / take["image"]).read_bytes()).hexdigest()
            if take["picked"]:
                look["sha256"] = take["sha256"]
    consent = cast(
        "TakeEntry", {**sample.take("pact", state="pending_consent"), "consent_url": CONSENT}
    )
    looks = [*results["looks"], sample.look("pact", "A secret pact", [consent])]
    return {**results, "looks": looks, "credits": cast("Any", CREDITS)}


def written(folder: Path, results: Results, *shown: str) -> bytes:
    chosen = client.select_for_client(results).results
    return catalog.write_client_copy(chosen, folder, folder / "client.html", shown).read_bytes()


def secrets(results: Results) -> dict[str, set[str]]:
    """Return what a client has no business with, by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in ("ids", "prompts", "prices", "more")}
    found["prices"] |= {"$1.00", "1.00"}
    found["more"] |= {CONSENT, "consent", "moderation", "spring-lookbook.yaml", "hero", "images/"}
    for look in (*results["looks"], *results["orphans"]):
        found["ids"] |= {look["look"]} if "-" in look["look"] else set()
        found["prompts"] |= {look["prompt"] or ""}
        found["more"] |= {look["name"] or "", look["identity"] or ""}
        for take in look["takes"]:
            found["ids"] |= {take["avatar_id"] or "", take["avatar_group_id"] or ""}
            found["ids"] |= {take["reference_id"] or ""}
            found["more"] |= {take["idempotency_key"] or "", take["request_id"] or ""}
    found["more"] -= {"Sarah"}  # whose pictures they are
    return {kind: {text for text in texts if text} for kind, texts in found.items()}


def pictures_in(html: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", html):
        yield base64.b64decode(found[1])


def test_no_byte_of_it_is_an_id_a_price_a_prompt_a_link_or_a_failure(tmp_path: Path) -> None:
    results = campaign(tmp_path)
    html = written(tmp_path, results)
    content = html + b"".join(pictures_in(html))
    exported = album.export(
        client.select_for_client(results).results,
        tmp_path,
        tmp_path / "out",
        template="{title}.jpg",
        disclose=lambda facts: client.withhold(facts, ()),
    )
    for file in exported.files:
        content += file.name.encode() + (tmp_path / "out" / file.name).read_bytes()
    for text in texts(composed(results)):
        content += text.encode()
    for kind, texts_ in secrets(results).items():
        leaked = sorted(text for text in texts_ if text.encode() in content)
        assert not leaked, f"{kind}: {leaked}"
    assert html.count(b'<li class="card"') == 17 == len(exported.files)
    assert b"Ski Lodge" not in content  # it failed, and there is no picture
    assert b"Cape on the Cliff" not in content  # an orphan


@pytest.mark.parametrize("what", list(Shown))
def test_what_was_asked_for_is_there_and_nothing_else(tmp_path: Path, what: Shown) -> None:
    results = campaign(tmp_path)
    html = written(tmp_path, results, what).decode()
    there = {
        Shown.PROMPTS: "Wearing a long red dress on a marble staircase, evening light",
        Shown.PRICES: "$1.00",
        Shown.IDS: "lk_red_dress_0001",
    }
    assert {kind for kind, text in there.items() if text in html} == {what}
    assert not [text for text in secrets(results)["more"] if text in html]


def test_an_answer_is_bound_to_campaign_take_and_content(tmp_path: Path) -> None:
    results = campaign(tmp_path)
    page = client.build_client_page(client.select_for_client(results).results)
    dress = next(one for one in page.pictures if one.title == "Red Dress, Staircase")
    digest = hashlib.sha256((tmp_path / "images" / "red-dress.1.png").read_bytes()).hexdigest()
    assert dress.sha256 == digest
    assert dress.ref == compute_ref("spring-lookbook", "red-dress", 1, digest)
    others = [("autumn", "red-dress", 1, digest), ("spring-lookbook", "red-dress", 2, digest)]
    others += [("spring-lookbook", "red", 1, digest), ("spring-lookbook", "red-dress", 1, "0" * 64)]
    assert dress.ref not in {compute_ref(*other) for other in others}
    assert len({one.ref for one in page.pictures}) == len(page.pictures)


def reviewed(state: str, *takes: TakeEntry) -> LookEntry:
    takes[0]["review"] = {"state": state}
    return sample.look("one", "p", takes)


def test_a_rejected_take_is_not_shown_again() -> None:
    first, second = sample.take("one"), sample.take("one", 2, picked=False)
    for state, every_take, numbers, rejected in (
        ("approved", False, [1], 0),
        ("rejected", False, [], 1),
        ("rejected", True, [2], 0),
        ("undecided", True, [1, 2], 0),
    ):
        results = sample.document([reviewed(state, first, second)])
        chosen = client.select_for_client(results, every_take=every_take)
        shown = [take["take"] for look in chosen.results["looks"] for take in look["takes"]]
        assert (shown, chosen.rejected) == (numbers, rejected)
        if shown:
            assert chosen.results["looks"][0]["image"] == f"images/one.{shown[0]}.png"


def test_each_picture_says_whose_it_is_and_that_it_was_generated(tmp_path: Path) -> None:
    embedded = list(pictures_in(written(tmp_path, campaign(tmp_path))))
    assert len(embedded) == 2 * 17
    for data in embedded:
        with Image.open(io.BytesIO(data)) as picture:
            packet = picture.info["xmp"]
            artist = picture.getexif()[0x013B]
        assert artist == "Jo Example"
        assert "© 2026 Studio".encode() in packet
    assert sum(xmp.GENERATED.encode() in data for data in embedded) == 2 * 15


def test_hostile_text_adds_no_tag_and_no_handler(tmp_path: Path) -> None:
    def outline(*words: str) -> list[tuple[str, Any]]:
        looks = [sample.look(f"l{n}", word, title=word) for n, word in enumerate(words)]
        stated = {"creator": words[-1], "copyright": words[-2]}
        results = sample.document(looks, campaign=words[0], credits=stated)
        sample.draw(tmp_path, results, (8, 10))
        return Outline(written(tmp_path, results, *Shown).decode()).tags

    tame, found = outline(*["word"] * len(HOSTILE)), outline(*HOSTILE)
    assert [tag for tag, _ in found] == [tag for tag, _ in tame]
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]


def test_what_has_no_picture_or_too_many_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture"):
        written(tmp_path, sample.document([sample.look("one", "p")]))
    with pytest.raises(UsageError, match="too many"):
        written(tmp_path, sample.many(catalog.MAX_CLIENT_PICTURES + 1))


# --- the contact sheet ----------------------------------------------------------------------------


def composed(results: Results) -> list[SheetPage]:
    view = reading.build_page(client.select_for_client(results).results)
    shown = {image: CatalogImage("thumbs/x.jpg", image, 512, 640) for image, _ in view.sources}
    return compose_for_client(view, shown, "© 2026 Studio")


def texts(pages: list[SheetPage]) -> list[str]:
    return [mark.text for page in pages for mark in page.marks if isinstance(mark, Text)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 11, 24, 100, 401])
def test_the_sheet_fills_its_pages_evenly_and_stays_on_them(count: int) -> None:
    pages = composed(sample.many(count))
    frames = [[m for m in page.marks if isinstance(m, Frame)] for page in pages]
    assert sum(map(len, frames)) == count
    assert max(map(len, frames[:-1]), default=0) - len(frames[-1]) < len(pages)
    first = frames[0]
    right = layout.WIDTH - layout.MARGIN
    assert all(f.x >= layout.MARGIN - 0.01 for f in first)
    assert all(f.x + f.width <= right + 0.01 for f in first)
    assert all(f.y + f.height < layout.HEIGHT - layout.MARGIN - 20 for f in first)
    if count > 1:  # from margin to margin
        assert max(f.x + f.width for f in first) == pytest.approx(right)
    assert all(f.width >= 118 for f in first)
    for page in pages:
        for mark in page.marks:
            if isinstance(mark, Text) and mark.align == "l":
                assert (
                    mark.x + lettering.measure_width(mark.text, mark.face, mark.size)
                    <= right + 0.01
                )


def test_the_sheet_names_whose_the_pictures_are_and_no_money() -> None:
    said = texts(composed(sample.campaign()))
    assert "17 pictures" in said
    assert "© 2026 Studio" in said
    assert not [text for text in said if "$" in text or "spent" in text or "simulator" in text]
