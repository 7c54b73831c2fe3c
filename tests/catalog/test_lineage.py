"""The forest of references: chains side by side, forks nested, nothing lost."""

from collections.abc import Iterator

from runner.catalog import lineage, reading
from tests.catalog import sample


def grown(**references: str | None) -> tuple[lineage.Tree, ...]:
    looks = [sample.look(key, "p", reference=made_from) for key, made_from in references.items()]
    return lineage.build_trees(reading.build_page(sample.document([sample.base(), *looks])).looks)


def every_key(branch: lineage.Branch) -> Iterator[str]:
    yield from (look.key for look in (*branch.chain, *branch.leaves))
    for sub in branch.branches:
        yield from every_key(sub)


def test_the_base_is_the_root_and_forks_part_leaves_from_branches() -> None:
    (tree,) = grown(one="base", two="base", two_a="two", two_b="two_a")
    assert tree.kind == "base"
    assert [look.key for look in tree.branch.chain] == ["base"]
    assert [look.key for look in tree.branch.leaves] == ["one"]
    (chain,) = tree.branch.branches
    assert [look.key for look in chain.chain] == ["two", "two_a", "two_b"]


def test_what_stands_alone_and_what_comes_from_outside_have_trees_of_their_own() -> None:
    trees = grown(alone="", outside="look_1", sibling="look_1", child="alone")
    assert [(tree.kind, tree.source) for tree in trees] == [
        ("base", None),
        ("outside", "look_1"),
        ("alone", None),
    ]
    assert [look.key for look in trees[1].branch.leaves] == ["outside", "sibling"]
    assert [look.key for look in trees[2].branch.branches[0].chain] == ["alone", "child"]


def test_a_chain_of_a_thousand_is_one_row() -> None:
    keys = [f"look-{number}" for number in range(1000)]
    (tree,) = grown(**dict(zip(keys, ["base", *keys], strict=False)))
    assert len(tree.branch.chain) == 1001
    assert not tree.branch.branches


def test_forks_that_nest_deeply_go_on_in_trees_of_their_own_and_lose_nothing() -> None:
    references: dict[str, str | None] = {}
    for depth in range(40):
        before = f"spine-{depth - 1}" if depth else "base"
        references[f"spine-{depth}"] = before
        references[f"side-{depth}"] = before
    trees = grown(**references)
    assert len(trees) > 1
    assert {tree.kind for tree in trees[1:]} == {"continued"}
    found = [key for tree in trees for key in every_key(tree.branch)]
    assert sorted(found) == sorted(["base", *references])
