"""What is said of resuming never buys again what is under way."""

import pytest

from runner.cli.next_steps import advise_to_resume, resuming
from runner.cli.run_advice import advise_after_run
from runner.errors import StorageError
from runner.plan.request import BasketItem, Errand, Request
from runner.policy.exit_codes import Outcome

BASKET = tuple(BasketItem(look, errand) for look in ("navy", "red") for errand in Errand)
RUN = "`lookbook run spring.yaml"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Request(), "run the same command again"),
        (Request(select=("navy",), takes=3), "run the same command again"),
        (
            Request(reroll=2, select=("navy", "tag:hero")),
            f"{RUN} --select navy --select tag:hero`",
        ),
        (Request(cascade=True), f"{RUN}`"),
        (Request(cascade=True, exclude=("a b",)), f"{RUN} --exclude 'a b'`"),
        (Request(retry=True), f"{RUN}`"),
        (Request(saved={"version": 1}, select=("navy",)), f"{RUN} --select navy`"),
        (Request(saved={"version": 1}, basket=BASKET), f"{RUN} --select navy --select red`"),
    ],
)
def test_only_a_command_that_may_be_repeated_is_to_be_repeated(asked: Request, says: str) -> None:
    resume = resuming(asked, "spring.yaml")
    assert says in resume
    (line,) = advise_after_run(Outcome(under_way=("navy",)), None, "spring.yaml", resume=resume)
    assert line == f"Work is still under way: {resume}"
    full = StorageError("The disk is full.", hint="Make room; then run the same command again.")
    advise_to_resume(full, asked, "spring.yaml")
    assert says in (full.hint or "")
    assert "run the same command again" in resuming(asked, "spring.yaml", bought=False)
    empty = advise_after_run(Outcome(account="HTTP 402"), None, "spring.yaml", resume=resume)
    assert resume in empty[-1]
