"""An account that may not honour idempotency keys: search first, replay last, and remember."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from runner.executor import session
from runner.executor.context import RunContext
from runner.executor.intents import IntentBuilder
from runner.executor.ports import AccountBusy, Intent
from runner.executor.resolve_unknown import UnknownResolver
from runner.ledger.events import Entry, Note
from runner.ledger.ledger import LedgerFile
from runner.model import LookKind
from runner.policy.budget import Ceilings
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.retry import ASKABLE_AFTER, KEY_LIFE, KEY_MARGIN
from runner.replies import Lost, NotSent, Refusal, Reply
from runner.takes import Billing, Doubled, Neighbours, Take, TakeState
from tests.executor.harness import (
    CHARGED_AND_LOST,
    GATEWAY_TIMEOUT,
    LOST_BEFORE,
    OK,
    Harness,
    campaign,
    existing,
    look,
    photo,
    run_virtual,
)


def test_where_every_answer_is_a_gateways_a_search_makes_four_looks_cost_four_dollars(
    harness: Harness,
) -> None:
    harness.api.honours_keys = False
    harness.api.script.extend([GATEWAY_TIMEOUT] * 100)
    looks = campaign(look("a"), look("b"), look("c"))
    outcome = harness.run(looks, ceilings=Ceilings(run=Decimal(4)))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == len(harness.api.posts) == 4
    takes = [harness.take(key) for key in ("base", "a", "b", "c")]
    assert {take.avatar_id for take in takes} == {look_id for look_id, _ in harness.api.charges}
    assert {take.billing for take in takes} == {Billing.ASSUMED}  # no answer said so
    ages = [(take.accepted_at or 0.0) - (take.sent_at or 0.0) for take in takes]
    assert ages == pytest.approx([0.0] * 4, abs=0.1)


def test_a_second_look_for_one_key_is_told_counted_and_ends_replays_on_that_account(
    harness: Harness,
) -> None:
    """Lists that lag hide the first look from the search; the replay makes a second one."""
    harness.api.honours_keys, harness.api.lag = False, 16.0
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])
    outcome = harness.run(campaign(photo()), ceilings=Ceilings(run=Decimal(2)))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 2
    ledger = harness.open()
    (doubled,) = ledger.snapshot().doubled
    assert doubled.look_id in {look_id for look_id, _ in harness.api.charges}
    assert doubled.look_id != harness.take("base").avatar_id
    assert doubled.take == "base#1"
    assert ledger.snapshot().spent == 2
    ledger.close()
    assert any("does not honour idempotency keys" in words for words in harness.heard.words)
    # From now on nothing is sent twice there: what is lost is searched for, and else a person's.
    harness.api.lag = 0.0
    harness.api.script.extend([LOST_BEFORE, CHARGED_AND_LOST])
    outcome = harness.run(campaign(look("a"), look("b")), concurrency=1)
    assert [harness.take(key).state for key in ("a", "b")] == [TakeState.UNKNOWN, TakeState.FETCHED]
    assert exit_code(outcome) is Exit.PERSON
    assert len({key for key, _ in harness.api.posts[2:]}) == len(harness.api.posts[2:]) == 2


def notes(harness: Harness, kind: Note) -> list[Entry]:
    return [entry for entry in harness.open().store.history.events() if entry.kind == kind]


def test_a_second_look_that_lists_show_at_once_is_told_before_its_take_is_done(
    harness: Harness,
) -> None:
    harness.api.honours_keys, harness.api.lag = False, 15.1
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])
    harness.run(campaign(photo()))
    (told,) = notes(harness, Note.KEYS_IGNORED)
    assert told.at < (harness.take("base").completed_at or 0.0)


@pytest.mark.parametrize("lag", [16.0, 40.0, 90.0, 400.0])
@pytest.mark.parametrize("lost", [GATEWAY_TIMEOUT, CHARGED_AND_LOST])
def test_of_several_lost_answers_one_is_charged_twice_however_late_lists_are(
    harness: Harness, lag: float, lost: str
) -> None:
    """The next replay waits until a list shows what the one before it made."""
    harness.run(campaign())
    harness.api.honours_keys, harness.api.lag = False, lag
    harness.api.script.extend([lost] * 5)
    looks = campaign(*map(look, "abcde"))
    assert exit_code(harness.run(looks, ceilings=Ceilings(run=Decimal(5)))) is Exit.DONE
    assert len(harness.api.charges) == 1 + 5 + 1  # the base, each look, and what revealed it
    assert harness.open().snapshot().spent == 1 + 5 + 1


@pytest.mark.parametrize(
    ("elsewhere", "adopted"), [((), False), (("summer.lookbook: a#1",), False), ((), True)]
)
def test_nothing_else_is_sent_again_while_a_lost_replay_may_have_made_a_second_look(
    harness: Harness, elsewhere: tuple[str, ...], adopted: bool
) -> None:
    harness.run(campaign())
    harness.neighbours = Neighbours(unresolved={"Sarah — a": elsewhere})
    harness.api.honours_keys, harness.api.lag = False, 40.0
    harness.api.script.extend([CHARGED_AND_LOST, CHARGED_AND_LOST, LOST_BEFORE])

    async def leave(context: RunContext) -> None:
        while len(harness.api.posts) < 3:  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.5)
        context.interrupt()

    harness.run(campaign(look("a")), meanwhile=leave)
    if adopted:  # a manifest of the whole group was made meanwhile; that bought nothing
        both_of_a = frozenset(look_id for look_id, _ in harness.api.charges[1:])
        harness.neighbours = Neighbours(both_of_a, taken_over=both_of_a)
    both = campaign(*map(look, "ab"))
    assert exit_code(harness.run(both)) is Exit.PERSON  # which of the two is a's
    harness.later(3600)
    assert exit_code(harness.run(both)) is Exit.PERSON
    assert len(harness.api.charges) == 3
    assert [harness.take(key).attempts for key in "ab"] == [2, 1]


@pytest.mark.parametrize("runs", [1, 2])
def test_what_a_search_has_listed_is_no_look_of_a_send_that_leaves_later(
    harness: Harness, runs: int
) -> None:
    harness.run(campaign())
    harness.api.honours_keys, harness.api.lag = False, 40.0
    harness.api.script.extend([CHARGED_AND_LOST] * 4)
    if runs == 2:
        assert exit_code(harness.run(campaign(look("a")))) is Exit.PERSON  # which of two is a's
    looks = campaign(look("a", takes=2), look("b"))
    assert exit_code(harness.run(looks, concurrency=1)) is Exit.PERSON
    first, second = harness.takes("a")
    assert (first.avatar_id, second.avatar_id) == (None, None)
    assert [first.attempts, second.attempts, harness.take("b").attempts] == [2, 1, 1]
    assert len(harness.api.charges) == 1 + 2 + 1 + 1


def test_a_second_look_that_a_later_send_was_found_to_be_is_told_when_that_ones_own_is_listed(
    harness: Harness,
) -> None:
    harness.run(campaign())
    harness.api.honours_keys, harness.api.lag, harness.api.seconds = False, 42.0, 20.0
    harness.api.script.extend([CHARGED_AND_LOST, OK, CHARGED_AND_LOST, CHARGED_AND_LOST])
    looks = campaign(look("a", takes=2), look("b"))
    harness.run(looks, concurrency=1)
    assert harness.take("b").attempts == 1  # it waits for that
    known = {take.avatar_id for take in harness.takes("a")}
    (doubled,) = harness.open().snapshot().doubled
    assert known | {doubled.look_id} == {look_id for look_id, _ in harness.api.charges[1:4]}


def test_a_replay_waits_longer_where_what_a_list_shows_may_be_anothers_lost_look(
    harness: Harness,
) -> None:
    harness.run(campaign())
    harness.api.script.extend([LOST_BEFORE, OK, LOST_BEFORE])

    async def leave(context: RunContext) -> None:
        while len(harness.api.charges) < 2:  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.5)
        context.interrupt()

    harness.run(campaign(look("a")), meanwhile=leave)
    harness.api.add_by_hand("Sarah — a", harness.take("base").group_id or "")
    harness.neighbours = Neighbours(unresolved={"Sarah — a": ("summer.lookbook: a#1",)})
    assert exit_code(harness.run(campaign(*map(look, "ab")))) is Exit.DONE
    first, second = (harness.take(key).resent_at or 0.0 for key in "ab")
    assert second - first >= harness.retry_limits.replay_listed
    assert harness.open().honours_keys


def test_what_a_replay_made_is_waited_for_once_in_words_and_for_a_bounded_time(
    harness: Harness,
) -> None:
    harness.run(campaign())
    harness.api.lag = 100_000.0
    harness.api.script.extend([LOST_BEFORE, LOST_BEFORE])
    assert exit_code(harness.run(campaign(*map(look, "ab")))) is Exit.DONE
    first, second = sorted(harness.take(key).resent_at or 0.0 for key in "ab")
    assert ASKABLE_AFTER <= second - first < ASKABLE_AFTER + 60
    (told,) = [words for words in harness.heard.words if "before another is" in words]
    assert told.startswith("waiting 899.")


def test_a_replay_that_was_refused_or_never_left_is_not_waited_for(harness: Harness) -> None:
    harness.run(campaign())
    refused = [Refusal(429, "rate_limit_exceeded", "busy", retry_after=1.0), NotSent("refused")]
    harness.api.script.extend([LOST_BEFORE] * 3 + refused)
    assert exit_code(harness.run(campaign(*map(look, "abc")))) is Exit.DONE
    times = sorted(harness.take(key).resent_at or 0.0 for key in "abc")
    assert times[0] - (harness.take("a").sent_at or 0.0) < 20


def test_where_lists_are_at_once_replays_follow_each_other_without_a_wait(harness: Harness) -> None:
    harness.run(campaign())
    harness.api.script.extend([LOST_BEFORE] * 5)
    assert exit_code(harness.run(campaign(*map(look, "abcde")))) is Exit.DONE
    assert len(harness.api.charges) == 6
    sent = sorted(harness.take(key).resent_at or 0.0 for key in "abcde")
    assert sent[-1] - sent[0] < 3


def test_what_was_doubled_counts_in_its_run_and_in_the_campaigns_budget(harness: Harness) -> None:
    harness.api.honours_keys, harness.api.lag = False, 16.0
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])
    looks = campaign(look("a"), look("b"))
    outcome = harness.run(looks, ceilings=Ceilings(run=Decimal(3)), concurrency=1)
    assert exit_code(outcome) is Exit.BUDGET
    assert len(harness.api.charges) == 3
    outcome = harness.run(looks, ceilings=Ceilings(campaign=Decimal(3)))
    assert exit_code(outcome) is Exit.BUDGET
    assert len(harness.api.charges) == 3


@pytest.mark.parametrize("replay", [OK, CHARGED_AND_LOST])
def test_a_second_look_is_told_also_where_another_campaign_took_it_over(
    harness: Harness, replay: Any
) -> None:
    """``lookbook adopt`` made a manifest of the group meanwhile; that bought nothing."""
    harness.api.honours_keys, harness.api.lag = False, 16.0
    harness.api.script.extend([CHARGED_AND_LOST, replay])
    real = harness.api.groups

    async def groups(**options: Any) -> Reply[Any]:
        if len(harness.api.charges) == 2:
            adopted = frozenset({harness.api.charges[0][0], next(iter(harness.api.groups_by_id))})
            harness.neighbours = Neighbours(adopted, taken_over=adopted)
        return await real(**options)

    harness.api.groups = groups  # type: ignore[method-assign]
    harness.run(campaign(photo()))
    (doubled,) = harness.open().snapshot().doubled
    assert doubled.look_id in harness.neighbours.taken_over


def test_a_look_that_this_ledger_took_over_before_is_no_second_look_for_a_key(
    harness: Harness,
) -> None:
    harness.run(campaign(photo()))
    group = harness.take("base").group_id or ""
    by_hand = harness.api.add_by_hand("Sarah — navy", group)
    harness.run(campaign(existing("navy", by_hand.id)))
    harness.api.script.extend([LOST_BEFORE, OK])
    assert exit_code(harness.run(campaign(look("navy")))) is Exit.DONE
    ledger = harness.open()
    assert ledger.honours_keys
    assert ledger.snapshot().spent == 2
    ledger.close()


def test_a_second_look_that_a_neighbours_lost_send_may_have_made_shows_nothing(
    harness: Harness,
) -> None:
    harness.api.honours_keys, harness.api.lag = False, 16.0
    harness.neighbours = Neighbours(unresolved={"Sarah": ("summer.lookbook: base#1",)})
    harness.api.script.extend([CHARGED_AND_LOST, OK])
    harness.run(campaign(photo()))
    assert len(harness.api.charges) == 2
    assert harness.open().snapshot().doubled == ()


@pytest.mark.parametrize("bought", [True, False])
def test_the_distrust_ends_when_another_ledger_turns_out_to_have_bought_the_look(
    harness: Harness, bought: bool
) -> None:
    harness.api.honours_keys, harness.api.lag = False, 16.0
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])
    harness.run(campaign(photo()))
    ledger = harness.open()
    (doubled,) = ledger.snapshot().doubled
    ledger.close()
    harness.api.honours_keys, harness.api.lag = True, 0.0
    known = frozenset({doubled.look_id})
    harness.neighbours = Neighbours(known, taken_over=frozenset() if bought else known)
    harness.api.script.extend([LOST_BEFORE])
    outcome = harness.run(campaign(look("a")))
    assert exit_code(outcome) is (Exit.DONE if bought else Exit.PERSON)
    assert harness.open().honours_keys is bought
    assert len(notes(harness, Note.KEYS_TRUSTED)) == bought  # and none where nothing was doubled


def test_what_a_neighbour_knows_is_never_adopted_nor_what_was_there_before(
    harness: Harness,
) -> None:
    """Spring's base bears the same name; summer's first send is lost before anything happened."""
    spring = harness.api.add_by_hand("Sarah", "spring-group")
    harness.api.made_at[spring.id] = harness.clock.now()
    group = harness.api.groups_by_id["spring-group"]
    harness.api.groups_by_id["spring-group"] = type(group)(group.id, "Sarah", harness.clock.now())
    harness.neighbours = Neighbours(frozenset({spring.id, "spring-group"}))
    harness.api.script.extend([LOST_BEFORE, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert harness.take("base").avatar_id == harness.api.charges[0][0] != spring.id
    assert harness.take("base").billing is Billing.BILLED


def test_a_send_that_a_neighbour_does_not_know_the_end_of_makes_a_look_doubtful(
    harness: Harness,
) -> None:
    harness.neighbours = Neighbours(unresolved={"Sarah": ("summer.lookbook: base#1",)})
    harness.api.script.extend([CHARGED_AND_LOST])
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.PERSON
    assert len(harness.api.posts) == 1


def test_nothing_is_sent_again_while_the_account_cannot_be_searched(harness: Harness) -> None:
    real = harness.api.groups

    async def unreadable(**_asked: object) -> Lost:
        return Lost("ReadTimeout")

    harness.api.groups = unreadable  # type: ignore[method-assign]
    harness.api.script.extend([CHARGED_AND_LOST])
    assert exit_code(harness.run(campaign(photo()))) is Exit.UNDER_WAY
    assert len(harness.api.posts) == 1
    harness.api.groups = real  # type: ignore[method-assign]
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.posts) == len(harness.api.charges) == 1


def test_a_search_takes_no_look_of_a_send_that_left_while_it_was_listing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.api.script.extend([OK, *[LOST_BEFORE] * 50])
    harness.run(campaign(look("a")))
    harness.api.script.clear()
    harness.later(25 * 3600)

    async def distrust() -> None:
        ledger = harness.open()
        await ledger.note_doubled([Doubled("look-x", "another name", "b#1", Decimal(1))])
        ledger.close()

    anyio.run(distrust)
    create, listed, prepare = harness.api.create_avatar, harness.api.looks, IntentBuilder.intent

    async def slow_intent(self: IntentBuilder, *given: Any, **named: Any) -> Intent:
        await anyio.sleep(1)  # so that the search begins first
        return await prepare(self, *given, **named)

    async def slow_answer(body: bytes, key: str) -> Reply[Any]:
        reply = await create(body, key)
        await anyio.sleep(5)
        return reply

    async def slow_list(**asked: Any) -> Reply[Any]:
        await anyio.sleep(2)
        return await listed(**asked)

    monkeypatch.setattr(IntentBuilder, "intent", slow_intent)
    harness.api.create_avatar = slow_answer  # type: ignore[method-assign]
    harness.api.looks = slow_list  # type: ignore[method-assign]
    harness.run(campaign(look("a", takes=2)))
    first, second = harness.takes("a")
    assert (first.state, first.avatar_id) == (TakeState.UNKNOWN, None)
    assert second.avatar_id == harness.api.charges[-1][0]


def test_a_second_look_is_told_also_where_lists_show_it_long_after_its_take_is_settled(
    harness: Harness,
) -> None:
    """The take is done, and nobody would list its group again, before the lists show both."""
    harness.api.honours_keys, harness.api.lag = False, 50.0
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    ledger = harness.open()
    (doubled,) = ledger.snapshot().doubled
    made = {look_id for look_id, _ in harness.api.charges}
    assert made == {doubled.look_id, harness.take("base").avatar_id}
    assert ledger.unchecked_replays() == []
    assert ledger.snapshot().spent == 2


def test_a_second_look_that_lists_show_minutes_after_the_run_is_told_by_the_next(
    harness: Harness,
) -> None:
    harness.api.honours_keys, harness.api.lag = False, 300.0
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert harness.open().honours_keys
    harness.later(600)
    harness.run(campaign(photo()))
    assert len(harness.open().snapshot().doubled) == 1


def test_after_two_lost_answers_nothing_leaves_before_lists_that_are_a_minute_late_show_both(
    harness: Harness,
) -> None:
    harness.api.honours_keys, harness.api.lag = False, 40.0
    harness.api.script.extend([CHARGED_AND_LOST, CHARGED_AND_LOST])
    assert exit_code(harness.run(campaign(photo()))) is Exit.PERSON  # which of the two it is
    assert len(harness.api.posts) == len(harness.api.charges) == 2


def test_a_run_that_ends_before_lists_show_a_replay_leaves_its_check_to_the_next(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.api.honours_keys, harness.api.lag = False, 50.0
    harness.api.script.extend([GATEWAY_TIMEOUT, OK])

    async def left(*_args: Any, **_named: Any) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(session, "check_replays", left)
        harness.run(campaign(photo()))
    ledger = harness.open()
    assert [take.label for take in ledger.unchecked_replays()] == ["base#1"]
    assert ledger.honours_keys
    ledger.close()
    harness.later(3600)
    harness.run(campaign(photo()))
    assert not harness.open().honours_keys


@pytest.mark.parametrize(
    ("sent", "resent", "age"),
    [(None, None, 0.0), (90.0, None, 10.0), (50.0, 90.0, 10.0), (120.0, None, 0.0)],
)
def test_a_take_is_as_old_as_its_last_send_and_never_younger_than_now(
    sent: float | None, resent: float | None, age: float
) -> None:
    now: Any = SimpleNamespace(earliest_now=lambda: 100.0)
    take = Take("u", "a", 1, LookKind.PROMPT, "i", "{}", "a", sent_at=sent, resent_at=resent)
    assert UnknownResolver(now).age(take) == age


def test_sends_of_a_name_are_as_old_as_the_last_that_no_answer_decided() -> None:
    def sent(uid: str, at: float | None, billing: Billing, name: str = "Sarah") -> Take:
        state = TakeState.UNKNOWN if billing is Billing.UNKNOWN else TakeState.FETCHED
        take = Take(uid, "a", 1, LookKind.PROMPT, "i", "{}", name, state, billing)
        return replace(take, sent_at=at)

    def age(*others: Take) -> float:
        ledger = SimpleNamespace(snapshot=lambda: SimpleNamespace(all_takes=[take, *others]))
        context: Any = SimpleNamespace(earliest_now=lambda: 100.0, ledger=ledger)
        return UnknownResolver(context).age_of_all(take)

    take = sent("u", 20.0, Billing.BILLED)
    assert age() == age(sent("v", 90.0, Billing.BILLED)) == 80
    assert age(sent("v", 90.0, Billing.ASSUMED)) == age(sent("v", 90.0, Billing.UNKNOWN)) == 10
    assert age(sent("v", None, Billing.ASSUMED), sent("w", None, Billing.UNKNOWN)) == 80
    assert age(sent("v", 90.0, Billing.ASSUMED, "Tom"), sent("w", 9.0, Billing.UNKNOWN)) == 80


def test_what_is_sent_while_the_clock_is_ahead_is_no_younger_once_that_is_put_right(
    harness: Harness,
) -> None:
    """Else nobody could say for hours that nothing was bought."""
    harness.clock.ahead = 36_000.0
    harness.api.script.extend([LOST_BEFORE, LOST_BEFORE, OK])
    harness.run(campaign(photo()))
    take, now = harness.take("base"), harness.clock.now() - harness.clock.ahead
    assert 0 < (take.sent_at or 0.0) < (take.resent_at or 0.0) <= now


def test_a_replay_that_names_the_look_of_another_take_makes_no_second_take_of_it(
    harness: Harness,
) -> None:
    """While time could not be trusted the other take was found to be what this one's key made."""
    twice = campaign(look("a", takes=2))
    harness.clock.ahead = -36_000.0
    harness.run(campaign())
    harness.api.script.extend([LOST_BEFORE, CHARGED_AND_LOST])
    harness.run(twice)
    first, second = harness.takes("a")
    assert {first.state, second.state} == {TakeState.FETCHED, TakeState.UNKNOWN}
    harness.clock.ahead = 0.0
    for _ in range(2):  # once it is known, the key is not tried again
        assert exit_code(harness.run(twice)) is Exit.PERSON
        assert len(harness.api.posts) == 4
    lost = next(take for take in harness.takes("a") if take.unresolved)
    assert "was found to be" in (lost.error_message or "")
    assert len({take.avatar_id for take in harness.takes("a")} - {None}) == 1


def test_a_key_whose_life_ends_while_its_replay_waits_for_a_place_is_not_sent_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.api.script.extend([LOST_BEFORE, OK])
    real = LedgerFile.resend
    asked: list[float] = []

    async def resend(ledger: LedgerFile, uid: str, *, at: float | None = None) -> Take:
        asked.append(harness.clock.now())
        if len(asked) == 1:  # other machines hold every place, for a day
            await anyio.sleep(KEY_LIFE)
            raise AccountBusy(None, 0.0)
        return await real(ledger, uid, at=at)

    monkeypatch.setattr(LedgerFile, "resend", resend)
    harness.run(campaign(photo()))
    assert len(asked) == 1
    assert len(harness.api.posts) == 1
    assert harness.take("base").state is TakeState.UNKNOWN


def test_a_process_that_was_stopped_for_long_before_a_send_does_not_send(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LedgerFile.intend

    async def intend(ledger: LedgerFile, intent: Intent) -> Take:
        take = await real(ledger, intent)
        if intent.look == "base" and take.attempts == 1:
            await anyio.sleep(KEY_MARGIN)
        return take

    monkeypatch.setattr(LedgerFile, "intend", intend)
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.posts) == len(harness.api.charges) == 1
    take = harness.take("base")
    assert take.resent_at is not None  # nothing had left: the replay bought it


@pytest.mark.parametrize("ahead", [7200.0, 5 * 86_400.0])
def test_a_time_of_a_clock_that_was_ahead_keeps_no_replay_waiting(
    harness: Harness, ahead: float
) -> None:
    """A colleague's results tell of looks of these names that were found, and sent tomorrow."""
    harness.run(campaign())
    ledger, sent_at = harness.open(), harness.clock.now() + ahead
    told = [
        replace(
            Take(f"uid-{key}", key, 7, LookKind.PROMPT, "i", "{}", f"Sarah — {key}"),
            state=TakeState.FETCHED,
            billing=Billing.ASSUMED,
            avatar_id=f"look-{key}",
            group_id=harness.take("base").group_id,
            sent_at=sent_at,
        )
        for key in "ab"
    ]
    run_virtual(lambda: ledger.import_takes([(take, False) for take in told]))
    ledger.close()
    harness.api.script.extend([LOST_BEFORE, LOST_BEFORE])
    begun = harness.clock.now()
    outcome = harness.run(campaign(look("a", "a new prompt"), look("b", "another")))
    assert exit_code(outcome) is Exit.DONE
    assert harness.clock.now() - begun < 300
