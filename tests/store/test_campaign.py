"""A campaign's part of a store: what is copied, in which order, and what faults leave."""

from pathlib import Path

import pytest

from runner.canonical import sha256_hex
from runner.model import LookKind
from runner.store.campaign import (
    MAX_TROUBLES,
    CampaignStore,
    Picture,
    list_pictures,
    name_place,
)
from runner.store.port import StoreTrouble
from runner.takes import Account, Take
from tests.store.memory import AWAY, MemoryStore

ME = Account("api.example", "me")
DOCUMENTS = {"results.json": b"{}", "catalog.html": b"<html>"}


class Machine:
    """A state folder, and the campaign in a store as this machine sees it."""

    def __init__(self, folder: Path, store: MemoryStore) -> None:
        self.folder = folder
        folder.mkdir()
        self.copies = CampaignStore(store, ME, "spring", folder)
        self.pictures: list[Picture] = []

    def draw(self, name: str, content: bytes) -> Picture:
        path = self.folder / "images" / f"{name}.1.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        picture = Picture(f"{name}#1", f"images/{path.name}", sha256_hex(content))
        thumb = self.folder / "thumbs" / f"{picture.sha256}-640.jpg"
        thumb.parent.mkdir(exist_ok=True)
        thumb.write_bytes(b"small " + content)
        self.pictures.append(picture)
        return picture

    def publish(self) -> dict[str, str]:
        problems = self.copies.push(self.pictures)
        if not problems:
            self.copies.publish(self.pictures, DOCUMENTS)
        return problems


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def one(tmp_path: Path, store: MemoryStore) -> Machine:
    return Machine(tmp_path / "one", store)


def taken(image: str, sha256: str) -> Take:
    return Take("u", "navy", 1, LookKind.PROMPT, "", "", None, image=image, sha256=sha256)


def place() -> str:
    return name_place(ME, "spring")


def test_the_catalog_is_written_after_everything_that_it_names(
    one: Machine, store: MemoryStore
) -> None:
    navy = one.draw("navy", b"navy")
    assert one.publish() == {}
    at = place()
    thumb = f"{at}/thumbs/{navy.sha256}-640.jpg"
    order = [f"blobs/{navy.sha256}", f"{at}/{navy.image}", f"{at}/pictures.json", thumb]
    order += [f"{at}/results.json", f"{at}/catalog.html", f"{at}/pictures.json"]
    assert store.written == order
    assert store.objects[f"blobs/{navy.sha256}"] == store.objects[f"{at}/{navy.image}"] == b"navy"


def test_what_is_there_is_not_copied_again_and_what_was_removed_or_changed_is(
    one: Machine, store: MemoryStore, tmp_path: Path
) -> None:
    navy, coat = one.draw("navy", b"navy"), one.draw("coat", b"coat")
    one.publish()
    store.written.clear()
    later = Machine(tmp_path / "later", store)
    later.draw("navy", b"navy")
    later.draw("coat", b"coat")
    assert later.publish() == {}
    assert store.written == []
    del store.objects[f"{place()}/{navy.image}"]
    changed = Machine(tmp_path / "changed", store)
    changed.draw("navy", b"navy")
    recoat = changed.draw("coat", b"another coat")
    assert changed.publish() == {}
    assert f"{place()}/{navy.image}" in store.written
    assert store.objects[f"{place()}/{coat.image}"] == b"another coat"
    assert {f"blobs/{coat.sha256}", f"blobs/{recoat.sha256}"} <= store.objects.keys()


def test_a_machine_that_lacks_pictures_takes_them_from_the_store(
    one: Machine, store: MemoryStore, tmp_path: Path
) -> None:
    navy, coat = one.draw("navy", b"navy"), one.draw("coat", b"coat")
    one.publish()
    two = Machine(tmp_path / "two", store)
    (two.folder / "images").mkdir()
    (two.folder / coat.image).write_bytes(b"changed here")
    unknown = Picture("gone#1", "images/gone.1.png", "f" * 64)
    assert two.copies.pull([navy, coat, unknown]).came == ["navy#1"]
    assert two.copies.pull([navy, coat], thorough=True).came == ["coat#1"]
    assert (two.folder / navy.image).read_bytes() == b"navy"
    assert (two.folder / coat.image).read_bytes() == b"coat"
    asked = store.asked
    assert two.copies.pull([navy, coat], thorough=True).came == []
    assert store.asked == asked


def test_a_damaged_object_is_not_taken_and_is_mended_by_who_has_the_picture(
    one: Machine, store: MemoryStore, tmp_path: Path
) -> None:
    navy = one.draw("navy", b"navy")
    one.publish()
    store.objects[f"blobs/{navy.sha256}"] = b"nav"
    two = Machine(tmp_path / "two", store)
    pulled = two.copies.pull([navy])
    assert (pulled.came, pulled.damaged) == ([], ["navy#1"])
    assert not (two.folder / navy.image).exists()
    two.draw("navy", b"navy")  # as HeyGen has it
    assert two.publish() == {}
    assert store.objects[f"blobs/{navy.sha256}"] == b"navy"


def test_a_store_that_is_away_is_left_alone_soon_and_gets_all_later(
    one: Machine, store: MemoryStore
) -> None:
    for number in range(40):
        one.draw(f"l{number}", f"picture {number}".encode())
    one.copies.open()
    store.trouble, store.asked = AWAY, 0
    problems = one.copies.push(one.pictures)
    assert len(problems) == 40
    assert set(problems.values()) == {AWAY.reason}
    assert store.asked <= MAX_TROUBLES + 4
    assert not store.written
    store.trouble = None
    assert one.publish() == {}
    assert store.objects[f"{place()}/catalog.html"] == b"<html>"


def test_one_object_that_fails_holds_back_the_pages_but_no_other_picture(
    one: Machine, store: MemoryStore
) -> None:
    navy, coat = one.draw("navy", b"navy"), one.draw("coat", b"coat")
    store.trouble, store.only = AWAY, navy.sha256
    assert one.publish() == {"navy#1": AWAY.reason}
    assert f"{place()}/{coat.image}" in store.objects
    assert f"{place()}/catalog.html" not in store.objects


@pytest.mark.parametrize("what", ["thumbs", "results.json"])
def test_a_page_is_not_written_after_a_fault(what: str, one: Machine, store: MemoryStore) -> None:
    one.draw("navy", b"navy")
    one.copies.open()
    store.trouble, store.only = AWAY, what
    with pytest.raises(StoreTrouble):
        one.publish()
    assert f"{place()}/catalog.html" not in store.objects


def test_a_picture_that_was_changed_on_disk_is_never_copied_under_another_content(
    one: Machine, store: MemoryStore
) -> None:
    navy = one.draw("navy", b"navy")
    (one.folder / navy.image).write_bytes(b"defaced")
    assert "changed on disk" in one.publish()["navy#1"]
    assert store.written == []


def test_an_index_that_cannot_be_read_only_means_copying_again(
    one: Machine, store: MemoryStore, tmp_path: Path
) -> None:
    navy = one.draw("navy", b"navy")
    one.publish()
    for kept in (b"[]", b"{", b"[" * 100_000):
        store.objects[f"{place()}/pictures.json"] = kept
        store.written.clear()
        assert CampaignStore(store, ME, "spring", one.folder).push([navy]) == {}
        assert f"{place()}/{navy.image}" in store.written


def test_accounts_and_campaigns_of_like_names_have_places_of_their_own() -> None:
    ada, capital = Account("api.example", "ada"), Account("api.example", "Ada")
    places = {
        name_place(account, campaign)
        for account in (ada, capital, Account("api.example", "ada/x"))
        for campaign in ("spring", "Spring", "spring ", "../spring", "..", "Frühling", "春", "a/b")
    }
    assert len(places) == 24
    assert len({place.lower() for place in places}) == 24
    for place in places:
        assert place.isascii()
        assert ".." not in place.split("/")
        assert len(place.split("/")) == 3


def test_no_name_of_a_picture_leads_out_of_the_folder() -> None:
    names = ["../x.png", "/etc/x.png", "images/../x.png", "images/.x.part", "images/a/b.png"]
    takes = [taken(name, "0" * 64) for name in names]
    takes.append(taken("images/navy.1.png", "0" * 64))
    assert [picture.image for picture in list_pictures(takes)] == ["images/navy.1.png"]
    assert list_pictures([taken("images/navy.1.png", "../x")]) == []
