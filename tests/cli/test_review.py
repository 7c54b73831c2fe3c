"""``lookbook review`` without a browser: reviews in ledger and files, and while a run goes on."""

import json
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from runner.cli.commands import review, status
from runner.cli.context import Context
from runner.ledger.ledger import LedgerFile
from runner.ledger.lock import lock_ledger
from runner.policy.lifecycle import Event
from runner.takes import Account
from tests.ledger.names import Ticking, intent

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman in a studio, in her 30s, smiling, a navy blazer"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
  street: {prompt: "Wearing a trench coat, rainy street, dusk"}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A campaign whose ledger has a picture of the base and of one look."""
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    anyio.run(fill, path.with_suffix(".lookbook"))
    return path


async def fill(folder: Path) -> None:
    ticking = Ticking()
    ledger = LedgerFile(folder / "ledger.sqlite", now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    for look in ("base", "office"):
        reference = {} if look == "base" else {"reference_look": "base", "reference_id": "id-base"}
        take = await ledger.intend(intent(look, key=ticking.key(), **reference))
        await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"id-{look}"})
        await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
        image = {"image": f"images/{look}.1.png", "sha256": look[0].replace("o", "c") * 64}
        await ledger.record(take.uid, Event.FETCHED, image | {"width": 800, "height": 600})
    ledger.close()


def invoke(manifest: Path, *arguments: str, command: object = review.command) -> str:
    done = CliRunner().invoke(command, [str(manifest), *arguments], obj=Context())  # type: ignore[arg-type]
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return str(done.exception)
    return done.output


def reviews(manifest: Path, name: str = "review.json") -> dict[str, str]:
    document = json.loads((manifest.with_suffix(".lookbook") / name).read_text())
    if name == "review.json":
        return {one["look"]: one["state"] for one in document["reviews"]}
    return {look["look"]: look["review"]["state"] for look in document["looks"]}


def test_takes_are_approved_and_rejected_by_name_and_reason_and_it_can_be_taken_back(
    manifest: Path,
) -> None:
    assert "needs a reason" in invoke(manifest, "--reject", "office#1")
    assert "Nothing is decided" in invoke(manifest, "--as", "Ada")
    assert "named twice" in invoke(manifest, "--approve", "base", "--withdraw", "base#1")
    assert "no take of a look 'street'" in invoke(manifest, "--approve", "street#1")
    words = ("--reject", "office#1", "--reason", "hands look odd", "--as", "Ada")
    told = invoke(manifest, "--approve", "base", *words)
    assert "base#1 is approved" in told
    row = next(line for line in told.splitlines() if line.startswith("office "))
    assert "Rejected" in row
    assert "Ada" in row
    assert row.endswith("hands look odd")
    assert "1 approved, 1 rejected, all decided" in told
    assert reviews(manifest) == {"base": "approved", "office": "rejected"}
    assert reviews(manifest, "results.json")["office"] == "rejected"
    assert "review: 1 approved, 1 rejected" in invoke(manifest, command=status.command)
    invoke(manifest, "--withdraw", "office#1")
    assert reviews(manifest) == {"base": "approved", "office": "undecided"}


def test_reviews_survive_the_ledger_and_come_with_a_colleagues_file(manifest: Path) -> None:
    words = ("--reject", "office", "--reason", "too dark")
    invoke(manifest, "--approve", "base", *words)
    folder = manifest.with_suffix(".lookbook")
    for file in folder.glob("ledger.*"):
        file.unlink()
    anyio.run(fill, folder)  # nothing of reviews is in it
    assert "1 approved, 1 rejected" in invoke(manifest, command=status.command)  # and it only reads
    told = invoke(manifest, "--withdraw", "base")
    assert "Took over 2 reviews" in told
    assert reviews(manifest) == {"base": "undecided", "office": "rejected"}
    file = folder / "review.json"
    document = json.loads(file.read_text())
    document["reviews"].append(
        {"look": "theirs", "take": 1, "avatar_id": "x", "state": "approved", "at": "2027-01-01"}
    )
    document["reviews"][1] |= {"state": "approved", "at": "2126-01-01T00:00:00Z", "by": "Jo"}
    del document["reviews"][1]["reason"]
    file.write_text(json.dumps(document))
    assert "Took over 1 review" in invoke(manifest, "--approve", "base")
    assert reviews(manifest) == {"base": "approved", "office": "approved", "theirs": "approved"}


def test_a_file_that_cannot_be_read_is_never_written_over(manifest: Path) -> None:
    file = manifest.with_suffix(".lookbook") / "review.json"
    file.write_text("<<<<<<< HEAD\n{}")
    assert "review.json cannot be read" in invoke(manifest, "--approve", "base")
    assert file.read_text() == "<<<<<<< HEAD\n{}"


def test_a_review_waits_while_another_command_holds_the_ledger(manifest: Path) -> None:
    folder = manifest.with_suffix(".lookbook")
    with lock_ledger(folder, now=1.0):
        told = invoke(manifest, "--approve", "base", "--as", "Ada")
    assert "Another command holds the ledger" in told
    assert "1 approved, 1 look to decide" in told
    (waiting,) = (folder / "reviews-waiting").iterdir()
    broken = waiting.with_name("1.json")
    broken.write_text("{")
    told = invoke(manifest, "--reject", "office", "--reason", "dark")
    assert "cannot be taken in" in told
    assert reviews(manifest) == {"base": "approved", "office": "rejected"}
    assert [*(folder / "reviews-waiting").iterdir()] == [broken]
