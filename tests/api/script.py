"""A script of a user, as a type checker of theirs sees it: ``make check`` checks it strictly."""

from decimal import Decimal
from pathlib import Path
from typing import assert_type

from runner.api import (
    Action,
    Campaign,
    Exit,
    Message,
    Plan,
    RunEvent,
    RunResult,
    TakeChanged,
    TakeState,
    load,
    plan,
    run,
    run_async,
)

__all__ = ["follow", "work", "work_async"]


def follow(event: RunEvent) -> None:
    if isinstance(event, TakeChanged):
        assert_type(event.state, TakeState)
        assert_type(event.price_usd, Decimal)
    elif isinstance(event, Message):
        assert_type(event.text, str)


def work() -> None:
    campaign = load("spring.yaml", variables={"light": "dusk"})
    assert_type(campaign, Campaign)
    todo = plan(campaign, select=["tag:hero"])
    assert_type(todo, Plan)
    assert_type(todo.cost, Decimal)
    assert_type(todo.actions[0].action, Action)
    result = run(campaign, max_cost=25, on_event=follow)
    assert_type(result, RunResult)
    assert_type(result.exit, Exit)
    assert_type(result.folder, Path)
    assert_type(result.results["looks"][0]["avatar_id"], str | None)

    # What a checker has to refuse; `warn_unused_ignores` fails where one does not.
    load(1)  # type: ignore[arg-type]
    run(campaign, 25)  # type: ignore[call-arg]
    run(campaign, max_cost="25")  # type: ignore[arg-type]
    run(campaign, yes=True)  # type: ignore[call-arg]
    result.exit = Exit.DONE  # type: ignore[misc]
    _ = result.results["nothing"]  # type: ignore[typeddict-item]


async def work_async(campaign: Campaign) -> None:
    assert_type(await run_async(campaign, simulate=True, on_event=follow), RunResult)
    run_async(campaign)  # type: ignore[unused-coroutine]
