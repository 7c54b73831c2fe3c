"""What a ledger remembers of its account, and what it can learn from its neighbours."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.executor.ports import OverBudget
from runner.ledger.facts import to_facts
from runner.ledger.ledger import LedgerFile
from runner.ledger.neighbours import read_account_facts, read_neighbours
from runner.ledger.state_dirs import StateDir
from runner.ledger.wallet import list_spendings
from runner.model import LookKind
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event
from runner.takes import Account, Billing, Doubled, MeasuredPrice, PriceState
from tests.ledger.names import Ticking, intent

EXTRA = Doubled("look-2", "Sarah", "base#1", Decimal(3))


async def test_strangers_are_remembered_once_and_in_the_order_of_the_sends(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    await ledger.note_listed(["old", "group-1"])
    first = await ledger.intend(intent("a"))
    events = len([*ledger.store.history.events()])
    await ledger.note_listed(["old"])
    assert len([*ledger.store.history.events()]) == events
    await ledger.note_listed(["old", "new"], accepted=["old"])
    second = await ledger.intend(intent("b", key="k-2"))
    ledger.close()
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert again.listed_before(first.uid) == {"old", "group-1"}
    assert again.listed_before(second.uid) == {"old", "group-1", "new"}
    assert again.listed_before("undone meanwhile") == frozenset()
    assert again.accepted == {"old"}
    facts = to_facts(again.take(first.uid)) | {"uid": "u", "number": 9, "look": "c"}
    await again.import_takes([(type(first)(**facts | {"price": Decimal(1)}), False)])
    assert again.listed_before("u") == {"old", "group-1"}  # no send of ours: time decides
    again.close()


async def test_what_is_listed_after_a_results_file_told_of_a_send_was_not_there_before_it(
    ledger: LedgerFile, ticking: Ticking
) -> None:
    await ledger.note_listed(["old"])
    sent = await ledger.intend(intent("a"))
    facts = to_facts(sent) | {"uid": "told", "number": 2, "key": "k-2", "price": Decimal(1)}
    told = type(sent)(**facts | {"sent_at": ticking.time + 100_000})  # by another machine's clock
    await ledger.import_takes([(told, False)])
    await ledger.note_listed(["its own"])
    await ledger.import_takes([(told, False)])
    assert ledger.listed_before("told") == {"old"}


async def test_what_was_made_twice_is_held_against_every_ceiling_until_it_is_withdrawn(
    path: Path, ticking: Ticking
) -> None:
    ceilings = Ceilings(run=Decimal(4), campaign=Decimal(9))
    for _ in range(2):
        ledger = LedgerFile(path, now=ticking.now, entropy=ticking, ceilings=ceilings, inline=True)
        ledger.begin(Account("api.example", "me"), "spring", {})
        assert ledger.honours_keys
        await ledger.note_doubled([EXTRA, EXTRA])
        assert ledger.snapshot().spent == 3
        await ledger.note_doubled([EXTRA])  # a look counts once
        take = await ledger.intend(intent("a", key=ticking.key()))
        with pytest.raises(OverBudget):
            await ledger.intend(intent("b", key=ticking.key()))
        await ledger.record(take.uid, Event.RETURNED, {})
        ledger.close()
        ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
        assert not ledger.honours_keys
        assert [look.look_id for look in ledger.snapshot().doubled] == ["look-2"]
        assert ledger.snapshot().spent == 3
        await ledger.trust_keys("a person")
        assert "look-2" not in ledger.store.state.doubled
        assert ledger.snapshot().spent == 0
        ledger.close()


async def test_only_what_was_found_without_an_answer_says_that_it_is_assumed(
    ledger: LedgerFile,
) -> None:
    billing = []
    for look, facts in (("a", {}), ("b", {"billing": str(Billing.ASSUMED)})):
        take = await ledger.intend(intent(look, key=look))
        await ledger.record(take.uid, Event.LOST, {})
        take = await ledger.record(take.uid, Event.FOUND, {"avatar_id": look, **facts})
        billing.append(take.billing)
    assert billing == [Billing.BILLED, Billing.ASSUMED]  # as older ledgers meant it, and today


async def test_neighbours_are_all_folders_beside_the_manifest_but_the_simulators(
    tmp_path: Path, ticking: Ticking
) -> None:
    async def make(folder: Path, look_id: str | None) -> None:
        ledger = LedgerFile(folder / "ledger.sqlite", now=ticking.now, entropy=ticking, inline=True)
        ledger.begin(Account("api.example", "me"), "other", {})
        take = await ledger.intend(intent("a", key=ticking.key()))
        if look_id is None:
            await ledger.record(take.uid, Event.LOST, {})
        else:
            facts = {"avatar_id": look_id, "group_id": f"of-{look_id}"}
            await ledger.record(take.uid, Event.ACCEPTED, facts)
        ledger.close()

    mine = StateDir(tmp_path / "spring.lookbook")
    await make(mine.folder, "mine")
    await make(mine.folder / "other_account", "mine-too")
    await make(mine.folder / "simulated", "pretended")
    await make(tmp_path / "summer.lookbook", "summer")
    await make(tmp_path / "lost.lookbook", None)
    (tmp_path / "autumn.lookbook").mkdir()
    take = {"take": 1, "name": "N", "state": "fetched", "avatar_id": "autumn"}
    unsure = take | {"take": 2, "avatar_id": None, "state": "unknown", "avatar_group_id": "shared"}
    document = {"looks": [{"look": "b", "takes": [take | {"avatar_group_id": None}, unsure]}]}
    (tmp_path / "autumn.lookbook" / "results.json").write_text(json.dumps(document))
    (tmp_path / "winter.lookbook").mkdir()
    (tmp_path / "winter.lookbook" / "ledger.sqlite").write_bytes(b"not a database" * 100)
    known = read_neighbours(mine)
    assert known.ids == {"mine-too", "of-mine-too", "summer", "of-summer", "autumn"}
    assert known.taken_over == frozenset()
    made = {("of-mine-too", "name of a"), ("of-summer", "name of a")}
    assert known.founded == made
    assert known.unresolved == {
        "name of a": ("lost.lookbook: a#1",),
        "N": ("autumn.lookbook: b#2",),
    }
    assert known.unreadable == (str(tmp_path / "winter.lookbook" / "ledger.sqlite"),)
    assert read_neighbours(StateDir(tmp_path / "spring.lookbook" / "simulated")).ids == frozenset()
    assert "mine" in read_neighbours(StateDir(mine.folder / "other_account")).ids


async def test_what_one_campaign_learned_of_the_account_is_known_to_its_siblings(
    tmp_path: Path, ticking: Ticking
) -> None:
    mine, other = Account("api.example", "me"), Account("api.example", "you")

    def opened(name: str) -> LedgerFile:
        folder = tmp_path / f"{name}.lookbook"
        folder.mkdir(exist_ok=True)
        return LedgerFile(folder / "ledger.sqlite", now=ticking.now, entropy=ticking, inline=True)

    prompt = MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, Decimal(1), 2)
    photo = MeasuredPrice(Decimal(3), PriceState.SUSPECTED, Decimal(1))
    for name, account in (("summer", mine), ("winter", other)):
        sibling = opened(name)
        sibling.begin(account, name, {})
        await sibling.note_price(LookKind.PHOTO, photo)
        if account == mine:
            await sibling.note_price(LookKind.PROMPT, prompt)
            await sibling.note_doubled([EXTRA])
        sibling.close()

    here = StateDir(tmp_path / "spring.lookbook")
    spring = opened("spring")
    assert spring.honours_keys
    spring.learn(read_account_facts(here, mine))
    assert dict(spring.snapshot().prices) == {LookKind.PROMPT: prompt}  # a suspicion is none
    assert spring.snapshot().spent == 0  # what was made twice is the other campaign's money
    assert (spring.honours_keys, spring.distrusted_by) == (False, "summer.lookbook")
    spring.begin(mine, "spring", {})
    await spring.trust_keys("a person")  # later than what summer saw
    assert spring.honours_keys
    spring.close()
    spring = opened("spring")
    spring.learn(read_account_facts(here, mine))
    assert spring.honours_keys
    spring.close()
    assert read_account_facts(here, other).keys_ignored_at is None
    summer = opened("summer")
    await summer.trust_keys("a person")
    summer.close()
    assert read_account_facts(here, mine).keys_ignored_at is None


@pytest.mark.parametrize(
    ("runs", "left"),
    [
        ([(10, 8, {})], [(10, 8)]),
        ([(10, 8, {"currency": "USD"})], [(10, 8)]),
        ([(10, 8, {"currency": "eur"})], []),
        ([(10, 10, {"late": True})], []),
        ([(None, 8, {}), (8, None, {})], []),
        # The next run shows what a wallet that was late did not show yet: if it began long after.
        ([(10, 10, {"late": True}), (8, 7, {"before_at": 1600.0})], [(10, 8), (8, 7)]),
        ([(10, 10, {"late": True}), (8, 7, {"before_at": 1599.0})], [(8, 7)]),
    ],
)
def test_what_left_the_wallet_in_a_run(
    runs: list[tuple[int | None, int | None, dict[str, Any]]],
    left: list[tuple[float, float]],
) -> None:
    noted = [
        (1000.0, f"run{n}", {"before": before, "after": after, "currency": None, **more})
        for n, (before, after, more) in enumerate(runs)
    ]
    found = list_spendings(
        [(999.0, "run0", {**noted[0][2], "after": 9}), *noted]
    )  # the last counts
    assert [(float(one.before), float(one.after)) for one in found] == left
