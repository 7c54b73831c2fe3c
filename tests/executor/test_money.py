"""The money protocol (``docs/money.md``): the cases that trap others."""

import json
import logging
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from runner.executor.context import RunContext
from runner.ledger.reading import read_wallet_readings
from runner.model import Look
from runner.plan import ResolvedOptions
from runner.policy.budget import Ceilings
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import CreatedData, Lost, NotSent, Refusal, Reply, UserData
from runner.takes import Billing, TakeState
from tests.executor.harness import (
    CHARGED_AND_LOST,
    LOST_BEFORE,
    OK,
    START,
    Harness,
    campaign,
    look,
    photo,
)

HOUR = 3600.0


def refusal(status: int, code: str = "refused") -> Refusal:
    return Refusal(status, code, f"HTTP {status}", retry_after=2.0 if status == 429 else None)


def test_a_quiet_run_charges_each_look_once_and_fetches_every_picture(harness: Harness) -> None:
    outcome = harness.run(campaign(look("a"), look("b", on="a"), look("c")))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 4
    assert [harness.take(key).state for key in ("base", "a", "b", "c")] == [TakeState.FETCHED] * 4
    assert harness.take("b").reference_id == harness.take("a").avatar_id
    assert harness.api.calls.count("me") == 2  # the wallet before and after; both tell the time


def test_a_second_run_sends_nothing(harness: Harness) -> None:
    plan = campaign(look("a"))
    harness.run(plan)
    harness.api.posts.clear()
    harness.api.calls.clear()
    assert exit_code(harness.run(plan)) is Exit.DONE
    assert harness.api.posts == []
    assert harness.api.calls == []


def test_intent_is_on_disk_before_the_request_leaves(harness: Harness, tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    real = harness.api.create_avatar

    async def spied(body: bytes, key: str) -> Reply[CreatedData]:
        connection = sqlite3.connect(tmp_path / "ledger.sqlite")
        rows = connection.execute("SELECT state, key FROM takes WHERE key = ?", (key,)).fetchall()
        connection.close()
        seen.extend(rows)
        return await real(body, key)

    harness.api.create_avatar = spied  # type: ignore[method-assign]
    harness.run(campaign(look("a")))
    assert [state for state, _ in seen] == ["submitting", "submitting"]
    assert [key for _, key in seen] == [key for key, _ in harness.api.posts]


@pytest.mark.parametrize("trouble", [LOST_BEFORE, Lost("garbage", 200)])
def test_a_lost_answer_is_sent_again_with_the_same_key_and_bytes(
    harness: Harness, trouble: object
) -> None:
    harness.api.script.extend([trouble, OK])
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 1
    assert len(harness.api.posts) == 2
    assert harness.api.posts[0] == harness.api.posts[1]
    assert harness.take("base").billing is Billing.BILLED


@pytest.mark.parametrize(
    "status", [500, 502, 503, 504, 409, 408, 425, 499], ids=lambda status: f"http-{status}"
)
def test_what_is_not_a_decisive_refusal_is_undecided(harness: Harness, status: int) -> None:
    """Before it is sent again it should be in a list; at once where HeyGen says that it works."""
    under_way = status == 409
    code = "request_in_progress" if under_way else "refused"
    harness.api.script.extend([refusal(status, code), OK])
    harness.run(campaign(photo()))
    assert len(harness.api.posts) == 2
    assert harness.api.posts[0] == harness.api.posts[1]
    assert len(harness.api.charges) == 1
    take = harness.take("base")
    waited = (take.resent_at or 0.0) - (take.sent_at or 0.0)
    at_least = 0.0 if under_way else harness.retry_limits.listed
    assert at_least < waited < at_least + 5


@pytest.mark.parametrize("status", [402, 429, 400, 404, 401, 403, 413, 422])
def test_a_refused_replay_decides_nothing(harness: Harness, status: int) -> None:
    """The first send was charged and its answer lost; then every replay is refused.

    The lists are so late that the search before the replay finds nothing.
    """
    harness.api.lag = 15.5
    harness.api.script.extend([CHARGED_AND_LOST, *[refusal(status)] * 60])
    harness.retry_limits = type(harness.retry_limits)(retries=3, unanswered=60)
    outcome = harness.run(campaign(photo()))
    take = harness.take("base")
    if status in (400, 404, 413, 422, 429):
        # Asking again will not help, so the account is searched, and there it is.
        assert take.avatar_id == harness.api.charges[0][0]
        assert exit_code(outcome) is Exit.DONE
    else:
        assert take.state is TakeState.UNKNOWN
        assert take.billing is Billing.UNKNOWN
        wanted = Exit.ACCOUNT if status == 402 else Exit.UNDER_WAY  # the key is accepted now
        assert exit_code(outcome) is wanted
        harness.api.script.clear()
        assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1
    assert len({key for key, _ in harness.api.posts}) == 1


def test_after_a_refused_replay_nothing_leaves_again_and_the_account_is_searched(
    harness: Harness,
) -> None:
    harness.api.lag = 3600.0
    harness.api.script.extend([CHARGED_AND_LOST, *[refusal(422)] * 9])
    harness.run(campaign(photo()))
    assert len(harness.api.posts) == 2
    harness.later(HOUR)
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1


def test_no_connection_on_a_replay_leaves_the_take_unknown_and_the_next_run_resumes(
    harness: Harness,
) -> None:
    harness.api.lag = 3600.0
    harness.api.script.extend([CHARGED_AND_LOST, *[NotSent("ConnectError")] * 10])
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert harness.take("base").state is TakeState.UNKNOWN
    harness.api.script.clear()
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_first_refusal_decides_that_nothing_was_bought(harness: Harness, status: int) -> None:
    harness.api.script.extend([OK, Refusal(status, "validation_error", "no", "prompt")])
    looks = campaign(look("a"), look("b", on="a"), look("c"))
    outcome = harness.run(looks, concurrency=1)  # so that "a" is the one that is refused
    take = harness.take("a")
    assert (take.state, take.billing) == (TakeState.FAILED, Billing.NONE)
    assert exit_code(outcome) is Exit.FAILED
    assert set(outcome.failed) == {"a", "b"}
    assert harness.take("c").state is TakeState.FETCHED


@pytest.mark.parametrize("status", [401, 402, 403])
def test_an_account_that_refuses_stops_the_run_and_releases_the_money(
    harness: Harness, status: int
) -> None:
    harness.api.script.extend([refusal(status)])
    outcome = harness.run(campaign(look("a")))
    assert exit_code(outcome) is Exit.ACCOUNT
    assert len(harness.api.posts) == 1
    take = harness.take("base")
    assert (take.state, take.billing) == (TakeState.PLANNED, Billing.NONE)
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    assert harness.take("base").number == 1


def test_after_a_429_the_same_take_is_sent_under_a_fresh_key_after_the_pause(
    harness: Harness,
) -> None:
    harness.api.script.extend([refusal(429), OK])
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.DONE
    (first, _), (second, _) = harness.api.posts
    assert first != second  # a server may replay the stored refusal for 24 hours
    assert len(harness.takes("base")) == 1
    assert len(harness.api.charges) == 1


def test_a_connection_that_was_never_made_counts_as_not_sent(harness: Harness) -> None:
    harness.api.script.extend([NotSent("ConnectError"), OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    (first, _), (second, _) = harness.api.posts
    assert first != second
    assert len(harness.takes("base")) == 1
    assert (harness.take("base").sent_at or 0.0) > START + 0.5  # not at once


def test_a_host_that_never_answers_stops_the_run_with_nothing_held(harness: Harness) -> None:
    harness.api.script.extend([NotSent("ConnectError")] * 20)
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.FAILED
    assert "cannot be reached" in (outcome.stopped or "")
    assert len(harness.api.posts) == 1 + harness.retry_limits.retries
    assert harness.take("base").billing is Billing.NONE


def test_retries_are_bounded_in_number(harness: Harness) -> None:
    harness.api.script.extend([Lost("ReadTimeout")] * 50)
    outcome = harness.run(campaign(photo()))
    assert len(harness.api.posts) == 1 + harness.retry_limits.retries
    assert exit_code(outcome) is Exit.UNDER_WAY


def test_the_time_for_replays_begins_with_the_first_of_them(harness: Harness) -> None:
    harness.api.seconds = 400.0
    harness.api.script.extend([OK, LOST_BEFORE, OK])
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE


@pytest.mark.parametrize("reply", [Refusal(429, "busy", ""), refusal(409, "request_in_progress")])
def test_replays_that_only_have_to_wait_are_no_tries(
    harness: Harness, reply: Refusal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "runner.executor")
    more = harness.retry_limits.retries + 2
    harness.api.script.extend([LOST_BEFORE, *[reply] * more, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.posts) == 2 + more
    told = [line for line in caplog.messages if "before its replay" in line]
    assert told == [
        f"base#1: waiting {seconds} s before its replay" for seconds in ("0.4", *["1.5"] * more)
    ]


def test_a_409_that_never_ends_is_bounded_in_time(harness: Harness) -> None:
    harness.api.lag = 3600.0
    harness.api.script.extend([CHARGED_AND_LOST, *[refusal(409, "request_in_progress")] * 10_000])
    before = harness.clock.now()
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert harness.clock.now() - before < harness.retry_limits.unanswered + 60


# --- beyond the key's life ------------------------------------------------------------------------


def lose(harness: Harness, *looks: Look, after: int = 0) -> None:
    """Run until one send was charged and lost, and the runner could not find out more."""
    harness.api.script.extend([OK] * after + [CHARGED_AND_LOST] + [Lost("ReadTimeout")] * 20)
    harness.api.lag = 3600.0
    harness.run(campaign(*looks))
    harness.api.script.clear()
    harness.api.lag = 0.0


def test_beyond_the_keys_life_nothing_is_sent_and_the_account_is_searched(harness: Harness) -> None:
    lose(harness, look("a"), after=1)
    assert harness.take("a").state is TakeState.UNKNOWN
    harness.later(24 * HOUR)
    posts = len(harness.api.posts)
    outcome = harness.run(campaign(look("a")))
    assert len(harness.api.posts) == posts
    assert harness.take("a").avatar_id == harness.api.charges[1][0]
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 2


def test_a_row_that_makes_its_own_group_is_found_in_the_send_window(harness: Harness) -> None:
    lose(harness, photo())
    harness.later(30 * HOUR)
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.DONE
    assert harness.take("base").avatar_id == harness.api.charges[0][0]


def test_a_wallet_that_cannot_be_read_at_first_ends_no_keys_life(harness: Harness) -> None:
    """It would have told HeyGen's time as well; a replay asks for that by itself."""
    lose(harness, photo())
    harness.api.lag = 3600.0
    real, first = harness.api.me, [Refusal(400, "no", "not now")]

    async def me() -> Reply[UserData]:
        return first.pop() if first else await real()

    harness.api.me = me  # type: ignore[method-assign]
    posts = len(harness.api.posts)
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.posts) == posts + 1
    assert len(harness.api.charges) == 1


def test_a_group_of_another_day_is_not_taken_for_ours(harness: Harness) -> None:
    harness.api.script.extend([LOST_BEFORE] * 20)
    harness.run(campaign(photo()))
    harness.api.script.clear()
    harness.later(26 * HOUR)
    harness.api._create(json.dumps({"name": "Sarah"}).encode(), "somebody-else")
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.PERSON
    assert harness.take("base").avatar_id is None


def test_nothing_found_beyond_the_keys_life_needs_a_person_and_buys_nothing(
    harness: Harness,
) -> None:
    harness.api.script.extend([OK] + [LOST_BEFORE] * 20)
    harness.run(campaign(look("a")))
    harness.api.script.clear()
    harness.later(24 * HOUR)
    outcome = harness.run(campaign(look("a")))
    assert exit_code(outcome) is Exit.PERSON
    assert outcome.persons == ("a",)
    assert len(harness.api.charges) == 1


@pytest.mark.parametrize(("resent", "wanted"), [(True, Exit.DONE), (False, Exit.PERSON)])
def test_a_lost_send_without_its_time_is_searched_for_up_to_its_replay(
    harness: Harness, resent: bool, wanted: Exit
) -> None:
    """An old results file need not say when it was; nothing is sent again."""
    lose(harness, photo())
    lost, posts = harness.take("base"), len(harness.api.posts)
    other = Harness(harness.folder / "other")
    other.folder.mkdir()
    other.api, other.clock = harness.api, harness.clock
    lost = replace(
        lost, body_sha256=None, sent_at=None, resent_at=lost.resent_at if resent else None
    )
    anyio.run(other.open().import_takes, [(lost, False)])
    assert exit_code(other.run(campaign(photo()))) is wanted
    assert len(harness.api.posts) == posts
    other.close()


def test_a_look_of_the_same_name_made_by_hand_is_a_question_to_a_person(harness: Harness) -> None:
    lose(harness, look("a"), after=1)
    harness.api.add_by_hand("Sarah — a", "group-1")
    harness.later(24 * HOUR)
    outcome = harness.run(campaign(look("a")))
    assert exit_code(outcome) is Exit.PERSON
    assert harness.take("a").state is TakeState.UNKNOWN


@pytest.mark.parametrize("made", [0, 1, 2])
@pytest.mark.parametrize("honours_keys", [True, False])
@pytest.mark.parametrize("hours", [0, 24])
def test_two_unknown_takes_of_one_body_are_interchangeable(
    harness: Harness, made: int, honours_keys: bool, hours: int
) -> None:
    """As many looks as fit are theirs; what is missing is made by replays, while keys live."""
    sent = [CHARGED_AND_LOST] * made + [LOST_BEFORE] * (2 - made)
    harness.api.lag, harness.api.honours_keys = 3600.0, honours_keys
    harness.api.script.extend([OK, *sent, *[Lost("ReadTimeout")] * 30])
    harness.run(campaign(look("a", takes=2)))
    harness.api.script.clear()
    harness.api.lag = 0.0
    assert [take.state for take in harness.takes("a")] == [TakeState.UNKNOWN] * 2
    harness.later(hours * HOUR)
    outcome = harness.run(campaign(look("a", takes=2)))
    takes = harness.takes("a")
    got = {take.avatar_id for take in takes} - {None}
    if hours == 0 or made == 2:
        assert exit_code(outcome) is Exit.DONE
        assert (len(got), len(harness.api.charges)) == (2, 3)
    else:  # never sent again: a person decides what is left
        assert exit_code(outcome) is Exit.PERSON
        assert (len(got), len(harness.api.charges)) == (made, 1 + made)


def test_a_clock_that_was_set_back_does_not_make_an_old_key_young(harness: Harness) -> None:
    lose(harness, look("a"), after=1)
    harness.later(48 * HOUR)
    harness.run(campaign(photo()))  # any event of that day is enough to know the day
    harness.later(-47 * HOUR)
    posts = len(harness.api.posts)
    harness.run(campaign(look("a")))
    assert len(harness.api.posts) == posts
    assert len(harness.api.charges) == 2


# --- while unknown --------------------------------------------------------------------------------


def test_a_look_edited_while_unknown_is_searched_and_the_edit_is_bought(harness: Harness) -> None:
    lose(harness, look("a", "navy"), after=1)
    outcome = harness.run(campaign(look("a", "red")))
    old, new = harness.takes("a")
    assert old.avatar_id == harness.api.charges[1][0]
    assert json.loads(harness.api.posts[-1][1])["prompt"] == "red"
    assert new.state is TakeState.FETCHED
    assert len(harness.api.charges) == 3
    assert exit_code(outcome) is Exit.DONE


def test_the_stored_body_keeps_its_old_name_and_the_rename_follows(harness: Harness) -> None:
    lose(harness, look("a"), after=1)
    renamed = look("a", name="Sarah — Navy")
    assert exit_code(harness.run(campaign(renamed))) is Exit.DONE
    assert json.loads(harness.api.posts[-1][1])["name"] == "Sarah — a"
    assert harness.api.looks_by_id[harness.take("a").avatar_id or ""].name == "Sarah — Navy"
    assert harness.take("a").name == "Sarah — Navy"
    assert len(harness.api.charges) == 2


def test_a_look_deleted_while_unknown_is_never_sent_again_but_found(harness: Harness) -> None:
    lose(harness, look("a"), after=1)
    posts = len(harness.api.posts)
    harness.run(campaign(photo()))
    assert len(harness.api.posts) == posts
    assert harness.take("a").avatar_id == harness.api.charges[1][0]


def test_of_takes_that_no_run_sends_again_as_many_are_found_as_were_made(harness: Harness) -> None:
    harness.api.lag = 3600.0
    harness.api.script.extend([OK, CHARGED_AND_LOST, *[LOST_BEFORE] * 30])
    harness.run(campaign(look("a", takes=2)))
    posts, harness.api.lag = len(harness.api.posts), 0.0
    harness.run(campaign())
    assert sorted(take.state for take in harness.takes("a")) == [
        TakeState.FETCHED,
        TakeState.UNKNOWN,
    ]
    assert len(harness.api.posts) == posts


def test_a_deleted_look_that_cannot_be_found_needs_a_person(harness: Harness) -> None:
    harness.api.script.extend([OK] + [LOST_BEFORE] * 20)
    harness.run(campaign(look("a")))
    harness.api.script.clear()
    assert exit_code(harness.run(campaign(photo()))) is Exit.PERSON


def test_a_cancelled_send_stays_unknown_and_is_replayed(harness: Harness) -> None:
    async def leave(context: RunContext) -> None:
        while not harness.api.posts:  # noqa: ASYNC110 - virtual time
            await anyio.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(BaseExceptionGroup):
        harness.run(campaign(photo()), meanwhile=leave)
    assert harness.take("base").state is TakeState.UNKNOWN
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1
    assert harness.api.posts[0] == harness.api.posts[1]


# --- budgets --------------------------------------------------------------------------------------


def test_concurrency_cannot_leak_through_a_ceiling(harness: Harness) -> None:
    looks = [look(f"l{number}") for number in range(20)]
    outcome = harness.run(campaign(*looks), ceilings=Ceilings(run=Decimal(5)))
    assert len(harness.api.charges) == 5
    assert exit_code(outcome) is Exit.BUDGET


def test_the_campaigns_budget_counts_what_earlier_runs_spent(harness: Harness) -> None:
    harness.run(campaign(look("a"), look("b")))
    more = campaign(look("a"), look("b"), look("c"), look("d"))
    outcome = harness.run(more, ceilings=Ceilings(campaign=Decimal(4)))
    assert len(harness.api.charges) == 4
    assert exit_code(outcome) is Exit.BUDGET


def test_a_replay_holds_its_price_in_the_run_that_sends_it(harness: Harness) -> None:
    lose(harness, photo())
    harness.api.lag = 24 * HOUR
    outcome = harness.run(campaign(photo()), ceilings=Ceilings(run=Decimal(0)))
    assert harness.take("base").state is TakeState.UNKNOWN
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert exit_code(harness.run(campaign(photo()), ceilings=Ceilings(run=Decimal(1)))) is Exit.DONE


def test_a_refusal_gives_its_reservation_back(harness: Harness) -> None:
    harness.api.script.extend([OK, Refusal(400, "invalid_parameter", "no", "prompt")])
    looks = campaign(look("a"), look("b"))
    outcome = harness.run(looks, ceilings=Ceilings(run=Decimal(2)))
    assert len(harness.api.charges) == 2
    assert outcome.over_budget == ()


# --- failures -------------------------------------------------------------------------------------


def test_a_failed_generation_blocks_its_dependents_and_nothing_else(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "failed"
    outcome = harness.run(campaign(look("a"), look("b", on="a"), look("c", on="b"), look("d")))
    assert exit_code(outcome) is Exit.FAILED
    assert set(outcome.failed) == {"a", "b", "c"}
    assert harness.take("d").state is TakeState.FETCHED
    assert harness.take("a").billing is Billing.ASSUMED
    assert len(harness.api.charges) == 3


def test_a_failed_generation_is_not_bought_again_without_being_asked(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "failed"
    plan = campaign(look("a"))
    harness.run(plan)
    outcome = harness.run(plan)
    assert len(harness.api.charges) == 2
    assert exit_code(outcome) is Exit.FAILED
    harness.api.fate.clear()
    assert exit_code(harness.run(plan, retry=("a",))) is Exit.DONE
    first, second = harness.takes("a")
    assert first.key != second.key
    assert len(harness.api.charges) == 3


def test_retries_in_the_manifest_buy_a_failure_again_as_a_new_take(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "failed"
    harness.run(campaign(look("a", retries=2)))
    assert [take.number for take in harness.takes("a")] == [1, 2, 3]
    assert len({take.key for take in harness.takes("a")}) == 3
    harness.run(campaign(look("a", retries=2)))
    assert len(harness.takes("a")) == 3


def test_an_empty_wallet_stops_sending_but_what_was_bought_is_waited_for(harness: Harness) -> None:
    harness.api.script.extend([OK, OK, refusal(402)])
    outcome = harness.run(campaign(look("a"), look("b")))
    assert exit_code(outcome) is Exit.ACCOUNT
    ends = {harness.take("a").state, harness.take("b").state}
    assert ends == {TakeState.FETCHED, TakeState.PLANNED}


def test_a_streak_of_failures_stops_the_run(harness: Harness) -> None:
    looks = [look(f"l{number:02}") for number in range(40)]
    for one in looks:
        harness.api.fate[one.name or ""] = "failed"
    outcome = harness.run(campaign(*looks), concurrency=1)
    assert len(harness.api.charges) == 1 + harness.retry_limits.failures
    assert "in a row failed" in (outcome.stopped or "")
    assert exit_code(outcome) is Exit.FAILED


def test_the_wallet_can_show_that_failures_were_not_billed(harness: Harness) -> None:
    harness.purse()
    harness.api.fate["Sarah — a"] = "failed"
    harness.run(campaign(look("a"), look("b")))
    assert harness.take("a").billing is Billing.REFUNDED
    assert harness.take("base").billing is Billing.BILLED


def test_what_the_wallet_showed_is_kept_with_its_times(harness: Harness, tmp_path: Path) -> None:
    purse = harness.purse(10)
    harness.run(campaign(photo()))
    harness.later(HOUR)
    purse.buy_elsewhere("3")
    harness.run(campaign(look("a")))
    readings = read_wallet_readings(tmp_path / "ledger.sqlite")
    assert [int(reading.balance) for reading in readings] == [10, 9, 6, 5]
    assert [reading.run for reading in readings[::2]] == [reading.run for reading in readings[1::2]]
    assert HOUR <= readings[2].at - readings[1].at < HOUR + 1


def test_a_run_that_was_killed_leaves_what_the_wallet_showed_before_it(
    harness: Harness, tmp_path: Path
) -> None:
    harness.purse(10)

    def killed(point: str) -> None:
        if point == "accepted:after-commit":
            raise MemoryError

    harness.failpoint = killed
    with pytest.raises(MemoryError):
        harness.run(campaign(photo()))
    assert [reading.balance for reading in read_wallet_readings(tmp_path / "ledger.sqlite")] == [10]


# --- waits ----------------------------------------------------------------------------------------


def test_a_look_that_stays_in_processing_is_left_to_the_next_run(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "stuck"
    outcome = harness.run(campaign(look("a"), look("b", on="a"), look("c")))
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert harness.take("c").state is TakeState.FETCHED
    harness.api.fate.clear()
    assert exit_code(harness.run(campaign(look("a"), look("b", on="a"), look("c")))) is Exit.DONE
    assert len(harness.api.charges) == 4


def test_consent_stops_only_what_depends_on_it_and_shows_the_page(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "consent"
    plan = campaign(look("a"), look("b", on="a"), look("c"))
    outcome = harness.run(plan)
    assert exit_code(outcome) is Exit.PERSON
    assert (outcome.consents, outcome.under_way) == (("a", "b"), ())
    asked = ResolvedOptions(selected=frozenset({"b"}))
    assert exit_code(harness.run(plan, asked=asked)) is Exit.PERSON  # no run makes b by itself
    asked = ResolvedOptions(selected=frozenset({"c"}))  # a is resumed all the same, and waits
    assert harness.run(plan, asked=asked).consents == ("a",)
    take = harness.take("a")
    assert take.state is TakeState.PENDING_CONSENT
    assert take.consent_url == "https://consent/group-1"
    assert harness.take("c").state is TakeState.FETCHED
    harness.api.consented.add("Sarah — a")
    assert exit_code(harness.run(plan)) is Exit.DONE
    assert len(harness.api.charges) == 4
    assert harness.api.calls.count("consent") == 1


def test_consent_given_while_other_work_goes_on_is_noticed_in_the_same_run(
    harness: Harness,
) -> None:
    harness.api.fate["Sarah — a"] = "consent"
    chain = [look("c0"), *(look(f"c{n}", on=f"c{n - 1}") for n in range(1, 6))]

    async def consent(context: RunContext) -> None:
        await anyio.sleep(100)
        harness.api.consented.add("Sarah — a")

    outcome = harness.run(campaign(look("a"), look("b", on="a"), *chain), meanwhile=consent)
    assert exit_code(outcome) is Exit.DONE
    assert harness.take("b").state is TakeState.FETCHED


def test_a_failure_is_not_bought_again_beside_a_take_that_waits_for_consent(
    harness: Harness,
) -> None:
    async def interrupt(context: RunContext) -> None:
        await anyio.sleep(40)
        context.interrupt()

    harness.run(campaign(look("a", takes=2)), meanwhile=interrupt)
    waits, fails = (take.avatar_id or "" for take in harness.takes("a"))
    harness.api.fate |= {"Sarah — a": "consent", "fails": "failed"}
    harness.api.looks_by_id[fails] = replace(harness.api.looks_by_id[fails], name="fails")
    harness.api.ready_at |= {waits: harness.clock.now(), fails: harness.clock.now() + 60}
    harness.run(campaign(look("a", retries=1)))
    states = {take.avatar_id: take.state for take in harness.takes("a")}
    assert states == {waits: TakeState.PENDING_CONSENT, fails: TakeState.FAILED}
    assert len(harness.api.charges) == 3


def test_a_stop_ends_every_wait_and_the_next_run_goes_on(harness: Harness) -> None:
    async def interrupt(context: RunContext) -> None:
        await anyio.sleep(40)
        context.interrupt()

    plan = campaign(look("a"), look("b", on="a"))
    outcome = harness.run(plan, meanwhile=interrupt)
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert harness.take("a").state is TakeState.PROCESSING
    assert harness.takes("b") == []
    assert exit_code(harness.run(plan)) is Exit.DONE
    assert len(harness.api.charges) == 3


def test_429_for_longer_than_the_bound_stops_the_run(harness: Harness) -> None:
    harness.api.script.extend([refusal(429)] * 100_000)
    begun = harness.clock.now()
    outcome = harness.run(campaign(photo()))
    assert "429" in (outcome.stopped or "")
    assert harness.clock.now() - begun < harness.retry_limits.paused + 60
    assert harness.api.charges == []
