"""An edited prompt: proposed with its price and its difference, then written, or not at all."""

from decimal import Decimal
from pathlib import Path

import pytest

from runner.cli.prompt_edit import PromptEdit, list_prompt_parts, propose_edit, write_edit
from runner.errors import ManifestError, UsageError
from runner.manifest import load
from tests.plan.made import done, held, take

TEXT = """\ufeffversion: 1\r
campaign: spring   # the second one\r
base: {name: Sarah, avatar_id: look_abc123}\r
variables:\r
  light: "warm light"   # everywhere\r
looks:\r
  office:\r
    prompt: Wearing a blazer, ${light}\r
  office-night:\r
    prompt: The same office at night\r
    avatar_id: {look: office}\r
  street: {prompt: 'A coat, a street, ${light}'}\r
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "spring.yaml"
    path.write_bytes(TEXT.encode())
    path.chmod(0o600)
    return path


def propose(
    manifest: Path, look: str, part: str, text: str, sha256: str | None = None
) -> PromptEdit:
    campaign = load(manifest).campaign
    assert campaign is not None
    return propose_edit(
        manifest, {}, done(campaign), look=look, part=part, text=text, sha256=sha256
    )  # fmt: skip


def test_an_edit_says_what_it_changes_and_costs_and_writes_only_that(manifest: Path) -> None:
    edit = propose(manifest, "office", "prompt", "Wearing a parka: ${light}")
    assert edit.part.looks == ("office",)
    assert edit.effect.changed == ("office",)
    assert (edit.effect.cost, edit.effect.added) == (Decimal(1), Decimal(1))
    assert edit.effect.stale == ("office-night",)
    assert edit.effect.renewal == Decimal(1)
    assert [line for line in edit.diff if line[:1] in "+-"][2:] == [
        "-    prompt: Wearing a blazer, ${light}",
        '+    prompt: "Wearing a parka: ${light}"',
    ]
    assert manifest.read_bytes() == TEXT.encode()
    write_edit(edit)
    written = TEXT.replace("Wearing a blazer, ${light}", '"Wearing a parka: ${light}"')
    assert manifest.read_bytes() == written.encode()
    assert manifest.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in manifest.parent.iterdir()] == ["spring.yaml"]


def test_a_shared_text_names_all_that_share_it_with_the_sum(manifest: Path) -> None:
    edit = propose(manifest, "street", "${light}", "cold light")
    assert edit.part.looks == ("office", "street")
    assert edit.effect.changed == ("office", "street")
    assert edit.effect.cost == Decimal(2)


def test_an_edit_of_what_was_not_bought_adds_nothing(manifest: Path) -> None:
    campaign = load(manifest).campaign
    assert campaign is not None
    snapshot = held(take(campaign, "base"))
    edit = propose_edit(manifest, {}, snapshot, look="street", part="prompt", text="A hat")
    assert (edit.effect.cost, edit.effect.added) == (Decimal(1), Decimal(0))


@pytest.mark.parametrize("when", ["before it is proposed", "before it is written"])
def test_a_manifest_that_changed_meanwhile_is_left_as_it_is(manifest: Path, when: str) -> None:
    seen, parts = list_prompt_parts(manifest, {}, "street")
    assert [part.name for part in parts] == ["prompt", "${light}"]
    changed = TEXT.replace("a street", "an avenue").encode()
    if when == "before it is proposed":
        manifest.write_bytes(changed)
        with pytest.raises(UsageError, match="changed meanwhile"):
            propose(manifest, "street", "prompt", "A hat", seen)
    else:
        edit = propose(manifest, "street", "prompt", "A hat", seen)
        manifest.write_bytes(changed)
        with pytest.raises(UsageError, match="changed meanwhile"):
            write_edit(edit)
    assert manifest.read_bytes() == changed


def test_a_link_is_not_replaced_by_a_file(manifest: Path) -> None:
    link = manifest.with_name("link.yaml")
    link.symlink_to(manifest)
    with pytest.raises(UsageError, match="symbolic link"):
        write_edit(propose(link, "street", "prompt", "A hat"))
    assert link.is_symlink()


@pytest.mark.parametrize("text", ["", " \n ", "a ${nobody}", "x" * 1001, "bell \x07"])
def test_what_would_be_no_prompt_is_refused(manifest: Path, text: str) -> None:
    with pytest.raises(ManifestError):
        propose(manifest, "street", "prompt", text)


def test_what_is_no_part_is_refused_with_those_that_are(manifest: Path) -> None:
    with pytest.raises(UsageError) as refused:
        propose(manifest, "street", "prompt_suffix", "A hat")
    assert refused.value.hint == "Its parts are: prompt, ${light}."
