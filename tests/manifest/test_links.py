"""Addresses that are accepted, and that no picture or not the same one twice will come from."""

import pytest

from runner.manifest.url_hints import doubts_about

GOOD = "https://cdn.example.com/sarah.png"


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        f"{GOOD}?v=3&w=800",
        "https://203.0.113.1.example.com/a.jpg",
        "https://8.8.8.8/a.jpg",
        "https://www.dropbox.com/s/abc/a.jpg?raw=1",
        "https://images.unsplash.com/photo-1?w=800",
        "https://raw.githubusercontent.com/a/b/main/c.png",
        "https://drive.google.com/uc?export=download&id=1",
        "https://mydropbox.com/a.png",
    ],
)
def test_an_address_that_stays_is_not_doubted(url: str) -> None:
    assert doubts_about(url) == []


@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("X-Amz-Expires=60&X-Amz-Signature=ab", "X-Amz-Expires"),
        ("X-Goog-Signature=ab", "X-Goog-Signature"),
        ("Expires=1&Signature=ab&Key-Pair-Id=K", "Expires"),
        ("sv=2024&se=2026-01-01&sig=ab", "sig"),
        ("alt=media&token=ab", "token"),
        ("expirationTimestamp=1", "expirationTimestamp"),
        ("ex=1&is=2&hm=3", "ex"),
    ],
)
def test_a_signed_link_is_doubted_by_what_signs_it(query: str, by: str) -> None:
    (doubt,) = doubts_about(f"{GOOD}?{query}")
    assert doubt.code == "signed-url"
    assert f"`{by}`" in doubt.message
    assert "name the file" in doubt.hint


@pytest.mark.parametrize(
    ("code", "url"),
    [
        ("share-page", "https://drive.google.com/file/d/1/view?usp=sharing"),
        ("share-page", "https://www.dropbox.com/s/abc/a.jpg?dl=0"),
        ("share-page", "https://1drv.ms/i/abc"),
        ("share-page", "https://contoso-my.sharepoint.com/:i:/g/abc"),
        ("share-page", "https://www.icloud.com/iclouddrive/abc#a"),
        ("share-page", "https://www.notion.so/abc"),
        ("share-page", "https://airtable.com/shr1"),
        ("share-page", "https://github.com/a/b/blob/main/c.png"),
        ("signed-url", "https://v5.airtableusercontent.com/v3/u/a.png"),
        *(("private-address", f"https://{host}/a.png") for host in (
            "10.0.0.1", "192.168.1.2", "172.16.3.4", "169.254.169.254", "127.0.0.1", "[::1]",
            "[fd00::1]", "localhost", "nas", "nas.local", "files.internal", "2130706433",
        )),
        *(("url-format", f"https://e.com/a.{ending}") for ending in (
            "heic", "HEIC", "webp", "avif", "gif", "tiff", "svg", "pdf", "mp4",
        )),
        ("url-format", "https://e.com/a.jpg?fm=webp"),
    ],
)  # fmt: skip
def test_what_gives_no_picture_is_doubted(code: str, url: str) -> None:
    assert [doubt.code for doubt in doubts_about(url)] == [code]
