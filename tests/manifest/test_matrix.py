"""Matrices: what comes out, in which order, and what stops an explosion."""

from collections.abc import Callable

import pytest

from runner.manifest import Reading
from runner.model import Campaign, LookRef

Valid = Callable[..., Campaign]
Codes = Callable[..., list[tuple[str, int, int]]]
Read = Callable[..., Reading]

TWO = "axes: {a: {u: a u, v: a v}, b: [one, two]}"


def entry(*lines: str, id_: str = "${a}-${b}", prompt: str = "Wearing ${a.text}, ${b}") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'matrix:\n  - id: "{id_}"\n    prompt: {prompt}\n{body}'


def keys(campaign: Campaign) -> list[str]:
    return [look.key for look in campaign.looks[1:]]


def test_axes_cross_in_the_order_of_the_manifest(campaign: Valid) -> None:
    read = campaign(entry(TWO))
    assert keys(read) == ["u-one", "u-two", "v-one", "v-two"]
    assert read.looks[1].prompt == "Wearing a u, one"
    assert read.looks[1].axes == (("a", "u"), ("b", "one"))
    assert read.looks[1].tags == ("u", "one")
    assert read.looks[1].line == 5
    assert read.matrices[0].axes == (("a", ("u", "v")), ("b", ("one", "two")))


def test_matrix_looks_follow_the_explicit_ones(campaign: Valid) -> None:
    read = campaign(entry(TWO) + "looks:\n  z: {prompt: Wearing z}\n")
    assert keys(read)[0] == "z"


def test_exclude_leaves_out_what_agrees_with_it(campaign: Valid) -> None:
    assert keys(campaign(entry(TWO, "exclude: [{a: u, b: two}]"))) == ["u-one", "v-one", "v-two"]
    assert keys(campaign(entry(TWO, "exclude: [{b: two}]"))) == ["u-one", "v-one"]


def test_include_adds_to_combinations_that_agree_or_makes_its_own(campaign: Valid) -> None:
    # The example of GitHub's documentation on matrices, with prompts for jobs.
    read = campaign(
        entry(
            "axes: {fruit: [apple, pear], animal: [cat, dog]}",
            "include:",
            "  - {color: green}",
            "  - {color: pink, animal: cat}",
            "  - {fruit: apple, shape: circle}",
            "  - {fruit: banana}",
            "  - {fruit: banana, animal: cat}",
            "variables: {color: none, shape: none, animal: none}",
            id_="${fruit}-${animal}-${color}-${shape}",
            prompt="A ${fruit} ${animal} ${color} ${shape}",
        )
    )
    assert keys(read) == [
        "apple-cat-pink-circle", "apple-dog-green-circle",
        "pear-cat-pink-none", "pear-dog-green-none",
        "banana-none-none-none", "banana-cat-none-none",
    ]  # fmt: skip


def test_zipped_axes_advance_together(campaign: Valid) -> None:
    read = campaign(
        entry(
            "axes: {a: [u, v], b: [one, two], c: [p, q]}",
            "zip: [a, c]",
            id_="${a}-${b}-${c}",
        )
    )
    assert keys(read) == ["u-one-p", "u-two-p", "v-one-q", "v-two-q"]


def test_several_groups_may_be_zipped(campaign: Valid) -> None:
    read = campaign(
        entry(
            "axes: {a: [u, v], b: [one, two], c: [p, q], d: [r, s]}",
            "zip: [[a, c], [b, d]]",
            id_="${a}-${b}-${c}-${d}",
        )
    )
    assert keys(read) == ["u-one-p-r", "u-two-p-s", "v-one-q-r", "v-two-q-s"]


def test_matrix_looks_reference_looks_by_template(campaign: Valid) -> None:
    read = campaign(
        "looks:\n  u-studio: {prompt: Wearing x}\n  v-studio: {prompt: Wearing y}\n"
        + entry(TWO, 'avatar_id: {look: "${a}-studio"}')
        + '  - id: "late-${a}"\n    prompt: Late ${a}\n    avatar_id: {look: "${a}-one"}\n'
        "    axes: {a: [u]}\n"
    )
    references = {look.key: look.reference for look in read.looks}
    assert references["u-two"] == LookRef("u-studio")
    assert references["late-u"] == LookRef("u-one")


def test_a_reference_that_some_combination_lacks_is_told_once(codes: Codes) -> None:
    text = "looks:\n  u-studio: {prompt: Wearing x}\n" + entry(
        TWO, 'avatar_id: {look: "${a}-studio"}'
    )
    assert codes(text) == [("unknown-look", 10, 23)]


def test_the_same_id_twice_gives_matrices_of_different_names(campaign: Valid) -> None:
    read = campaign(
        'matrix:\n  - {id: "${a}", prompt: "An ${a}", axes: {a: [x]}}\n'
        '  - {id: "${a}", prompt: "An ${a}", axes: {a: [y]}}\n'
    )
    assert [matrix.id for matrix in read.matrices] == ["${a}", "${a} #2"]
    assert [look.matrix for look in read.looks[1:]] == ["${a}", "${a} #2"]


@pytest.mark.parametrize(("limit", "good"), [(4, True), (3, False)])
def test_max_looks_counts_before_exclude(codes: Codes, limit: int, good: bool) -> None:
    text = f"max_looks: {limit}\n" + entry(TWO, "exclude: [{a: u, b: one}]")
    assert codes(text) == ([] if good else [("too-many-looks", 4, 12)])


def test_an_explosion_is_stopped_before_it_is_expanded(codes: Codes) -> None:
    axes = ", ".join(f"a{n}: [{', '.join(f'v{i}' for i in range(30))}]" for n in range(9))
    assert [code for code, _, _ in codes(entry(f"axes: {{{axes}}}", id_="${a0}"))] == [
        "too-many-looks"
    ]


def test_a_finding_in_a_matrix_is_told_once_with_its_count(read: Read) -> None:
    reading = read(
        entry(TWO, prompt="Wearing ${nothing} ${a.text} in ${b.text}"), head=True, hints=False
    )
    assert [found.message for found in reading.diagnostics] == [
        "nothing here is called `nothing` (and 3 more looks made here)"
    ]


def test_a_look_and_a_combination_of_one_key_are_an_error(codes: Codes) -> None:
    assert codes("looks:\n  u-one: {prompt: A hat}\n" + entry(TWO)) == [("duplicate-look", 7, 9)]


def test_axes_whose_zip_is_broken_are_not_multiplied(codes: Codes) -> None:
    values = ", ".join(f"v{n}" for n in range(900))
    axes = f"axes: {{a: [{values}], b: [{values}, more], c: [{values}]}}"
    text = entry(axes, "zip: [a, b, c]") + "looks:\n  x: {prompt: X, avatar_id: {look: v1-v1}}\n"
    assert codes(text) == [("matrix-axis", 8, 5)]
