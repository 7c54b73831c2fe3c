"""The API's table of avatar_id and avatar_group_id, decided before a cent is spent."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.manifest.references import Fresh, Groups, Known, Unknown, find_cycles, groups_differ
from runner.model import BASE, Campaign, LiteralRef, Look, LookKind, LookRef, Reference

Valid = Callable[..., Campaign]
Codes = Callable[..., list[tuple[str, int, int]]]

BASES = {
    "photo": "base: {name: S, photo: https://e.com/s.jpg}\n",
    "existing": "base: {name: S, avatar_id: look_s}\n",
}


def codes_of(codes: Codes, base: str, looks: str) -> list[str]:
    text = "version: 1\ncampaign: x\n" + BASES[base] + "looks:\n" + looks
    return [code for code, _, _ in codes(text, head=False)]


@pytest.mark.parametrize(
    ("fields", "reference", "group"),
    [
        ("", LookRef(BASE), None),
        ("avatar_id: {look: base}", LookRef(BASE), None),
        ("avatar_id: null", None, None),
        ("avatar_id: look_9", LiteralRef("look_9"), None),
        ("avatar_id: {look: b}", LookRef("b"), None),
        ("avatar_id: null, avatar_group_id: group_9", None, LiteralRef("group_9")),
        ("avatar_id: null, avatar_group_id: {look: b}", None, LookRef("b")),
        ("avatar_id: {look: b}, avatar_group_id: {look: base}", LookRef("b"), LookRef(BASE)),
        ("avatar_id: look_9, avatar_group_id: group_9", LiteralRef("look_9"),
         LiteralRef("group_9")),
    ],
)  # fmt: skip
def test_all_four_rows_of_the_table_can_be_said(
    campaign: Valid, fields: str, reference: Reference | None, group: Reference | None
) -> None:
    comma = ", " if fields else ""
    read = campaign(f"looks:\n  a: {{prompt: A coat{comma}{fields}}}\n  b: {{prompt: A hat}}\n")
    assert (read.looks[1].reference, read.looks[1].group) == (reference, group)


def test_a_group_without_a_word_about_the_reference_is_an_error_with_both_spellings(
    codes: Codes,
) -> None:
    assert codes("looks:\n  a: {prompt: A coat, avatar_group_id: g}\n") == [
        ("group-without-avatar-id", 5, 40)
    ]


@pytest.mark.parametrize(
    ("base", "looks", "found"),
    [
        # the reference's own group, through any chain
        ("photo", "  a: {prompt: A, avatar_id: {look: base}, avatar_group_id: {look: base}}", []),
        ("photo", ("  a: {prompt: A}\n  b: {prompt: B, avatar_id: {look: a},"
                  " avatar_group_id: {look: base}}"), []),
        # a group that another look makes for itself
        ("photo", ("  a: {prompt: A, avatar_id: null}\n  b: {prompt: B, avatar_id: {look: base},"
                  " avatar_group_id: {look: a}}"), ["group-mismatch"]),
        ("existing", ("  a: {prompt: A, avatar_id: null}\n  b: {prompt: B, avatar_id: {look: a},"
                     " avatar_group_id: {look: base}}"), []),
        # literal groups: the same, another, or one that the run has to look up
        ("photo", ("  a: {prompt: A, avatar_id: null, avatar_group_id: g}\n  b: {prompt: B,"
                  " avatar_id: {look: a}, avatar_group_id: g}"), ["group-without-reference"]),
        ("photo", ("  a: {prompt: A, avatar_id: null, avatar_group_id: g}\n  b: {prompt: B,"
                  " avatar_id: {look: a}, avatar_group_id: h}"),
         ["group-without-reference", "group-mismatch"]),
        ("photo", "  a: {prompt: A, avatar_id: {look: base}, avatar_group_id: g}", []),
        ("photo", "  a: {prompt: A, avatar_id: look_9, avatar_group_id: g}", []),
        # a look given by its id has one group, unknown, wherever it is named
        ("existing", ("  a: {existing: look_s}\n  b: {prompt: B, avatar_id: {look: a},"
                     " avatar_group_id: {look: base}}"), []),
        ("existing", ("  a: {existing: look_t}\n  b: {prompt: B, avatar_id: {look: a},"
                     " avatar_group_id: {look: base}}"), []),
    ],
)  # fmt: skip
def test_the_group_rule_is_decided_where_the_manifest_allows(
    codes: Codes, base: str, looks: str, found: list[str]
) -> None:
    assert codes_of(codes, base, looks) == found


@pytest.mark.parametrize(
    "looks",
    [
        "  a: {prompt: A coat, avatar_id: {look: a}}",
        "  a: {prompt: A coat, avatar_id: null, avatar_group_id: {look: a}}",
        "  a: {prompt: A coat, avatar_id: {look: b}}\n  b: {prompt: A hat, avatar_id: {look: a}}",
        (
            "  a: {prompt: A coat, avatar_id: null, avatar_group_id: {look: b}}\n"
            "  b: {prompt: A hat, avatar_id: {look: a}}"
        ),
        (
            "  z: {prompt: A cap, avatar_id: {look: a}}\n"
            "  a: {prompt: A coat, avatar_id: {look: b}}\n"
            "  b: {prompt: A hat, avatar_id: {look: c}}\n"
            "  c: {prompt: A tie, avatar_id: {look: a}}"
        ),
    ],
)
def test_looks_that_wait_for_each_other_are_told_once(codes: Codes, looks: str) -> None:
    found = codes_of(codes, "photo", looks)
    assert found.count("reference-cycle") == 1


def test_a_chain_of_thousands_is_no_problem(codes: Codes) -> None:
    looks = "".join(
        f"  l{n}: {{prompt: A coat {n}, avatar_id: {{look: l{n - 1}}}}}\n"
        for n in range(4000, 0, -1)
    )
    text = "max_looks: 5000\nlooks:\n" + looks
    text += "  l0: {prompt: A hat}\n  m: {prompt: M, avatar_id: {look: l4000},"
    text += " avatar_group_id: {look: l0}}\n"
    assert codes(text) == []


def test_a_reference_to_a_broken_look_is_not_told_as_missing(codes: Codes) -> None:
    found = codes("looks:\n  a:\n  b: {prompt: A hat, avatar_id: {look: a}}\n")
    assert [code for code, _, _ in found] == ["wrong-type"]


# --- the rule itself, on generated campaigns ------------------------------------------------------

ids = st.sampled_from(["id1", "id2"])


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Look]:
    """Looks that refer to earlier looks or to ids, in every combination of the table."""
    looks = {BASE: Look(BASE, LookKind.PHOTO, "S", "S")}
    for number in range(draw(st.integers(1, 8))):
        key = f"l{number}"
        earlier = st.sampled_from(list(looks)).map(LookRef)
        where = st.none() | earlier | ids.map(LiteralRef)
        if draw(st.integers(0, 4)) == 0:
            looks[key] = Look(key, LookKind.EXISTING, key, None, existing=draw(ids))
        else:
            looks[key] = Look(key, LookKind.PROMPT, key, key, prompt="x", reference=draw(where),
                              group=draw(where))  # fmt: skip
    return looks


@given(campaigns())
def test_what_is_called_different_differs_in_every_account(looks: dict[str, Look]) -> None:
    """An account decides what ids mean; the manifest may only refuse what none allows."""
    groups = Groups(looks)
    accounts: list[dict[str, str]] = [
        {"id1": "g1", "id2": "g1"}, {"id1": "g1", "id2": "g2"},
        {"id1": "id1", "id2": "id1"}, {"id1": "id2", "id2": "id1"},
    ]  # fmt: skip
    for account in accounts:
        actual = saved_groups(looks, account)
        for look in looks.values():
            if look.reference is None or look.group is None:
                continue
            there = actual_group(look.reference, actual, account)
            wanted = (
                look.group.id if isinstance(look.group, LiteralRef) else actual[look.group.look]
            )
            if groups_differ(groups.of_reference(look.reference), groups.of_target(look.group)):
                assert there != wanted


def actual_group(reference: Reference, saved: dict[str, str], account: dict[str, str]) -> str:
    return account[reference.id] if isinstance(reference, LiteralRef) else saved[reference.look]


def saved_groups(looks: dict[str, Look], account: dict[str, str]) -> dict[str, str]:
    """Play the API's table against an account: where each look ends up."""
    saved: dict[str, str] = {}
    for key, look in looks.items():
        if look.kind is LookKind.EXISTING:
            saved[key] = account[look.existing or ""]
        elif isinstance(look.group, LiteralRef):
            saved[key] = look.group.id
        elif look.group is not None:
            saved[key] = saved[look.group.look]
        elif look.reference is not None:
            saved[key] = actual_group(look.reference, saved, account)
        else:
            saved[key] = f"fresh {key}"
    return saved


@given(campaigns())
def test_looks_in_order_make_no_circle(looks: dict[str, Look]) -> None:
    assert find_cycles(looks) == []
    assert find_cycles(dict(reversed(looks.items()))) == []


def test_the_symbols_are_what_the_rule_says() -> None:
    assert groups_differ(Fresh("a"), Fresh("b"))
    assert groups_differ(Known("g"), Known("h"))
    for one, other in (
        (Fresh("a"), Fresh("a")), (Fresh("a"), Known("g")), (Unknown("x"), Unknown("y")),
        (Unknown("x"), Fresh("a")), (Known("g"), Unknown("x")),
    ):  # fmt: skip
        assert not groups_differ(one, other)
        assert not groups_differ(other, one)
