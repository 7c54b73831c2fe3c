"""Whole manifests, good and bad, with every word that is said about them.

``corpus/*/NAME.txt`` is what a person reads about ``NAME.yaml``. Run this file as a program to
write them anew after a message was improved, and read the difference.
"""

from contextlib import chdir
from functools import cache
from pathlib import Path

import pytest

from runner.manifest import CODES, Reading, Severity, load
from runner.manifest.formats import as_text

CORPUS = Path(__file__).parent / "corpus"
GOOD = sorted(CORPUS.glob("good/*.yaml"))
BAD = sorted(CORPUS.glob("bad/*.yaml"))


@cache
def read(path: Path) -> Reading:
    with chdir(path.parent):
        return load(Path(path.name))


@pytest.mark.parametrize("path", GOOD + BAD, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_said_about_a_manifest_is_what_was_reviewed(path: Path) -> None:
    said = as_text(read(path).diagnostics) + "\n"
    assert said == path.with_suffix(".txt").read_text("utf-8")


def test_a_manifest_gives_a_campaign_or_errors_and_never_both() -> None:
    def has_errors(path: Path) -> bool:
        return any(found.severity is Severity.ERROR for found in read(path).diagnostics)

    campaigns = [path for path in GOOD + BAD if read(path).campaign is not None]
    assert campaigns == GOOD
    assert [path for path in GOOD + BAD if has_errors(path)] == BAD


def test_findings_come_in_the_order_of_the_file() -> None:
    wrong = []
    for path in GOOD + BAD:
        places = [(found.line, found.column) for found in read(path).diagnostics]
        if places != sorted(places):
            wrong.append((path.name, places))
    assert not wrong


def test_every_code_has_an_example_in_the_corpus() -> None:
    seen = {found.code for path in GOOD + BAD for found in read(path).diagnostics}
    elsewhere = {
        "file-unreadable",  # test_reader: there is no such file
        "file-too-large",  # test_reader: 64 MiB are no file for a repository
        "text-too-long",  # test_bounds: the same
        "image-too-large",  # test_images: the same
        *("more-errors", "more-warnings", "more-hints"),  # test_bounds: hundreds of findings
        "bad-csv",  # test_spreadsheet: about another file
        *(
            "image-rotated",
            "image-location",
            "image-cmyk",
            "image-deep-colour",
        ),  # test_images: pictures
        *("image-transparent", "image-animated", "image-shape"),
    }
    assert set(CODES) - seen - elsewhere == set()


def write_anew() -> None:
    """Write what is said now into the corpus."""
    for path in GOOD + BAD:
        path.with_suffix(".txt").write_text(as_text(read(path).diagnostics) + "\n", "utf-8")


if __name__ == "__main__":
    write_anew()
