"""``reconcile --nothing-bought`` is believed only where nothing speaks against it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from runner.cli.commands.reconcile import reconcile
from runner.cli.nothing_bought import evidence_of, match_takes, moment, objection_to
from runner.errors import UsageError
from runner.executor.context import RunContext
from runner.executor.findings import Finding
from runner.ledger.facts import to_facts
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import WalletReading, read_snapshot
from runner.model import Campaign, LookKind
from runner.plan import Plan, plan
from runner.policy.lifecycle import Event
from runner.replies import LookData
from runner.takes import Billing, Snapshot, TakeState
from tests.cli.hands import ACCOUNT, Office
from tests.executor.harness import campaign, look
from tests.plan.made import take

SPRING = campaign(look("navy"), look("look-a"), look("look-b"))
SENT = 1_800_000_000.0
LOST = replace(
    take(SPRING, "navy"),
    state=TakeState.UNKNOWN,
    billing=Billing.UNKNOWN,
    avatar_id=None,
    sent_at=SENT,
)
THERE = LookData("look-7", "Sarah — navy", "photo_avatar", "group")


@pytest.mark.parametrize(
    ("finding", "alive", "later", "says"),
    [
        (Finding(LOST, problem="HTTP 503"), False, 1e6, "could not be searched: HTTP 503"),
        (Finding(LOST, (THERE,)), False, 1e6, "the account has what fits: look-7"),
        (
            Finding(LOST, (THERE,), ("summer.lookbook: base#1",)),
            *(False, 1e6),
            "where it is another's (summer.lookbook: base#1), decide that first",
        ),
        (Finding(LOST, taken_over=(THERE,)), False, 1e6, "the account has what fits: look-7"),
        (Finding(LOST), True, 3600.0, "`lookbook run spring.yaml` finds out by itself"),
        (Finding(LOST), False, 7.0, "it was sent 7 seconds ago, and HeyGen's lists may lag"),
        (Finding(LOST), False, 840.0, "it was sent 14 minutes ago"),
        (Finding(LOST), False, 901.0, None),
    ],
)
def test_what_speaks_against_it_is_said(
    finding: Finding, alive: bool, later: float, says: str | None
) -> None:
    why = objection_to(finding, alive=alive, now=SENT + later, command="spring.yaml")
    assert (why is None) if says is None else (says in (why or ""))


def test_a_replay_is_what_a_list_may_lag_behind() -> None:
    again = replace(LOST, resent_at=SENT + 80_000)
    why = objection_to(Finding(again), alive=False, now=SENT + 80_010, command="x")
    assert "sent 10 seconds ago" in (why or "")
    assert "from 2027-01-16 06:28 UTC on" in (why or "")


def test_takes_are_named_by_label_by_key_and_by_pattern() -> None:
    unknown = {
        t.label: t for t in (take(SPRING, "look-a"), take(SPRING, "look-b"), take(SPRING, "navy"))
    }
    assert [t.label for t in match_takes(["look-*"], unknown)] == ["look-a#1", "look-b#1"]
    assert [t.label for t in match_takes(["navy", "n*#1"], unknown)] == ["navy#1"]
    with pytest.raises(UsageError, match=r"blue\*: no take of this name is unknown"):
        match_takes(["navy", "blue*"], unknown)


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ("17", "it fell by $3.00, and this ledger knows what $1.00 of it bought. This send may"),
        ("19", "it fell by $1.00, and this ledger knows what $1.00 of it bought"),
        ("70", "it was filled up meanwhile, and says nothing"),
        (None, "the wallet was not read before it was sent"),
    ],
)
def test_the_wallet_before_and_after_is_shown_as_evidence(
    office: Office, now: str | None, says: str
) -> None:
    readings = [
        WalletReading(SENT - 60, "run", Decimal(20)),
        WalletReading(SENT + 60, "run", Decimal(18)),
    ]
    bought = replace(take(SPRING, "look-a"), accepted_at=SENT + 5)
    user = replace(office.user, balance=None if now is None else Decimal(now))
    # The server tells whole seconds, and its clock may be another: readings have this machine's.
    early = replace(LOST, sent_at=SENT - 90)
    told = evidence_of(early, readings, [early, bought], user, sent=SENT)
    assert told.endswith(says) or says in told
    if now is not None:
        assert told.startswith("the wallet showed $20.00 before it was sent, $18.00 at 2027-01-15")


async def test_a_pattern_gives_up_what_is_old_and_not_there_and_nothing_else(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Snapshot] = []

    def count_plans(campaign: Campaign, snapshot: Snapshot) -> Plan:
        plans.append(snapshot)
        return plan(campaign, snapshot)

    monkeypatch.setattr("runner.cli.commands.reconcile.make_plan", count_plans)
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    office.ticking.time = time.time() - 30 * 3600
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "base")
    await office.lost(ledger, "look-gone")
    await office.lost(ledger, "look-there", name="Sarah")
    office.api.add_by_hand("Sarah", "group-1")
    office.ticking.time = time.time() - 20
    await office.lost(ledger, "look-new")
    await office.lost(ledger, "other")
    ledger.close()
    assert await reconcile(office.context, campaign, (), ["look-*"]) == 6
    states = {key: of[0].state for key, of in read_snapshot(office.ledger_path).takes.items()}
    assert states["look-gone"] is TakeState.PLANNED
    assert {states[key] for key in ("look-there", "look-new", "other")} == {TakeState.UNKNOWN}
    told = capsys.readouterr().out
    assert "look-there#1" in told
    assert "the account has what fits: hand-1" in told
    assert "seconds ago, and HeyGen's lists may lag" in told
    assert len(plans) == 2  # before and after, however many takes are unknown


async def test_what_is_known_of_a_send_says_each_time_once_as_people_read_it(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.cli.unknown_takes.UnknownCase.is_alive", lambda *_: True)
    ledger = office.ledger()
    office.ticking.time = time.time() - 3600
    ledger.begin(ACCOUNT, "spring", {})
    lost = await office.lost(ledger, "navy")
    ledger.close()
    await reconcile(office.context, office.campaign(look("navy")), (), ["navy"])
    told = capsys.readouterr().out
    assert told.count("under its own key") == 1
    assert f"first at {moment(lost.sent_at or 0)}" in told


async def test_what_no_run_can_decide_is_a_persons_also_while_the_key_lives(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunContext, "key_is_alive", lambda _self, _take: True)
    campaign = office.campaign(look("navy"))
    (wanted,) = [a for a in plan(campaign, Snapshot()).actions if a.key == "navy"]
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    office.ticking.time = time.time() - 3600
    await office.lost(ledger, "navy", name="Sarah — navy", identity=wanted.identity)
    ledger.close()
    for count, code, promised in ((0, 4, True), (2, 6, False)):
        for _ in range(count):
            office.api.add_by_hand("Sarah — navy", "group-1")
        assert await reconcile(office.context, campaign) == code
        told = capsys.readouterr().out
        assert ("finds out by itself" in told) == promised


async def test_what_took_too_long_twice_is_a_persons_as_soon_as_lists_tell_something(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunContext, "now_at_server", lambda _self: time.time())
    campaign = office.campaign(look("navy"))
    (wanted,) = [a for a in plan(campaign, Snapshot()).actions if a.key == "navy"]
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    office.ticking.time = time.time() - 60
    lost = await office.lost(ledger, "navy", name="Sarah — navy", identity=wanted.identity)
    ledger.close()
    monkeypatch.setattr(RunContext, "key_is_alive", lambda _self, take: not take.is_too_slow)
    assert await reconcile(office.context, campaign) == 4
    assert "finds out by itself" in capsys.readouterr().out
    ledger = office.ledger()
    await ledger.resend(lost.uid)
    await ledger.record(lost.uid, Event.LOST, {"error_code": "http_504"})
    ledger.close()
    assert await reconcile(office.context, campaign) == 6
    told = capsys.readouterr().out
    assert (
        "no run sends it again: it took HeyGen too long (504), and it was sent again once" in told
    )
    assert "says something from" in told


async def test_a_look_that_fits_and_is_somebody_elses_is_said_to_be_so(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    office.ticking.time = time.time() - 30 * 3600
    ledger.begin(ACCOUNT, "spring", {})
    await office.lost(ledger, "navy", name="Sarah — navy")
    ledger.close()
    for _ in range(2):  # more than one send can have made
        office.api.add_by_hand("Sarah — navy", "group-1")
    office.api.add_by_hand("Tom", "group-1")
    for wrong, says in (("hand-2", "fits no take"), ("hand-9", "cannot be read")):
        with pytest.raises(UsageError, match=says):
            await reconcile(office.context, campaign, (), ["navy"], strangers=[wrong])
    assert await reconcile(office.context, campaign, (), ["navy"], strangers=["hand-0"]) == 6
    told = capsys.readouterr().out
    assert "fits: hand-1" in told
    assert "--not-ours ID where it is somebody else's" in told
    assert await reconcile(office.context, campaign, (), ["navy"], strangers=["hand-1"]) == 0
    (now,) = read_snapshot(office.ledger_path).takes["navy"]
    assert now.state is TakeState.PLANNED
    ledger = office.ledger()
    assert ledger.strangers == ledger.accepted == {"hand-0", "hand-1"}  # no run asks about them
    ledger.close()


async def test_a_look_and_a_take_are_adopted_once(office: Office) -> None:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    for key in ("a", "b"):
        await office.lost(ledger, key)
    ledger.close()
    for adoptions in ((("a#1", "x"), ("b#1", "x")), (("a#1", "x"), ("a#1", "y"))):
        with pytest.raises(UsageError, match="twice"):
            await reconcile(office.context, office.campaign(), adoptions, ())


@pytest.mark.parametrize(
    ("group", "before", "says"),
    [
        ("group-1", (), None),
        ("group-2", (), "in the group group-2, and that was sent to group-1"),
        ("group-1", ("hand-0",), "had it before that was sent"),
    ],
)
async def test_what_a_send_cannot_have_made_is_not_adopted_on_anybodys_word(
    office: Office, group: str, before: Sequence[str], says: str | None
) -> None:
    made = office.api.add_by_hand("renamed since", group)
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await ledger.note_listed(before)
    await office.lost(ledger, "navy")
    ledger.close()
    campaign = office.campaign(look("navy"))
    if says is None:
        assert await reconcile(office.context, campaign, (("navy#1", made.id),), ()) == 0
    else:
        with pytest.raises(UsageError, match=says):
            await reconcile(office.context, campaign, (("navy#1", made.id),), ())
    (now,) = read_snapshot(office.ledger_path).takes["navy"]
    assert now.avatar_id == (made.id if says is None else None)


async def test_of_an_imported_send_a_person_knows_better_than_two_machines_clocks(
    office: Office,
) -> None:
    """Another machine sent it and noted when, this one noted when it listed: clocks differ."""
    made = office.api.add_by_hand("navy", "group-1")
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await ledger.note_listed([made.id])
    lost = await office.lost(ledger, "navy")
    facts = to_facts(ledger.take(lost.uid)) | {"uid": "u", "number": 2, "price": lost.price}
    await ledger.import_takes([(type(lost)(**facts), False)])
    assert made.id in ledger.listed_before("u")
    ledger.close()
    await reconcile(office.context, office.campaign(look("navy")), (("navy#2", made.id),), ())
    first, second = read_snapshot(office.ledger_path).takes["navy"]
    assert (first.avatar_id, second.avatar_id) == (None, made.id)


async def test_a_look_that_another_campaign_in_the_folder_has_is_not_adopted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    lost = await office.lost(ledger, "navy")
    ledger.close()
    campaign = office.campaign()
    monkeypatch.setattr(office, "manifest", office.manifest.with_name("summer.yaml"))
    theirs = office.ledger()
    theirs.begin(ACCOUNT, "summer", {})
    bought = await office.bought(theirs, "red")
    theirs.close()
    adoptions = ((lost.label, bought.avatar_id or ""),)
    with pytest.raises(UsageError, match="another campaign's"):
        await reconcile(office.context, campaign, adoptions, ())


async def test_a_look_that_another_campaign_took_over_is_still_what_a_lost_send_became(
    office: Office,
) -> None:
    """The other manifest names it as existing; what another campaign bought is never ours."""
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.lost(ledger, "navy", name="Sarah — navy")
    ledger.close()
    made = office.api.add_by_hand("Sarah — navy", "group-1")
    theirs = Office.__new__(Office)
    theirs.__dict__ = dict(office.__dict__, manifest=office.manifest.with_name("summer.yaml"))
    ledger = theirs.ledger()
    ledger.begin(ACCOUNT, "summer", {})
    bought = await theirs.bought(ledger, "coat", name="Sarah — navy")
    taken = replace(take(SPRING, "navy"), kind=LookKind.EXISTING, avatar_id=made.id)
    await ledger.adopt(taken)
    ledger.close()
    campaign = office.campaign(look("navy"))
    with pytest.raises(UsageError, match="another campaign's"):
        await reconcile(office.context, campaign, (("navy#1", bought.avatar_id or ""),), ())
    assert await reconcile(office.context, campaign, (("navy#1", made.id),), ()) == 0
    (now,) = read_snapshot(office.ledger_path).takes["navy"]
    assert (now.avatar_id, now.billing) == (made.id, Billing.ASSUMED)


async def test_what_another_campaign_only_took_over_may_be_what_was_bought(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """``lookbook adopt`` made a manifest of the group before the lost answer was searched for."""
    campaign = office.campaign(look("navy"))
    ledger = office.ledger()
    office.ticking.time = time.time() - 30 * 3600
    ledger.begin(ACCOUNT, "spring", {})
    known = await office.bought(ledger, "base")
    await office.lost(ledger, "navy", name="Sarah")
    ledger.close()
    there = office.api.add_by_hand("Sarah", "group-1")
    folder = office.manifest.with_name("summer.lookbook")
    folder.mkdir()
    theirs = LedgerFile(
        folder / "ledger.sqlite", now=office.ticking.now, entropy=office.ticking, inline=True
    )
    theirs.begin(ACCOUNT, "summer", {})
    taken = replace(known, uid="theirs", kind=LookKind.EXISTING, avatar_id=there.id)
    await theirs.import_takes([(taken, True)])
    theirs.close()
    assert await reconcile(office.context, campaign, (), ["navy#1"]) == 6
    told = capsys.readouterr().out
    assert f"fits: {there.id} in group group-1, completed; another campaign here took" in told
    assert f"the account has what fits: {there.id} (--adopt 'navy#1=ID'" in told
    assert await reconcile(office.context, campaign, [("navy#1", there.id)]) == 0
    assert read_snapshot(office.ledger_path).takes["navy"][0].avatar_id == there.id
