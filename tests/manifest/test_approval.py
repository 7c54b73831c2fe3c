"""``approval:`` at the top, in defaults and in a look, and what is told of a wrong one."""

from collections.abc import Callable

import pytest

from runner.model import Campaign
from tests.manifest.conftest import Read

LOOKS = """\
looks:
  a: {prompt: A coat}
  b: {prompt: A hat, approval: true}
  c: {existing: look_1, approval: true}
matrix:
  - {id: 'm-${x}', prompt: 'A ${x} scarf', axes: {x: [red, blue]}}
"""


def test_looks_are_listed_at_the_top_or_say_it_themselves(
    campaign: Callable[..., Campaign],
) -> None:
    def gates(top: str) -> set[str]:
        return {look.key for look in campaign(top + LOOKS).looks if look.approval}

    assert gates("") == {"b", "c"}
    assert gates("approval: [base, m-red]\n") == {"base", "b", "c", "m-red"}
    assert gates("defaults: {approval: true}\n") == {"a", "b", "c", "m-red", "m-blue"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("approval: [basse]\n", "no look `basse` that could be approved"),
        ("approval: true\n", "[base]"),
        ("approval: [base, base]\n", "[base]"),
        ("defaults: {approval: [base]}\n", "In a look `true`"),
    ],
)
def test_a_wrong_one_says_what_to_write(read: Read, text: str, told: str) -> None:
    reading = read(text + LOOKS, head=True, hints=False)
    (wrong,) = [found for found in reading.diagnostics if found.severity == "error"]
    assert told in f"{wrong.message} {wrong.hint}"
