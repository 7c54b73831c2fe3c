"""Which look came from which: a forest with the base at the root, narrow enough to draw.

A line of single children is one chain, drawn side by side; only real forks nest. A fork that would
nest deeper than ``MAX_DEPTH`` is drawn as a tree of its own that says where it continues from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runner.catalog.model import LookView

MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Branch:
    """A chain, each look made from the one before, and what was made from the last of it.

    ``leaves`` have nothing made from them, ``branches`` do. The chain is empty only at the root of
    a tree that starts from no look of the catalog.
    """

    chain: tuple[LookView, ...]
    leaves: tuple[LookView, ...]
    branches: tuple["Branch", ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of the forest.

    ``kind`` is ``base``, ``outside`` (``source`` is the literal id it starts from), ``alone`` (all
    that has no reference), or ``continued`` (``source`` is the title it goes on from).
    """

    kind: str
    source: str | None
    branch: Branch


def build_trees(looks: Sequence[LookView]) -> tuple[Tree, ...]:
    """Return the forest: the base's tree first, then outside references, then what stands alone."""
    wanted = {look.index: look for look in looks if not look.orphan}
    children: dict[int, list[LookView]] = {}
    outside: dict[str, list[LookView]] = {}
    roots: list[LookView] = []
    for look in wanted.values():
        parent = look.parent
        if parent is None:
            roots.append(look)
        elif parent.index is None or parent.index not in wanted:
            outside.setdefault(parent.label, []).append(look)
        else:
            children.setdefault(parent.index, []).append(look)
    planter = _Planter(children)
    forest = [Tree("base", None, planter.branch(root, 1)) for root in roots if root.is_base]
    forest += [Tree("outside", name, planter.fork((), made, 1)) for name, made in outside.items()]
    alone = [root for root in roots if not root.is_base]
    if alone:
        forest.append(Tree("alone", None, planter.fork((), alone, 1)))
    while planter.later:
        tip, made = planter.later.pop(0)
        forest.append(Tree("continued", tip.title, planter.fork((), made, 1)))
    return tuple(forest)


class _Planter:
    """Builds branches and remembers the forks that were too deep, for trees of their own."""

    def __init__(self, children: dict[int, list[LookView]]) -> None:
        self._children = children
        self.later: list[tuple[LookView, list[LookView]]] = []

    def branch(self, look: LookView, depth: int) -> Branch:
        """Follow single children as far as they go, then fork."""
        chain = [look]
        made = self._children.get(look.index, [])
        while len(made) == 1:
            chain.append(made[0])
            made = self._children.get(made[0].index, [])
        if made and depth >= MAX_DEPTH:
            self.later.append((chain[-1], made))
            made = []
        return self.fork(tuple(chain), made, depth)

    def fork(self, chain: tuple[LookView, ...], made: Sequence[LookView], depth: int) -> Branch:
        """Part what was made from one look into leaves and branches."""
        return Branch(
            chain=chain,
            leaves=tuple(look for look in made if look.index not in self._children),
            branches=tuple(
                self.branch(look, depth + 1) for look in made if look.index in self._children
            ),
        )
