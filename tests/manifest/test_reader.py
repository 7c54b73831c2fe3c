"""A file as a whole: what cannot be read at all, and what always holds."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import runner.manifest.yaml.source
from runner.manifest import Diagnostic, Reading, Severity, load
from runner.manifest.formats import as_text
from runner.model import Campaign

Read = Callable[..., Reading]


def only(reading: Reading) -> Diagnostic:
    assert len(reading.diagnostics) == 1, reading.diagnostics
    return reading.diagnostics[0]


def test_a_file_that_is_not_there_is_told_as_a_finding(tmp_path: Path) -> None:
    found = only(load(tmp_path / "none.yaml"))
    assert found.code == "file-unreadable"
    assert "lookbook init" in (found.hint or "")


def test_a_folder_is_told_as_a_finding(tmp_path: Path) -> None:
    found = only(load(tmp_path))
    assert found.code == "file-unreadable"
    assert "folder" in (found.hint or "")


def test_a_file_beyond_the_bound_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.manifest.yaml.source, "MAX_TEXT_BYTES", 100)
    assert only(read("x" * 101)).code == "file-too-large"
    assert only(read("# " + "x" * 97)).code == "empty"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_other_encodings_are_named_and_not_guessed(read: Read, encoding: str) -> None:
    text = "\ufeffversion: 1\n" if encoding == "utf-16-be" else "version: 1\n"
    assert only(read(text.encode(encoding))).code == "encoding"


def test_a_legacy_byte_is_shown_where_it_stands(read: Read) -> None:
    found = only(read("version: 1\ncampaign: Café\n".encode("cp1252")))
    assert (found.code, found.line, found.column) == ("encoding", 2, 14)
    assert "é" in found.message


def test_text_after_characters_beyond_the_basic_plane_keeps_its_column(read: Read) -> None:
    reading = read("version: 1\ncampaign: x\nbase: {name: 👩🏽‍💼, avatar_id: look_1, nam: y}\n")
    found = reading.diagnostics[-1]
    line = "base: {name: 👩🏽‍💼, avatar_id: look_1, nam: y}"
    assert (found.code, found.line, found.column) == ("unknown-key", 3, line.index("nam:") + 1)


def test_the_file_is_named_as_the_person_named_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spring.yaml").write_text("version: 1\ncampaign: x\nbase: {avatar_id: l, name: S}")
    reading = load(Path("spring.yaml"))
    assert only(reading).file == "spring.yaml"
    assert reading.campaign is not None
    assert reading.campaign.manifest == tmp_path / "spring.yaml"


def test_hints_can_be_switched_off(read: Read) -> None:
    text = "looks:\n  a: {prompt: The person from the side}\n"
    hints = read(text, head=True).diagnostics
    assert {found.severity for found in hints} == {Severity.HINT}
    assert read(text, head=True, hints=False).diagnostics == ()


def test_the_collector_is_as_it_was_after_reading(read: Read) -> None:
    assert gc.isenabled()
    read("version: [")
    assert gc.isenabled()
    gc.disable()
    try:
        read("version: 1")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_problems_of_every_stage_show_at_once(read: Read) -> None:
    text = (
        "version: 1\ncampaign: x\ncampaign: y\nbase: {name: S, photo: none.png}\nlooks:\n"
        "  a: {promt: A coat}\n  b: {prompt: A coat, avatar_id: {look: c}}\n"
        "  d: {prompt: 'A coat ${x}'}\n"
    )
    codes = {found.code for found in read(text, hints=False).diagnostics}
    assert codes == {
        "duplicate-key", "image-missing", "unknown-key", "unknown-look", "unknown-variable",
    }  # fmt: skip


def test_defaults_and_shapes_are_the_designs(campaign: Callable[..., Campaign]) -> None:
    read = campaign(
        "looks:\n  navy-office: {prompt: Wearing a navy blazer}\n"
        "  hired: {existing: look_def456, title: Hired}\n"
    )
    base, navy, hired = read.looks
    assert (base.key, base.title, base.name, base.existing) == (
        "base", "Sarah", None, "look_abc123",
    )  # fmt: skip
    assert (navy.title, navy.name) == ("navy-office", "Sarah — navy-office")
    assert (navy.takes, navy.retries, navy.tags, navy.images) == (1, 0, (), ())
    assert (hired.kind, hired.name, hired.existing) == ("existing", None, "look_def456")
    assert navy.line == 5
    assert read.budget.run_usd is None
    assert str(read.prices.prompt) == "1.00"


def test_amounts_are_exact(campaign: Callable[..., Campaign]) -> None:
    read = campaign("budget: {run_usd: 0.1, campaign_usd: 20}\nprices: {photo: 1.15}\n")
    assert str(read.budget.run_usd) == "0.1"
    assert str(read.budget.campaign_usd) == "20"
    assert str(read.prices.photo) == "1.15"


def test_requests_are_compared_as_they_are_sent(read: Read, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    reading = read(
        "looks:\n  hired: {existing: look_9}\n"
        "  a: {prompt: A coat, avatar_id: {look: hired}, reference_images: [one.png]}\n"
        "  b: {prompt: A  coat, avatar_id: look_9, reference_images: [two.png]}\n"
        "  c: {prompt: A coat, avatar_id: look_9}\n"
        "  d: {prompt: A coat, reference_images: [one.png, two.png]}\n",
        head=True,
        hints=False,
    )
    assert [(found.code, found.look) for found in reading.diagnostics] == [
        ("identical-request", "b"), ("repeated-image", "d"),
    ]  # fmt: skip


def test_thousands_of_mistakes_are_told_in_bounded_time(read: Read) -> None:
    looks = "".join(f"  l{n}: {{promt: A coat {n}}}\n" for n in range(3000))
    started = time.process_time()
    reading = read("max_looks: 5000\nlooks:\n" + looks, head=True, hints=False)
    assert [found.look for found in reading.diagnostics[:3]] == ["l0", "l1", "l2"]
    assert reading.diagnostics[-1].message == "and 2,900 more errors"
    assert time.process_time() - started < 20


def test_a_message_never_grows_with_what_it_quotes(read: Read) -> None:
    reading = read(f"looks:\n  a: {{prompt: A coat, {'x' * 5000}: 1}}\n", head=True, hints=False)
    assert len(only(reading).message) <= 400


def test_what_a_manifest_says_cannot_move_the_cursor(read: Read) -> None:
    reading = read('looks:\n  a: {prompt: A coat, "\\e[31m\\u202e": 1}\n', head=True, hints=False)
    assert "\x1b" in only(reading).message
    assert "\x1b" not in as_text(reading.diagnostics)
    assert "\u202e" not in as_text(reading.diagnostics)
