"""``lookbook review --take-in``: a client's answers, from a file that nobody trusts."""

import json
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest

from runner.answers import compute_ref
from runner.ledger.events import Note
from runner.ledger.lock import lock_ledger
from runner.ledger.reading import read_events
from runner.resources import schema
from tests.cli.test_review import MANIFEST, fill, invoke, reviews

OFFICE, BASE = "c" * 64, "b" * 64


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    anyio.run(fill, path.with_suffix(".lookbook"))
    return path


def answer(look: str, state: str, remark: str | None = None, /, **changes: Any) -> dict[str, Any]:
    sha256 = BASE if look == "base" else OFFICE
    made = {"ref": compute_ref("spring", look, 1, sha256), "sha256": sha256, "title": look.title()}
    made |= {"state": state, "at": "2026-01-02T10:00:00.000Z"}
    return made | ({"remark": remark} if remark else {}) | changes


def sent(folder: Path, *answers: dict[str, Any], **changes: Any) -> Path:
    document = {"version": 1, "campaign": "spring", "by": "Jo, client", "answers": [*answers]}
    path = folder / "answers.json"
    path.write_text(json.dumps(document | changes))
    return path


def take_in(
    manifest: Path, *answers: dict[str, Any], options: tuple[str, ...] = (), **changes: Any
) -> str:
    path = sent(manifest.parent, *answers, **changes)
    return invoke(manifest, "--take-in", str(path), *options)


def events(manifest: Path, look: str) -> list[tuple[str, str | None]]:
    entries = read_events(manifest.with_suffix(".lookbook") / "ledger.sqlite", look)
    return [
        (entry.facts["state"], entry.facts.get("by"))
        for entry in entries
        if entry.kind == Note.REVIEWED
    ]


def test_answers_are_merged_and_who_said_what_is_told(manifest: Path) -> None:
    jsonschema.validate(
        json.loads(sent(manifest.parent, answer("base", "approved")).read_text()), schema("answers")
    )
    told = take_in(manifest, answer("base", "approved"), answer("office", "rejected", "too dark"))
    assert "Jo, client answered: 1 approved, 1 rejected." in told
    assert "office#1: rejected (2026-01-02 10:00, “too dark”)" in told
    assert reviews(manifest) == {"base": "approved", "office": "rejected"}
    again = take_in(manifest, answer("base", "approved"), answer("office", "rejected", "too dark"))
    assert "two people differ" not in again
    assert events(manifest, "office") == [("rejected", "Jo, client")]


def test_a_clock_that_was_never_set_still_decides(manifest: Path) -> None:
    take_in(manifest, answer("base", "approved", at="0001-01-01T00:00:00+23:00"))
    assert reviews(manifest) == {"base": "approved"}


def test_who_sent_it_can_be_named(manifest: Path) -> None:
    told = take_in(manifest, answer("base", "approved"), options=("--as", "Sam"), by="Ada")
    assert "Sam answered" in told
    assert events(manifest, "base") == [("approved", "Sam")]


def test_of_two_people_the_later_counts_and_nothing_is_lost(manifest: Path) -> None:
    invoke(manifest, "--approve", "office#1", "--as", "Ada")  # after Jo, by any clock
    told = take_in(manifest, answer("office", "rejected", "too dark"))
    assert "office#1: two people differ. Jo, client: rejected (2026-01-02" in told
    assert "Ada was later and counts" in told
    assert "lookbook review" in told
    assert "--reject 'office#1' --reason '…'" in told
    assert reviews(manifest) == {"office": "approved"}
    both = [("approved", "Ada"), ("rejected", "Jo, client"), ("approved", "Ada")]
    assert events(manifest, "office") == both
    take_in(manifest, answer("office", "rejected", "too dark"))
    assert events(manifest, "office") == both
    told = take_in(manifest, answer("office", "rejected", at="2999-01-01T00:00:00Z"), by="\x07")
    assert "somebody without a name was later and counts" in told
    assert "--approve 'office#1'\n" in told
    assert reviews(manifest) == {"office": "rejected"}
    invoke(manifest, "--approve", "office#1", "--as", "Ada")  # a clock in the future wins nothing
    assert reviews(manifest) == {"office": "approved"}


def test_a_clock_in_the_future_decides_once(manifest: Path) -> None:
    for _ in range(2):
        take_in(manifest, answer("office", "rejected", "no", at="2999-01-01T00:00:00Z"))
    assert events(manifest, "office") == [("rejected", "Jo, client")]


def test_an_empty_file_of_answers_says_so(manifest: Path) -> None:
    assert "Jo, client answered: 0 approved, 0 rejected." in take_in(manifest)


def test_of_many_foreign_pictures_some_are_named(manifest: Path) -> None:
    foreign = [answer(f"l{n}", "approved", title=f"Look {n}") for n in range(23)]
    told = take_in(manifest, answer("base", "approved"), *foreign)
    assert "“Look 19” and 3 more" in told
    assert "“Look 20”" not in told


def test_a_remark_alone_overturns_nothing_and_is_kept(manifest: Path) -> None:
    invoke(manifest, "--approve", "office#1", "--as", "Ada")
    late = answer("office", "undecided", "a bit dark?", at="2999-01-01T00:00:00Z")
    told = take_in(manifest, late)
    assert "1 remark" in told
    assert "office#1: remark" in told
    assert reviews(manifest) == {"office": "approved"}
    assert ("undecided", "Jo, client") in events(manifest, "office")


def test_a_picture_that_is_another_one_by_now_is_named_and_left_alone(manifest: Path) -> None:
    other = answer("office", "approved", sha256="d" * 64, title="Old\x1b[31m\noffice")
    told = take_in(manifest, answer("base", "approved"), other)
    assert "Not taken in, because the picture is not in this ledger: “Old [31m office”" in told
    assert reviews(manifest) == {"base": "approved"}
    assert "no picture of this ledger" in take_in(manifest, answer("x", "approved"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"version": 1, "version": 1}', "given twice"),
        ("[]", "no answers that can be read"),
        ('{"version": 2, "campaign": "spring", "answers": []}', "no answers that can be read"),
        ('{"version": 1, "campaign": "autumn", "answers": []}', "the campaign autumn, not spring"),
    ],
)
def test_what_is_no_file_of_answers_is_refused_in_words(
    manifest: Path, text: str, problem: str
) -> None:
    path = manifest.with_name("answers.json")
    path.write_text(text)
    assert problem in invoke(manifest, "--take-in", str(path))
    assert not (manifest.with_suffix(".lookbook") / "review.json").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"state": "paid"}, "no answers that can be read"),
        ({"remark": "x" * 1001}, "no answers that can be read"),
        ({"ref": "../../etc"}, "no answers that can be read"),
        ({"uid": "x"}, "no answers that can be read"),
        ({"at": "yesterday"}, "a time that is none"),
    ],
)
def test_an_answer_of_another_form_is_refused(
    manifest: Path, changes: dict[str, Any], problem: str
) -> None:
    assert problem in take_in(manifest, answer("office", "approved", **changes))


def test_two_answers_for_one_picture_are_refused(manifest: Path) -> None:
    assert "answers twice" in take_in(
        manifest, answer("office", "approved"), answer("office", "rejected", "no")
    )


def test_it_goes_alone(manifest: Path) -> None:
    assert "goes alone" in take_in(
        manifest, answer("office", "approved"), options=("--approve", "base")
    )


def test_while_another_command_holds_the_ledger_answers_wait(manifest: Path) -> None:
    with lock_ledger(manifest.with_suffix(".lookbook"), now=1.0):
        told = take_in(manifest, answer("office", "rejected", "too dark"))
        assert "holds the ledger" in told
    invoke(manifest, "--approve", "base")
    assert reviews(manifest) == {"base": "approved", "office": "rejected"}
