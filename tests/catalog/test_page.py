"""The page as text: everything escaped, a policy that matches, nothing that asks a network."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from runner import catalog
from runner.errors import StorageError
from runner.results.model import Results
from tests.catalog import sample
from tests.catalog.hostile import HOSTILE, Outline, document_of


def written(folder: Path, results: Results, *, embed: bool = False) -> str:
    return catalog.write_catalog(results, folder, embed=embed).read_text(encoding="utf-8")


@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_tag_and_no_handler(tmp_path: Path, bad: str) -> None:
    tame = Outline(written(tmp_path, document_of("word"))).tags
    found = Outline(written(tmp_path, document_of(bad))).tags
    assert {tag for tag, _ in found} <= {tag for tag, _ in tame}
    assert [tag for tag, _ in found].count("script") == [tag for tag, _ in tame].count("script")
    for _, attributes in found:
        assert not [name for name in attributes if name.startswith("on")]
        assert not (attributes.get("href") or "#").startswith("javascript:")
        assert (attributes.get("src") or "images/").startswith(("images/", "thumbs/"))


def test_bidirectional_controls_reach_the_page_only_as_marks(tmp_path: Path) -> None:
    html = written(tmp_path, document_of("a\u202eb\u2067c"))
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html)
    assert "a\ufffdb\ufffdc" in html


def test_the_policy_names_exactly_this_style_and_this_script(tmp_path: Path) -> None:
    html = written(tmp_path, sample.campaign())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert policy
    assert style
    assert script
    directives = dict(
        part.strip().split(" ", 1) for part in policy[1].replace("&#39;", "'").split(";")
    )

    def digest(text: str) -> str:
        sha = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return f"'sha256-{sha}'"

    assert directives == {
        "default-src": "'none'",
        "img-src": "'self' file: data:",
        "style-src": digest(style[1]),
        "script-src": digest(script[1]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_nothing_in_the_page_asks_a_network(tmp_path: Path) -> None:
    tags = Outline(written(tmp_path, sample.campaign())).tags
    addresses = [
        attributes[name] or ""
        for _, attributes in tags
        for name in ("src", "href", "srcset", "data-src", "action", "poster")
        if name in attributes
    ]
    assert addresses
    assert not [
        address
        for address in addresses
        if re.match(r"[a-z]+:|//", address, re.IGNORECASE) and address != "data:,"
    ]


def test_pictures_that_cannot_be_shown_leave_a_reason(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "broken.1.png").write_bytes(b"broken")
    results = sample.document([sample.base(), sample.look("broken", "p")])
    html = written(tmp_path, results)
    assert "The picture is not on disk." in html
    assert "its file is damaged" in html


def test_an_embedded_page_needs_no_file_beside_it(tmp_path: Path) -> None:
    results = sample.document([sample.base(), sample.look("one", "p")])
    sample.draw(tmp_path, results, (80, 100))
    tags = Outline(written(tmp_path, results, embed=True)).tags
    sources = [attributes.get("src") or "" for tag, attributes in tags if tag == "img"]
    assert sum(source.startswith("data:image/jpeg") for source in sources) == 2
    assert not [source for source in sources if source and not source.startswith("data:")]
    assert not [1 for _, attributes in tags if "data-src" in attributes]


def test_a_page_for_another_folder_takes_its_pictures_along(tmp_path: Path) -> None:
    results = sample.document([sample.base(), sample.look("gone", "p")])
    sample.draw(tmp_path / "from", results, (80, 100))
    (tmp_path / "from" / "images" / "gone.1.png").unlink()
    path = catalog.write_catalog(results, tmp_path / "from", target=tmp_path / "to")
    assert path == tmp_path / "to" / "catalog.html"
    assert (tmp_path / "to" / "images" / "base.1.png").is_file()
    assert "The picture is not on disk." in path.read_text(encoding="utf-8")
    assert not (tmp_path / "from" / "catalog.html").exists()


def test_the_page_says_what_was_simulated_and_what_does_not_keep_the_face(tmp_path: Path) -> None:
    html = written(tmp_path, sample.campaign())
    assert "Simulated" in html
    assert "Does not keep the face" in html
    real = written(tmp_path, sample.document([sample.base()], account="api.heygen.com/anna"))
    assert "Simulated" not in real
    assert "api.heygen.com/anna" in real


def test_a_campaign_that_was_never_run_has_a_page(tmp_path: Path) -> None:
    planned = sample.look("one", "p", [], state="planned")
    html = written(tmp_path, sample.document([planned], account=None))
    assert "not run yet" in html


def test_the_photo_stands_for_a_base_that_has_no_picture_yet(tmp_path: Path) -> None:
    photo = tmp_path / "me.png"
    sample.portrait("me", {}, (600, 800)).save(photo)
    base = sample.look("base", None, [], state="planned", reference=None)
    results = sample.document([base, sample.look("one", "p", [], state="planned")], account=None)

    def shown(results: Results) -> int:
        html = catalog.write_catalog(results, tmp_path, photo=photo).read_text("utf-8")
        return html.count('src="data:image/jpeg')

    assert shown(results) == 3  # on its card, in the lineage, and large
    photo.write_bytes(b"no picture")
    assert shown(results) == 0
    bought = sample.document([sample.base()])
    sample.draw(tmp_path, bought, (80, 100))
    assert shown(bought) == 0


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    results = sample.document([sample.base(), sample.look("one", "p")])
    sample.draw(tmp_path, results, (80, 100))
    assert written(tmp_path, results) == written(tmp_path, results)
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be made|could not be written"):
        catalog.write_catalog(sample.document([]), tmp_path / "file")


def test_more_looks_than_a_page_can_show_are_told_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "MAX_PAGE_LOOKS", 0)
    results = sample.campaign()
    results["campaign"] = "a < b"
    text = catalog.write_catalog(results, tmp_path).read_text("utf-8")
    assert f"{len(results['looks'])} looks are too many for one page" in text
    assert "a &lt; b" in text
    assert [tag for tag, _ in Outline(text).tags] == ["html", "meta", "title", "h1", "p"] + [
        "code"
    ] * 2
