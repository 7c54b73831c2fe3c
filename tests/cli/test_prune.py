"""``prune`` deletes only what is certainly this campaign's, and nobody's any more."""

from dataclasses import replace
from typing import Any

import pytest

from runner.cli.commands import prune as pruning
from runner.cli.commands.reconcile import reconcile
from runner.cli.doomed_looks import PruneScope
from runner.errors import UsageError
from runner.executor.look_report import LookReport
from runner.executor.rename import rename
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import read_snapshot
from runner.model import Campaign
from runner.plan import plan
from runner.plan.request import Request
from runner.replies import LookData, Refusal, Reply
from runner.takes import Take, TakeState
from tests.cli.hands import ACCOUNT, Office, Person
from tests.executor.harness import look

KEEP = ("base", "navy")


def request(*looks: str, from_results: bool = False) -> tuple[Request, PruneScope]:
    return Request(select=looks, yes=True), PruneScope(with_groups=True, from_results=from_results)


async def filled(office: Office, *orphans: str, facts: dict[str, Any] | None = None) -> Campaign:
    """Buy a look that the manifest has, and some that it no longer has."""
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", facts or {})
    for key in (*KEEP, *orphans):
        await office.bought(ledger, key)
    ledger.close()
    return office.campaign(look("navy"))


async def told_by_results(office: Office, look: LookData, **told: Any) -> None:
    """Write a results file that names a look of the account."""
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    known = ledger.picked("navy")
    assert known is not None
    values = {"avatar_id": look.id, "name": look.name, "group_id": look.group_id}
    take = replace(known, **{"uid": "told", "look": "told", "key": "another"} | values | told)
    await ledger.import_takes([(take, True)])
    ledger.close()


def left(office: Office) -> set[str]:
    return {look.name for look in office.api.looks_by_id.values()}


async def test_an_orphan_goes_and_everything_else_stays(office: Office) -> None:
    campaign = await filled(office, "red")
    assert await pruning.prune(office.context, campaign, *request()) == 0
    assert left(office) == {"name of base", "name of navy"}


GONE = Refusal(404, "avatar_not_found", "no such look")
PAGE = Refusal(404, "http_404", "Not Found", enveloped=False)
"""A gateway's, and no word of HeyGen's about a look."""


@pytest.mark.parametrize(
    ("answers", "is_left", "state"),
    [
        ([GONE], False, TakeState.DELETED),  # a copy that lagged behind
        ([GONE, GONE], True, TakeState.DELETED),
        ([GONE, PAGE, PAGE], True, TakeState.COMPLETED),
        ([PAGE], False, TakeState.DELETED),
        ([PAGE, PAGE], True, TakeState.COMPLETED),
        ([PAGE, PAGE, GONE], True, TakeState.COMPLETED),
    ],
)
async def test_a_look_counts_as_deleted_when_heygen_says_so_and_as_gone_when_it_says_so_twice(
    office: Office,
    answers: list[Refusal],
    is_left: bool,
    state: TakeState,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("runner.executor.gone.GONE_PAUSE", 0.0)
    monkeypatch.setattr("runner.executor.context.backoff", lambda *_args, **_named: 0.0)
    campaign, said = await filled(office, "red"), iter(answers)
    delete = office.api.delete_look

    async def answer(look_id: str) -> Reply[str]:
        return next(said, None) or await delete(look_id)

    monkeypatch.setattr(office.api, "delete_look", answer)
    deleted = state is TakeState.DELETED
    assert await pruning.prune(office.context, campaign, *request()) == (0 if deleted else 1)
    assert ("name of red" in left(office)) == is_left
    assert read_snapshot(office.ledger_path).takes["red"][-1].state is state
    shown = capsys.readouterr()
    assert ("red#1 was not deleted: HTTP 404" in shown.err) is not deleted
    assert f"{1 if deleted else 0} look" in shown.out
    said = iter(())
    assert await pruning.prune(office.context, campaign, *request()) == 0
    assert ("Nothing to prune" in capsys.readouterr().out) == deleted


async def test_looks_that_seem_gone_are_asked_about_again_after_one_pause_for_all(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, pauses, gone = await filled(office, "red", "blue", "green"), [], {"red", "green"}
    delete = office.api.delete_look

    async def pause(_context: object) -> None:
        pauses.append(left(office))

    async def answer(look_id: str) -> Reply[str]:
        name = office.api.looks_by_id[look_id].name
        return GONE if name.removeprefix("name of ") in gone else await delete(look_id)

    monkeypatch.setattr(pruning, "pause_until_sure", pause)
    monkeypatch.setattr(office.api, "delete_look", answer)
    assert await pruning.prune(office.context, campaign, *request()) == 0
    assert pauses == [{"name of base", "name of navy", "name of red", "name of green"}]
    takes = read_snapshot(office.ledger_path).takes
    assert {takes[key][-1].state for key in ("red", "blue", "green")} == {TakeState.DELETED}


@pytest.mark.parametrize("how", ["ledger", "results", "manifest"])
async def test_what_another_campaign_in_the_folder_has_is_spared(
    office: Office, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = await filled(office, "red")
    if how == "manifest":
        summer = office.manifest.with_name("summer.yaml")
        summer.write_text("looks: {blue: {prompt: not whole, avatar_id: hand-2", "utf-8")
    else:
        folder = office.manifest.with_name("summer.lookbook")
        folder.mkdir()
        theirs = LedgerFile(
            folder / "ledger.sqlite", now=office.ticking.now, entropy=office.ticking, inline=True
        )
        theirs.begin(ACCOUNT, "summer", {})
        mine = office.ledger()
        red = mine.picked("red")
        mine.close()
        assert red is not None
        await theirs.import_takes([(red, True)])
        if how == "results":
            from runner.cli.outputs import make_results, write_results

            document = make_results(campaign, theirs.snapshot(), None)
            write_results(document, folder)
        theirs.close()
        if how == "results":
            (folder / "ledger.sqlite").unlink()
    await pruning.prune(office.context, campaign, *request())
    assert "name of red" in left(office)
    told = capsys.readouterr().err
    assert "red#1 is spared" in told
    assert ("summer.yaml names its id" if how == "manifest" else "another ledger or res") in told


async def test_a_file_that_cannot_be_read_may_hold_anything(office: Office) -> None:
    campaign = await filled(office, "red")
    folder = office.manifest.with_name("summer.lookbook")
    folder.mkdir()
    (folder / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
    with pytest.raises(UsageError, match="cannot be read"):
        await pruning.prune(office.context, campaign, *request())
    assert "name of red" in left(office)


@pytest.mark.parametrize(
    ("told", "from_results", "goes", "says"),
    [
        ({}, True, True, ""),
        ({}, False, False, "--from-results"),
        ({"name": "another name"}, True, False, "HeyGen shows hand-2 as 'Foreign'"),
        ({"key": None}, True, False, "a search found it"),  # a rebuild, by its name
        ({"group_id": "group-1"}, True, False, "shows no look hand-2 in the group group-1"),
    ],
)
async def test_what_only_a_results_file_tells_of_needs_the_account_and_a_person(
    office: Office,
    told: dict[str, Any],
    from_results: bool,
    goes: bool,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    campaign = await filled(office)
    foreign = office.api.add_by_hand("Foreign", "group-9")
    await told_by_results(office, foreign, **told)
    await pruning.prune(office.context, campaign, *request(from_results=from_results))
    assert ("Foreign" not in left(office)) == goes
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("says_yes", [True, False])
async def test_a_person_on_a_terminal_vouches_for_what_only_a_results_file_tells_of(
    office: Office,
    says_yes: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    campaign = await filled(office)
    foreign = office.api.add_by_hand("Foreign", "group-9")
    await told_by_results(office, foreign)
    person = Person(monkeypatch, says_yes=says_yes)
    asked, scope = request()
    here = office.context._replace(console=person)
    deletion = pruning.prune(here, campaign, replace(asked, yes=False), scope)
    if says_yes:
        assert await deletion == 0
    else:
        with pytest.raises(UsageError, match="Declined; nothing was removed"):
            await deletion
    assert person.asked == ["Delete 1 look at HeyGen? This cannot be undone."]
    assert ("Foreign" in left(office)) is not says_yes
    shown = capsys.readouterr().err
    assert "told#1" in shown
    assert "Foreign" in shown  # as the account has it


@pytest.mark.parametrize("found", [False, True])
async def test_what_only_a_search_found_may_be_anybodys(
    office: Office, found: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = await filled(office)
    office.api.add_by_hand("Sarah — red", "group-1")
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {"variables": {}})
    lost = await office.lost(ledger, "red", name="Sarah — red")
    ledger.close()
    (there,) = [one for one in office.api.looks_by_id.values() if one.name == "Sarah — red"]
    assert await reconcile(office.context, campaign, [(lost.label, there.id)]) == 0
    asked, scope = request()
    await pruning.prune(office.context, campaign, asked, replace(scope, found=found))
    assert ("Sarah — red" not in left(office)) == found
    if not found:
        assert "--yes does not vouch for it: answer on a terminal, or add --found" in (
            capsys.readouterr().err
        )


@pytest.mark.parametrize(
    ("bought_with", "now", "named", "goes"),
    [
        ({"variables": {}}, {}, False, True),
        ({"variables": {"city": "Rome"}}, {}, False, False),
        ({"variables": {"city": "Rome"}}, {"city": "Rome"}, False, True),
        ({"variables": {"city": "Rome"}}, {"city": "Oslo"}, True, False),
        ({}, {}, False, False),
        ({}, {}, True, True),
    ],
)
async def test_what_was_bought_with_other_values_is_no_orphan(
    office: Office, bought_with: dict[str, Any], now: dict[str, str], named: bool, goes: bool
) -> None:
    campaign = await filled(office, "rome", facts=bought_with)
    campaign = replace(campaign, given=tuple(now.items()), has_variables=True)
    await pruning.prune(office.context, campaign, *request(*(["rome"] if named else [])))
    assert ("name of rome" not in left(office)) == goes


@pytest.mark.parametrize("named", [False, True])
async def test_an_old_take_of_other_values_goes_only_where_its_look_is_named(
    office: Office, named: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {"variables": {"city": "rome"}})
    for key in ("base", "navy"):
        await office.bought(ledger, key)
    await office.bought(ledger, "navy", name="of rome", reroll=True)
    ledger.close()
    campaign = replace(office.campaign(look("navy")), has_variables=True)
    asked = Request(select=("navy",) if named else (), yes=True)
    scope = PruneScope(old_takes=True, with_groups=True)
    await pruning.prune(office.context, campaign, asked, scope)
    assert ("of rome" in left(office)) != named
    if not named:
        assert "--var city=rome: name the look to delete it" in capsys.readouterr().err


async def test_a_run_renames_no_look_that_the_account_shows_otherwise(office: Office) -> None:
    campaign = await filled(office)
    foreign = office.api.add_by_hand("Foreign", "group-9")
    await told_by_results(office, foreign, name="Mine")
    async with office.open_session(campaign) as work:
        work.ledger.begin(ACCOUNT, "spring", {})
        look_report = LookReport(plan(campaign, work.ledger.snapshot()), {}, {})

        async def renamed(take: Take | None) -> str:
            assert take is not None
            await rename(work.context, take, "New", look_report)
            return office.api.looks_by_id[take.avatar_id or ""].name

        assert await renamed(work.ledger.picked("told")) == "Foreign"
        assert "HeyGen shows hand-2 as 'Foreign'" in look_report.notes[0]
        assert await renamed(work.ledger.picked("navy")) == "New"
        shown = replace(foreign, name="New")  # renamed at HeyGen, and nobody here heard the answer
        office.api.looks_by_id[foreign.id] = shown
        office.api.calls.clear()
        assert await renamed(work.ledger.picked("told")) == "New"
        assert office.api.calls == ["look"]
        known = work.ledger.picked("told")
        assert known is not None
        assert known.name == "New"


@pytest.mark.parametrize(("group", "name"), [(None, "New"), ("group-1", "Foreign")])
async def test_a_run_renames_what_results_tell_of_without_a_group_by_its_id_and_name(
    office: Office, group: str | None, name: str
) -> None:
    campaign = await filled(office)
    foreign = office.api.add_by_hand("Foreign", "group-9")
    await told_by_results(office, foreign, group_id=group)
    async with office.open_session(campaign) as work:
        work.ledger.begin(ACCOUNT, "spring", {})
        look_report = LookReport(plan(campaign, work.ledger.snapshot()), {}, {})
        told = work.ledger.picked("told")
        assert told is not None
        await rename(work.context, told, "New", look_report)
    assert office.api.looks_by_id[foreign.id].name == name
