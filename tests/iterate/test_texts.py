"""What retry says of money, and the manifest that adopt writes."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from runner.cli.commands.adopt import manifest_text
from runner.cli.commands.retry import failures_text
from runner.manifest import load
from runner.replies import LookData
from runner.takes import Billing, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import take

FAILED = take(campaign(look("navy")), "navy", state=TakeState.FAILED, error_message="moderation")


@pytest.mark.parametrize(
    ("billing", "says"),
    [
        (Billing.ASSUMED, "navy#1 $1.20 (charged? HeyGen does not say): moderation"),
        (Billing.REFUNDED, "navy#1 $1.20 (not charged, as the wallet showed): moderation"),
        (Billing.NONE, "navy#1 $1.20 (refused, nothing was bought): moderation"),
    ],
)
def test_a_retry_says_first_which_failures_were_billed(billing: Billing, says: str) -> None:
    failed = replace(FAILED, billing=billing, price=Decimal("1.20"))
    assert failures_text([failed]).splitlines()[1].strip() == says


def a_look(look_id: str, name: str) -> LookData:
    return LookData(look_id, name, "photo_avatar", "group_1")


AWKWARD = [
    a_look("look_0", "Sarah"),
    a_look("look_1", "Sarah — Navy Office"),
    a_look("look_2", "Sarah — Navy Office"),
    a_look("look_3", "base"),
    a_look("look_4", "“Été”: #1 — $100"),
    a_look("look_5", "王小明"),
    a_look("look_6", ""),
    a_look("look_7", "x" * 200),
    a_look("look_8", "${title}"),
]


def test_an_adopted_manifest_is_valid_whatever_the_looks_are_called(tmp_path: Path) -> None:
    text = manifest_text("spring", "a.yaml", name="Sarah", base=AWKWARD[0], looks=AWKWARD)
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    made = load(path).campaign
    assert made is not None, load(path).diagnostics
    assert [one.existing for one in made.looks] == [f"look_{i}" for i in range(9)]
    assert [one.key for one in made.looks][:4] == ["base", "navy-office", "navy-office-2", "base-2"]


def test_titles_are_the_names_at_heygen() -> None:
    text = manifest_text("spring", "a.yaml", name="Sarah", base=AWKWARD[0], looks=AWKWARD)
    looks = yaml.safe_load(text)["looks"]
    assert looks["navy-office"] == {"title": "Sarah — Navy Office", "existing": "look_1"}


def test_a_group_of_one_look_is_a_campaign_of_its_base(tmp_path: Path) -> None:
    text = manifest_text("spring", "a.yaml", name="Sarah", base=AWKWARD[0], looks=AWKWARD[:1])
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    made = load(path).campaign
    assert made is not None, load(path).diagnostics
    assert [one.existing for one in made.looks] == ["look_0"]
