"""A damaged ledger can always be rebuilt, and nothing that was paid for is forgotten by it."""

import errno
import sqlite3
import time
from contextlib import closing
from decimal import Decimal
from unittest.mock import Mock

import pytest

from runner.cli.commands.reconcile import reconcile
from runner.cli.outputs import make_results, write_results
from runner.cli.rebuild import rebuild
from runner.errors import LedgerDamaged, LedgerQuestion, UsageError
from runner.executor.context import RunContext
from runner.ledger.reading import read_snapshot
from runner.model import LookKind
from runner.plan import plan
from runner.takes import Billing, Doubled, MeasuredPrice, PriceState, TakeState
from tests.cli.hands import ACCOUNT, Office
from tests.executor.harness import look

CONFIRMED = MeasuredPrice(Decimal("1.25"), PriceState.CONFIRMED, Decimal(1))


async def test_any_damaged_page_can_be_rebuilt_with_and_without_results(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = office.campaign(look("navy"), look("red"))
    actions = {
        action.key: action for action in plan(campaign, read_snapshot(office.ledger_path)).actions
    }
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    for key in ("base", "navy", "red"):
        wanted = actions[key]
        assert wanted.look is not None
        await office.bought(
            ledger,
            key,
            name=wanted.look.name,
            kind=wanted.look.kind,
            identity=wanted.identity,
            ingredients=wanted.ingredients,
            reference_id=None if key == "base" else "hand-0",
            reference_look=None if key == "base" else "base",
        )
    ledger.end({"exit": 0})
    known = ledger.snapshot()
    ledger.close()
    write_results(make_results(campaign, known, None), office.ledger_path.parent)
    with pytest.raises(UsageError, match="nothing to rebuild"):
        await rebuild(office.context, campaign)
    data, page = office.ledger_path.read_bytes(), 4096
    results = office.ledger_path.with_name("results.json")
    told = results.read_bytes()
    refused = 0
    for number in range(len(data) // page):
        for with_results in (True, False):
            broken = bytearray(data)
            broken[number * page : (number + 1) * page] = bytes(page)
            office.ledger_path.write_bytes(broken)
            if with_results:
                results.write_bytes(told)
            else:
                results.unlink()
            try:
                assert read_snapshot(office.ledger_path).takes == known.takes
                continue
            except LedgerDamaged:
                refused += 1
                for aside in office.ledger_path.parent.glob("ledger.damaged-*"):
                    aside.unlink()
            assert await rebuild(office.context, campaign) == 0, (number, with_results)
            now = read_snapshot(office.ledger_path)
            assert plan(campaign, now).count == 0, (number, with_results, capsys.readouterr().out)
            ids = {take.avatar_id for takes in now.takes.values() for take in takes}
            assert ids == set(office.api.looks_by_id), (number, with_results)
    assert refused > 10


@pytest.mark.parametrize("knows_links", [True, False])
async def test_what_a_rebuild_replaces_is_kept_with_its_log_on_every_disk(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, knows_links: bool
) -> None:
    """A memory card, and many a shared folder, knows one name for each file."""
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "base", name="Sarah", kind=LookKind.PROMPT)
    ledger.end({"exit": 0})
    ledger.close()
    broken = b"not a ledger" + office.ledger_path.read_bytes()[12:]
    office.ledger_path.write_bytes(broken)
    log = office.ledger_path.with_name("ledger.sqlite-wal")
    log.write_bytes(b"its log")
    if not knows_links:
        refuse = Mock(side_effect=PermissionError(errno.EPERM, "Operation not permitted"))
        monkeypatch.setattr("os.link", refuse)
    assert await rebuild(office.context, office.campaign()) == 0
    (aside,) = office.ledger_path.parent.glob("ledger.damaged-*.sqlite")
    assert aside.read_bytes() == broken
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"its log"
    assert [take.look for take in read_snapshot(office.ledger_path).all_takes] == ["base"]


@pytest.mark.parametrize("told_by", ["results", "events"])
async def test_a_rebuild_goes_on_knowing_that_the_account_ignores_keys_and_what_it_takes(
    office: Office, told_by: str
) -> None:
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "base", name="Sarah")
    await ledger.note_doubled([Doubled("hand-9", "Sarah", "base#1", Decimal("1.25"))])
    await ledger.note_price(LookKind.PROMPT, CONFIRMED)
    known = ledger.snapshot()
    ledger.close()
    if told_by == "results":
        write_results(make_results(campaign, known, None), office.ledger_path.parent)
        office.ledger_path.write_bytes(b"no ledger at all" * 300)
    else:
        with closing(sqlite3.connect(office.ledger_path, isolation_level=None)) as other:
            other.execute("UPDATE takes SET state = 'fetched'")
    await rebuild(office.context, campaign)
    now = read_snapshot(office.ledger_path)
    assert [(d.look_id, d.take, d.price) for d in now.doubled] == [
        ("hand-9", "base#1", Decimal("1.25"))
    ]
    assert now.prices == {LookKind.PROMPT: CONFIRMED}


async def test_a_ledger_that_only_read_results_can_be_rebuilt_and_one_that_sent_cannot(
    office: Office,
) -> None:
    """Results that lay behind a lost ledger were taken in before anybody thought of a rebuild."""
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "base", name="Sarah", kind=LookKind.PHOTO)
    told = make_results(campaign, ledger.snapshot(), None)
    ledger.close()
    with pytest.raises(UsageError, match="nothing to rebuild"):
        await rebuild(office.context, campaign)
    office.ledger_path.unlink()
    write_results(told, office.ledger_path.parent)
    async with office.open_session(campaign) as work:
        await work.import_results()
    office.api.add_by_hand("Sarah — navy", "group-1")
    assert await rebuild(office.context, campaign) == 0
    assert {*read_snapshot(office.ledger_path).takes} >= {"base", "navy"}


async def test_what_a_rebuild_finds_by_its_name_is_assumed_to_be_billed(office: Office) -> None:
    campaign = office.campaign(look("navy"))
    office.api.add_by_hand("Sarah", "group-1")
    office.ledger_path.parent.mkdir()
    office.ledger_path.write_bytes(b"no ledger at all" * 300)
    assert await rebuild(office.context, campaign) == 0
    (base,) = read_snapshot(office.ledger_path).takes["base"]
    assert base.billing is Billing.ASSUMED


@pytest.mark.parametrize("chosen", [0, 1])
async def test_a_person_says_which_of_two_looks_in_different_groups_a_rebuild_was_not_sure_of(
    office: Office, chosen: int
) -> None:
    campaign = office.campaign(look("solo", on=None))
    fitting = [office.api.add_by_hand("Sarah — solo", group) for group in ("group-1", "group-2")]
    office.ledger_path.parent.mkdir()
    office.ledger_path.write_bytes(b"no ledger at all" * 300)
    assert await rebuild(office.context, campaign) == 6
    assert await reconcile(office.context, campaign, (("solo#1", fitting[chosen].id),), ()) == 0
    (solo,) = read_snapshot(office.ledger_path).takes["solo"]
    assert solo.avatar_id == fitting[chosen].id


async def test_what_a_rebuild_finds_is_not_younger_than_the_rebuild_where_the_clock_is_ahead(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = office.campaign(look("navy"))
    office.api.add_by_hand("Sarah", "group-1")
    now = time.time() - 100_000  # as the account's answers say
    monkeypatch.setattr(RunContext, "now_at_server", lambda _self: now)
    office.ledger_path.parent.mkdir()
    office.ledger_path.write_bytes(b"no ledger at all" * 300)
    assert await rebuild(office.context, campaign) == 0
    (base,) = read_snapshot(office.ledger_path).takes["base"]
    assert base.sent_at == base.accepted_at == now


async def test_results_tell_another_ledger_that_the_account_ignores_keys_until_it_trusts_them(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "base", name="Sarah")
    told = ledger.snapshot()
    await ledger.note_doubled([Doubled("hand-9", "Sarah", "base#1", Decimal(1))])
    results = make_results(campaign, ledger.snapshot(), None)
    ledger.close()
    office.ledger_path.unlink()
    for first in (make_results(campaign, told, None), results):
        write_results(first, office.ledger_path.parent)
        async with office.open_session(campaign) as work:
            await work.import_results()
            assert work.ledger.honours_keys is (first is not results)
    assert "does not honour idempotency keys" in capsys.readouterr().err
    async with office.open_session(campaign) as work:
        await work.ledger.trust_keys("a person")
        await work.import_results()
        assert work.ledger.honours_keys  # a person has withdrawn what older results tell


async def test_a_rebuild_takes_no_look_that_another_ledger_in_the_folder_knows(
    office: Office,
) -> None:
    campaign = office.campaign(look("navy"))
    theirs = Office.__new__(Office)
    theirs.__dict__ = dict(office.__dict__, manifest=office.manifest.with_name("summer.yaml"))
    ledger = theirs.ledger()
    ledger.begin(ACCOUNT, "summer", {})
    for key, name in (("base", "Sarah"), ("navy", "Sarah — navy")):
        await theirs.bought(ledger, key, name=name)
    ledger.close()
    office.ledger_path.parent.mkdir()
    office.ledger_path.write_bytes(b"no ledger at all" * 300)
    assert await rebuild(office.context, campaign) == 0
    assert read_snapshot(office.ledger_path).takes == {}


async def test_a_rebuild_is_not_sure_of_what_a_lost_send_of_another_ledger_may_have_made(
    office: Office,
) -> None:
    campaign = office.campaign(look("navy"))
    theirs = Office.__new__(Office)
    theirs.__dict__ = dict(office.__dict__, manifest=office.manifest.with_name("summer.yaml"))
    ledger = theirs.ledger()
    ledger.begin(ACCOUNT, "summer", {})
    await theirs.lost(ledger, "base", name="Sarah")
    ledger.close()
    office.api.add_by_hand("Sarah", "group-1")
    office.ledger_path.parent.mkdir()
    office.ledger_path.write_bytes(b"no ledger at all" * 300)
    assert await rebuild(office.context, campaign) == 6
    (base,) = read_snapshot(office.ledger_path).takes["base"]
    assert (base.state, base.avatar_id) == (TakeState.UNKNOWN, None)


async def test_nothing_is_rebuilt_from_nothing_beside_a_ledger_that_holds_the_campaign(
    office: Office,
) -> None:
    campaign = office.campaign(look("navy"))
    earlier = Office.__new__(Office)
    earlier.__dict__ = dict(office.__dict__, manifest=office.manifest.with_name("earlier.yaml"))
    ledger = earlier.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await earlier.bought(ledger, "base", name="Sarah")
    ledger.close()
    office.api.add_by_hand("Sarah — navy", "group-1")
    with pytest.raises(LedgerQuestion, match="earlier"):
        await rebuild(office.context, campaign)
    assert not office.ledger_path.exists()


async def test_what_only_the_damaged_ledger_knows_is_believed_as_far_as_the_account_has_it(
    office: Office,
) -> None:
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    for key in ("gone", "there"):
        await office.bought(ledger, key)
    await office.lost(ledger, "lost")
    ledger.close()
    with closing(sqlite3.connect(office.ledger_path, isolation_level=None)) as other:
        other.execute("UPDATE takes SET state = 'fetched'")
    del office.api.looks_by_id["hand-0"]
    assert await rebuild(office.context, campaign) == 6
    takes = {key: of[0] for key, of in read_snapshot(office.ledger_path).takes.items()}
    assert {key: take.state for key, take in takes.items()} == {
        "gone": TakeState.UNKNOWN,
        "there": TakeState.COMPLETED,
        "lost": TakeState.UNKNOWN,
    }
    assert takes["there"].avatar_id == "hand-1"


async def test_what_was_doubled_is_somebody_elses_once_a_person_trusts_the_keys(
    office: Office,
) -> None:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "base")
    await ledger.note_doubled([Doubled("hand-9", "Sarah", "base#1", Decimal(1))])
    ledger.close()
    assert await reconcile(office.context, office.campaign(), trusting=True) == 0
    ledger = office.ledger()
    assert ledger.honours_keys
    assert "hand-9" in ledger.strangers  # no search tells of it again
    ledger.close()
