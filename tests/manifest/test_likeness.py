"""``likeness:`` of a look and of the defaults, and what is told of a wrong one."""

from collections.abc import Callable

import pytest

from runner.model import Campaign, LikenessRule, PictureKind
from tests.manifest.conftest import Read

RULES = {
    "default": LikenessRule("default", "default"),
    "{hold: 0.6}": LikenessRule(hold=0.6),
    "{warn: default, hold: 1, pictures: drawings}": LikenessRule(
        "default", 1.0, PictureKind.DRAWINGS
    ),
    "{hold: 0.6, retry: true}": LikenessRule(hold=0.6, retry=True),
    "{retry: true}": LikenessRule(hold="default", retry=True),
}


@pytest.mark.parametrize("text", RULES)
def test_a_rule_is_read_from_a_look_and_from_the_defaults(
    campaign: Callable[..., Campaign], text: str
) -> None:
    read = campaign(
        f"defaults: {{likeness: {text}}}\nlooks:\n  a: {{prompt: A coat}}\n"
        "  b: {prompt: A hat, likeness: {warn: 0.2}}\n"
        "matrix:\n  - {id: 'm-${x}', prompt: 'A ${x} scarf', axes: {x: [red]}}\n"
    )
    told = {look.key: look.likeness for look in read.looks}
    assert told == {
        "base": None,  # defaults do not apply to it
        "a": RULES[text],
        "b": LikenessRule(warn=0.2),
        "m-red": RULES[text],
    }


@pytest.mark.parametrize("text", ["often", "{hold: 3}", "{hold: soon}", "{}", "{pictures: oil}"])
def test_a_wrong_rule_says_what_to_write(read: Read, text: str) -> None:
    reading = read(f"looks:\n  a: {{prompt: A coat, likeness: {text}}}\n", head=True, hints=False)
    assert reading.campaign is None
    (found,) = reading.diagnostics
    assert (found.line, found.look) == (5, "a")
    assert found.hint
    assert "0" in found.hint or "photos" in found.hint
