"""File names from templates: what a person asked for, whatever the values hold."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.catalog import naming
from runner.errors import UsageError

AXES = ("outfit", "setting")


def name(template: str, **values: str | None) -> str:
    known: dict[str, str | None] = {"campaign": "spring", "look": "red-dress", "take": "1"}
    return naming.parse_template(template, AXES).name({**known, **values})


def test_a_template_is_filled_with_axes_and_folders() -> None:
    filled = name("{campaign}/{outfit}_{setting}_{take}.jpg", outfit="blazer", setting="office")
    assert filled == "spring/blazer_office_1.jpg"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{campaign}/{outfit}_{setting}_{take}.jpg", "spring/red-dress_1.jpg"),
        ("{outfit}/{setting}/{take}.jpg", "red-dress/1.jpg"),
        ("{outfit}/{setting}.jpg", "red-dress.jpg"),
        ("{setting}.jpg", "red-dress.jpg"),
        ("{setting} - {outfit} - {take:03}.png", "red-dress - 001.png"),
    ],
)
def test_a_look_outside_of_the_matrix_is_called_by_its_key(template: str, expected: str) -> None:
    assert name(template) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{colour}.jpg",
        "{look.upper}.jpg",
        "{look!r}.jpg",
        "{look:>10}.jpg",
        "{0}.jpg",
        "{}.jpg",
        "{look.jpg",
        "/tmp/{look}.jpg",
        "../{look}.jpg",
        "a/../../{look}.jpg",
        "C:{look}.jpg",
        "a\\{look}.jpg",
        "{look}.exe",
        "{look}",
        ".png",
        "{look}/.{ext}",
    ],
)
def test_a_template_that_cannot_be_meant_is_refused(template: str) -> None:
    with pytest.raises(UsageError):
        naming.parse_template(template, AXES)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a/b\\c", "a-b-c"),
        ("..", "-"),
        (".hidden", "_hidden"),
        ("con", "_con"),
        ("LPT1.png", "_LPT1.png"),
        ("trailing. ", "trailing"),
        ("trailing .", "trailing"),
        ("con .png", "_con .png"),
        ("a\u202eb\n\x00c", "a-b -c"),
        ("", "-"),
        ("Straße — 東京", "Straße — 東京"),
        ("x" * 500 + ".png", "x" * 180 + ".png"),
    ],
)
def test_any_value_becomes_one_safe_piece(value: str, expected: str) -> None:
    assert naming.make_safe_name(value) == expected


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_value_leaves_the_target(look: str, outfit: str) -> None:
    path = PurePosixPath(name("{outfit}/{look}_{take}.jpg", look=look, outfit=outfit))
    assert len(path.parts) == 2
    assert not set(path.parts) & {".", "..", "/"}
    assert all(len(part.encode()) < 200 and part.isprintable() for part in path.parts)
