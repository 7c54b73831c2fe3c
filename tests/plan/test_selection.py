"""The selection grammar: which looks an expression means, and what it says of slips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import UsageError
from runner.plan.selection import Candidate, select

LOOKS = [
    Candidate("base", state="fetched", action="keep"),
    Candidate("navy-office", needs=("base",), tags=("office", "hero"), state="fetched"),
    Candidate("navy-office-night", needs=("navy-office",), tags=("office",), state="failed"),
    Candidate(
        "linen-street",
        needs=("base",),
        tags=("street", "spring 2027"),
        axes=(("outfit", "linen"), ("setting", "street")),
        matrix="${outfit}-${setting}",
        state="stale",
        action="stale",
    ),
    Candidate(
        "linen-office",
        needs=("base",),
        axes=(("outfit", "linen"), ("setting", "office")),
        matrix="${outfit}-${setting}",
    ),
    Candidate("poster", needs=("navy-office-night", "linen-street")),
]
EVERY = frozenset(look.key for look in LOOKS)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("navy-office", "navy-office"),
        ("look:navy-office", "navy-office"),
        ("navy-*", "navy-office navy-office-night"),
        ("navy-office base", "navy-office base"),
        ("tag:office", "navy-office navy-office-night"),
        ("tag:off*", "navy-office navy-office-night"),
        ('tag:"spring 2027"', "linen-street"),
        ("axis:outfit=linen", "linen-street linen-office"),
        ("axis:setting=str*", "linen-street"),
        ("axis:setting", "linen-street linen-office"),
        ("axis:outfit=linen,axis:setting=office", "linen-office"),
        ("tag:office,state:failed", "navy-office-night"),
        ("state:failed", "navy-office-night"),
        ("action:stale", "linen-street"),
        ("matrix:*outfit*", "linen-street linen-office"),
        ("+navy-office-night", "base navy-office navy-office-night"),
        ("1+navy-office-night", "navy-office navy-office-night"),
        ("0+navy-office-night", "navy-office-night"),
        ("navy-office+", "navy-office navy-office-night poster"),
        ("navy-office+1", "navy-office navy-office-night"),
        ("+navy-office-night+", "base navy-office navy-office-night poster"),
        ("1+navy-office-night+1", "navy-office navy-office-night poster"),
        ("+state:stale", "base linen-street"),
        ("base+,tag:hero", "navy-office"),
    ],
)
def test_an_expression_means_these_looks(expression: str, chosen: str) -> None:
    assert select(LOOKS, [expression]) == set(chosen.split())


def test_several_expressions_are_a_union_and_exclusions_are_taken_from_it() -> None:
    assert select(LOOKS, ["tag:office", "linen-street"], ["state:failed"]) == {
        "navy-office",
        "linen-street",
    }


def test_without_an_expression_every_look_is_meant() -> None:
    assert select(LOOKS, []) == EVERY
    assert select(LOOKS, [], ["base"]) == EVERY - {"base"}


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("navy-ofice", "Did you mean navy-office"),
        ("tag:ofice", "Did you mean office"),
        ("axis:outfit=linnen", "Did you mean outfit=linen"),
        ("state:faled", "Did you mean failed"),
        ("tags:office", "Did you mean tag:office"),
        ("state:unknown", "The looks here are: fetched, failed, stale, planned"),
        ("tag:hero,state:failed", "The looks here are"),
        ("tag:hero,axis:outfit=linen", "a comma means and"),
        ("zzz", "There are: base, navy-office"),
        ('tag:"spring', "Close the quotation marks"),
        ("", "a space means or"),
        ("navy-office,", "a comma means and"),
        ("tag:", "a space means or"),
    ],
)
def test_what_selects_nothing_is_refused_with_advice(expression: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        select(LOOKS, [expression])
    assert says in (refused.value.hint or "")


def test_a_slip_in_one_term_of_a_union_is_not_passed_over() -> None:
    with pytest.raises(UsageError, match="navy-ofice"):
        select(LOOKS, ["base navy-ofice"])


def test_a_slip_in_an_exclusion_is_refused_because_it_would_cost_money() -> None:
    with pytest.raises(UsageError) as refused:
        select(LOOKS, [], ["linen-ofice"])
    assert "linen-office" in (refused.value.hint or "")


def test_excluding_a_state_that_no_look_is_in_excludes_nothing() -> None:
    assert select(LOOKS, ["navy-*"], ["state:unknown"]) == {"navy-office", "navy-office-night"}


def test_excluding_everything_is_refused() -> None:
    with pytest.raises(UsageError, match="Nothing is left"):
        select(LOOKS, ["base"], ["base+"])


@st.composite
def forests(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(1, 12))
    return [
        Candidate(
            f"k{i}",
            needs=tuple(f"k{j}" for j in sorted(draw(st.sets(st.integers(0, i - 1), max_size=2)))),
        )
        if i
        else Candidate("k0")
        for i in range(count)
    ]


@given(forests(), st.data())
def test_a_plus_adds_exactly_what_is_reached_step_by_step(
    looks: list[Candidate], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from([look.key for look in looks]))
    reached = {key}
    for steps in range(len(looks) + 1):
        assert select(looks, [f"{steps}+{key}"]) == reached
        reached |= {need for look in looks if look.key in reached for need in look.needs}
    assert select(looks, [f"+{key}"]) == reached


@given(forests(), st.data())
def test_up_and_down_are_each_others_opposite(looks: list[Candidate], data: st.DataObject) -> None:
    keys = st.sampled_from([look.key for look in looks])
    one, other = data.draw(keys), data.draw(keys)
    assert (other in select(looks, [f"+{one}"])) == (one in select(looks, [f"{other}+"]))
