"""What ``lookbook status`` says of every situation: the last run, the looks, what to do next."""

import os
import re
import socket
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest

from runner.cli.commands.status import find_undecidable, same_again
from runner.cli.format import format_results
from runner.cli.liveness import is_alive
from runner.cli.next_steps import (
    collect_notes,
    describe_last_run,
    format_next_steps,
    list_next_steps,
)
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import read_last_run
from runner.ledger.runs import LastRun
from runner.model import Campaign
from runner.plan import Plan, ResolvedOptions, plan
from runner.plan.request import Request
from runner.policy.look_events import UNKNOWN_STATUS
from runner.results.model import Results
from runner.results.writer import results_document
from runner.takes import Account, Billing, Snapshot, Take, TakeState
from tests.executor.harness import campaign, look
from tests.ledger.names import Ticking

NOW = 2_000_000_000.0
SPRING = campaign(look("a"), look("night", on="a"))
REHEARSAL = Account("simulator", "me", simulated=True)


def with_takes(made: Campaign = SPRING, **states: TakeState) -> Snapshot:
    """A ledger with one take of each look that is named, as the manifest wants it now."""
    takes: dict[str, tuple[Take, ...]] = {}
    for action in plan(made, Snapshot()).actions:
        if action.key in states and action.identity is not None and action.look is not None:
            state = states[action.key]
            take = Take(
                f"uid-{action.key}",
                action.key,
                1,
                action.look.kind,
                action.identity,
                action.ingredients or "{}",
                action.look.name,
                state=state,
                billing=Billing.BILLED,
                price=Decimal(1),
                sent_at=NOW - 180,
                avatar_id=f"id-{action.key}",
                reference_look=action.reference,
                reference_id=f"id-{action.reference}" if action.reference else None,
                image="images/x.png" if state is TakeState.FETCHED else None,
            )
            takes[action.key] = (take,)
    picks = {key: of_look[0].uid for key, of_look in takes.items()}
    return Snapshot(account=REHEARSAL, takes=takes, picks=picks)


def planned(snapshot: Snapshot, made: Campaign = SPRING) -> tuple[Plan, Results]:
    first = plan(made, snapshot)
    return first, results_document(made, snapshot, first, None)


def steps(snapshot: Snapshot, **options: Any) -> str:
    first, results = planned(snapshot)
    renewed = plan(SPRING, snapshot, ResolvedOptions(cascade=frozenset({"a", "night"})))
    listed = list_next_steps(first, renewed, results, "spring.yaml", **options)
    return click.unstyle(format_next_steps(listed, going=options.get("going", False)))


# --- what to do next --------------------------------------------------------------------------


def test_before_the_first_run_there_is_one_thing_to_do() -> None:
    assert steps(Snapshot()) == (
        "Next:\n  lookbook run spring.yaml\n      buys 3 generations for $3.00"
    )


def test_after_an_interruption_it_tells_what_is_waited_for_and_what_is_bought() -> None:
    left = with_takes(base=TakeState.FETCHED, a=TakeState.PROCESSING)
    assert "waits for 1 look under way, buys 1 generation for $1.00" in steps(left)


def test_while_a_run_goes_on_there_is_nothing_to_start() -> None:
    left = with_takes(base=TakeState.FETCHED, a=TakeState.PROCESSING)
    assert steps(left, going=True) == "Next: wait for the run."


def test_a_failure_is_bought_again_only_by_retry() -> None:
    text = steps(with_takes(base=TakeState.FETCHED, a=TakeState.FAILED))
    assert "lookbook retry spring.yaml" in text
    assert "lookbook run" not in text


def test_an_unknown_outcome_is_found_out_before_a_person_is_asked() -> None:
    text = steps(with_takes(base=TakeState.FETCHED, a=TakeState.UNKNOWN))
    assert "finds out unknown outcomes without paying twice" in text
    assert text.index("lookbook run") < text.index("lookbook reconcile spring.yaml")


CODES = {TakeState.UNKNOWN: "gateway_timeout", TakeState.PROCESSING: UNKNOWN_STATUS}


def test_what_no_run_decides_any_more_names_no_run() -> None:
    for state in (TakeState.UNKNOWN, TakeState.PROCESSING):
        held = with_takes(base=TakeState.FETCHED, a=state, night=TakeState.FETCHED)
        (take,) = held.takes["a"]
        slow = replace(take, attempts=2, resent_at=NOW - 99_000, error_code=CODES[state])
        slow = replace(slow, error_message="HTTP 504", accepted_at=NOW - 100_000)
        held = replace(held, takes={**held.takes, "a": (slow,)})
        assert find_undecidable(held, now=NOW) == {"a#1"}
        text = steps(held, undecidable=["a#1"])
        assert "lookbook run spring.yaml\n" not in text
        assert "lookbook reconcile spring.yaml" in text


def test_a_send_names_no_run_once_its_key_is_over() -> None:
    held = with_takes(base=TakeState.FETCHED, a=TakeState.UNKNOWN)
    (take,) = held.takes["a"]
    sent = {age: replace(take, key="key", sent_at=NOW - 3600 * age) for age in (22, 24)}
    found = [find_undecidable(replace(held, takes={"a": (one,)}), now=NOW) for one in sent.values()]
    assert found == [frozenset(), {"a#1"}]


def test_a_consent_comes_first_with_the_page_that_grants_it() -> None:
    asked = with_takes(base=TakeState.PENDING_CONSENT)
    (take,) = asked.takes["base"]
    asked = replace(asked, takes={"base": (replace(take, consent_url="https://x.example/c"),)})
    assert steps(asked).startswith("Next:\n  open https://x.example/c\n")
    serve = "lookbook simulator --state s"
    assert steps(asked, simulator=serve).startswith(f"Next:\n  {serve}\n")
    assert steps(asked, going=True).startswith("Next:\n  open ")


def test_what_is_stale_has_its_price() -> None:
    done = with_takes(base=TakeState.FETCHED, a=TakeState.FETCHED, night=TakeState.FETCHED)
    (night,) = done.takes["night"]
    old = replace(night, reference_id="an-older-take")
    text = steps(replace(done, takes={**done.takes, "night": (old,)}))
    assert "lookbook run spring.yaml --cascade\n" in text
    assert "(1 generation more, $1.00)" in text


def test_a_ceiling_without_room_for_all_of_it_is_said() -> None:
    text = steps(Snapshot(), room=Decimal(2))
    assert "lookbook run spring.yaml --up-to-budget" in text
    assert "as far as the budget has room ($2.00)" in text
    assert "--up-to-budget" not in steps(Snapshot(), room=Decimal(3))


def test_missing_pictures_cost_nothing() -> None:
    done = with_takes(base=TakeState.FETCHED, a=TakeState.FETCHED, night=TakeState.COMPLETED)
    assert "lookbook run spring.yaml --fetch-only\n      fetches missing pictures; free" in steps(
        done
    )


def test_when_everything_is_done_it_says_so() -> None:
    done = with_takes(base=TakeState.FETCHED, a=TakeState.FETCHED, night=TakeState.FETCHED)
    assert steps(done) == "Everything is done."


def test_the_commands_are_about_the_looks_that_were_asked_for() -> None:
    request = Request(Path("s.yaml"), simulate=True, select=("tag:hero",), exclude=("a b",))
    text = same_again(request)
    assert text == "s.yaml --simulate --select tag:hero --exclude 'a b'"


# --- the looks --------------------------------------------------------------------------------


def test_a_look_that_is_not_finished_says_why() -> None:
    left = with_takes(base=TakeState.FETCHED, a=TakeState.PROCESSING)
    first, results = planned(left)
    assert collect_notes(first, results, now=NOW)["a"] == "sent 3 min ago"
    left = with_takes(base=TakeState.PENDING_CONSENT)
    first, results = planned(left)
    assert collect_notes(first, results, now=NOW)["base"] == "waits for a person's consent"


def test_an_edited_look_says_what_was_edited() -> None:
    done = with_takes(base=TakeState.FETCHED, a=TakeState.FETCHED)
    edited = campaign(look("a", "another prompt"), look("night", on="a"))
    first, results = planned(done, edited)
    assert "prompt" in collect_notes(first, results, now=NOW)["a"]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (None, ["look", "state", "reference", "cost", "avatar id", "picture, or why not"]),
        (73, ["look", "state", "reference", "cost", "avatar id", "picture, or why not"]),
        (60, ["look", "state", "reference", "cost", "picture, or why not"]),
        (50, ["look", "state", "cost", "picture, or why not"]),
        (32, ["look", "state", "cost"]),
    ],
)
def test_on_a_narrow_terminal_what_matters_least_is_left_out(
    width: int | None, columns: list[str]
) -> None:
    results = planned(with_takes(base=TakeState.FETCHED, a=TakeState.PROCESSING))[1]
    lines = click.unstyle(format_results(results, width=width)).split("\n\n")[0].splitlines()
    assert re.split("  +", lines[0]) == columns
    assert max(map(len, lines)) <= (width or 80)


def test_keys_are_whole_where_places_of_pictures_alone_are_in_their_way() -> None:
    results = planned(with_takes(base=TakeState.FETCHED, a=TakeState.FETCHED))[1]
    for entry in results["looks"]:
        entry["look"] = "a-name-of-forty-characters-for-one-look-" + entry["look"]
        entry["image"] = f"images/{entry['look']}.1.jpg"
    assert "-look-base   Ready" in click.unstyle(format_results(results, width=80))
    results["looks"][0] |= {"image": None, "reason": "something to read"}
    assert "something to" in format_results(results, width=80)


# --- the last run -----------------------------------------------------------------------------


def test_how_the_last_run_ended_is_said() -> None:
    begun = LastRun(NOW - 600, "here", 12)
    ended = replace(begun, ended_at=NOW - 300, exit=0)

    def said(run: LastRun, alive: bool | None = False) -> str:
        return describe_last_run(run, now=NOW, alive=alive)

    assert said(begun, True) == "A run is going on: process 12 on here, begun 10 min ago."
    assert said(begun, None).startswith(
        "A run is going on, or ended without saying how: process 12"
    )
    assert said(begun).startswith(
        "The last run was killed, or met an error of its own: process 12 on"
    )
    assert said(ended) == "Last run: ended 5 min ago, done."
    assert "a ceiling left looks out" in said(replace(ended, exit=5))
    assert said(replace(ended, exit=None)) == "Last run: ended 5 min ago."
    stopped = replace(ended, exit=3, stopped="the wallet\x1b is empty")
    assert said(stopped) == "Last run: ended 5 min ago, stopped: the wallet\\u001b is empty"


def test_the_ledger_knows_its_last_run(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    assert read_last_run(path) is None
    ticking = Ticking()
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert read_last_run(path) is None
    ledger.begin(REHEARSAL, "spring", {})
    going = read_last_run(path)
    assert going is not None
    assert (going.pid, going.ended_at) == (os.getpid(), None)
    ledger.end({"exit": 3, "stopped": "the wallet is empty"})
    ended = read_last_run(path)
    assert ended is not None
    assert (ended.exit, ended.stopped) == (3, "the wallet is empty")
    assert ended.ended_at is not None
    assert ended.ended_at > ended.started_at == going.started_at
    ledger.begin(REHEARSAL, "spring", {})
    again = read_last_run(path)
    assert again is not None
    assert again.ended_at is None
    ledger.close()


def test_a_run_goes_on_only_while_its_process_does() -> None:
    mine = LastRun(NOW, socket.gethostname(), os.getpid())
    assert is_alive(mine) is True
    assert is_alive(replace(mine, ended_at=NOW)) is False
    assert is_alive(replace(mine, host="another machine")) is None
    assert is_alive(replace(mine, pid=2**22 + 1)) is False  # beyond any process id of Linux
