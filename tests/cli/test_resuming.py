"""What is said of resuming never buys again what is under way."""

import pytest

from runner.cli.aftermath import advice, resuming
from runner.cli.request import Request
from runner.plan.wishes import Wishes
from runner.policy.outcome import Outcome

RUN = "`lookbook run spring.yaml"


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        (Wishes(), "run the same command again"),
        (Wishes(select=("navy",), takes=3), "run the same command again"),
        (Wishes(reroll=2, select=("navy", "tag:hero")), f"{RUN} --select navy --select tag:hero`"),
        (Wishes(cascade=True), f"{RUN}`"),
        (Wishes(cascade=True, exclude=("a b",)), f"{RUN} --exclude 'a b'`"),
        (Wishes(retry=True), f"{RUN}`"),
    ],
)
def test_only_a_command_that_may_be_repeated_is_to_be_repeated(wishes: Wishes, says: str) -> None:
    resume = resuming(Request(wishes=wishes), "spring.yaml")
    assert says in resume
    (line,) = advice(Outcome(under_way=("navy",)), None, "spring.yaml", resume=resume)
    assert line == f"Work is still under way: {resume}"
    empty = advice(Outcome(account="HTTP 402"), None, "spring.yaml", resume=resume)
    assert resume in empty[-1]
