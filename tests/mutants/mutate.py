"""Find every place of a module where a small mistake could be made, and make one of them.

A mutant is one change to the syntax tree: a comparison flipped or moved by one, an operand of
``and`` and ``or`` left out, ``not`` added or dropped, a number or a truth value changed, another
member of the same enumeration, and a call, an assignment to something shared, a ``raise`` or a
``return`` left out. Texts, types and docstrings stay as they are.
"""

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mutant", "find_enums", "find_mutants"]

MONEY = re.compile(
    r"price|cost|billing|billed|held|hold|ceiling|budget|usd|wallet|balance|refund|amount|charge"
    r"|\bkey\b|_key\b|key_|send|resend|sent|intend|intent|pick|verdict|decis|judge|purchase|buy"
    r"|bought|replay|takes\b|adopt|unresolved|accept|event\.|takestate|limit",
    re.IGNORECASE,
)
"""Words of statements and functions that decide what is paid for, sent or picked."""

Enums = Mapping[str, Sequence[str]]
Change = Callable[[], ast.AST | None]
"""Return what takes the place of a node, or None for nothing at all."""

FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SWAPS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``lines`` are those of its statement, ``tree`` the whole module with the change.

    ``within`` is the function or class around it, empty at the module's top.
    """

    path: Path
    line: int
    lines: range
    within: str
    what: str
    money: bool
    at_import: bool
    tree: Callable[[], ast.Module]

    @property
    def label(self) -> str:
        """Where it is and what it changes."""
        where = f" in {self.within}" if self.within else ""
        return f"{self.path}:{self.line}{where}: {self.what}"


def find_enums(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Return the members of every enumeration, by its name and by its aliases."""
    found: dict[str, list[str]] = {}
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(b) for b in node.bases):
            names = [t.id for a in node.body if isinstance(a, ast.Assign) for t in _names(a)]
            found[node.name] = names
    for node in (node for tree in trees for node in tree.body):
        if isinstance(node, ast.Assign):  # _S, _E = TakeState, Event
            for target, value in _pairs(node):
                if isinstance(target, ast.Name) and ast.unparse(value) in found:
                    found[target.id] = found[ast.unparse(value)]
    return {name: members for name, members in found.items() if len(members) > 1}


def _names(node: ast.Assign) -> list[ast.Name]:
    return [target for target in node.targets if isinstance(target, ast.Name)]


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    (target,) = node.targets[:1]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        return list(zip(target.elts, node.value.elts, strict=False))
    return [(target, node.value)]


def find_mutants(path: Path, enums: Enums) -> list[Mutant]:
    """Return every mutant of a module in the order of its text."""
    tree = ast.parse(path.read_text("utf-8"))
    found = list(_Finder(path, tree, enums).walk(tree, _Place()))
    return sorted(found, key=lambda mutant: mutant.line)


@dataclass(frozen=True, slots=True)
class _Place:
    within: str = ""
    statement: ast.stmt | None = None
    at_import: bool = True


class _Finder:
    """Walks one tree. A change is made in a copy, at the same steps from its root."""

    def __init__(self, path: Path, tree: ast.Module, enums: Enums) -> None:
        self._path = path
        self._tree = tree
        self._enums = enums
        self._steps: list[tuple[str, int | None]] = []

    def walk(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        """Return the mutants of a node and of what is in it."""
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "format_spec", "type_params"):
                continue
            several = isinstance(value, list)
            for index, child in enumerate(value if several else [value]):
                if not isinstance(child, ast.AST) or _is_quiet(child):
                    continue
                self._steps.append((name, index if several else None))
                inside = _inside(child, place)
                for what, change in _changes(child, self._enums):
                    yield self._mutant(child, inside, what, change)
                if not isinstance(child, ast.JoinedStr):
                    yield from self.walk(child, inside)
                self._steps.pop()

    def _mutant(self, node: ast.AST, place: _Place, what: str, change: Change) -> Mutant:
        steps = tuple(self._steps)
        statement = place.statement
        begin = getattr(node, "lineno", 0)
        last = getattr(node, "end_lineno", begin)
        lines = range(begin, last + 1)
        if statement is not None and not hasattr(statement, "body"):
            lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        text = ast.unparse(node if statement is None or hasattr(statement, "body") else statement)
        money = bool(MONEY.search(place.within) or MONEY.search(text) or MONEY.search(what))

        def tree() -> ast.Module:
            return _changed(self._tree, steps, change)

        path, within = self._path, place.within
        return Mutant(path, begin, lines, within, what, money, place.at_import, tree)


def _inside(node: ast.AST, place: _Place) -> _Place:
    statement = node if isinstance(node, ast.stmt) else place.statement
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        within = f"{place.within}.{node.name}".lstrip(".")
        return _Place(within, statement, place.at_import and isinstance(node, ast.ClassDef))
    return _Place(place.within, statement, place.at_import)


def _is_quiet(node: ast.AST) -> bool:
    """Return whether a node says something to readers and type checkers only."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring, or ``...``
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _changed(
    tree: ast.Module, steps: tuple[tuple[str, int | None], ...], change: Change
) -> ast.Module:
    new = copy.deepcopy(tree)
    node: ast.AST = new
    for name, index in steps[:-1]:
        value = getattr(node, name)
        node = value if index is None else value[index]
    name, index = steps[-1]
    made = copy.deepcopy(change()) or ast.Pass()
    if index is None:
        setattr(node, name, made)
    else:
        getattr(node, name)[index] = made
    return ast.fix_missing_locations(new)


def _changes(node: ast.AST, enums: Enums) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.stmt):
        yield from _changes_of_statement(node)
    elif isinstance(node, ast.expr):
        for other in _changes_of_expression(node, enums):
            yield f"{_short(node)}  →  {_short(other)}", lambda other=other: other  # type: ignore[misc]


def _changes_of_statement(node: ast.stmt) -> Iterator[tuple[str, Change]]:
    removed = f"without: {_short(node)}"
    if isinstance(node, ast.If | ast.While) and _is_plain(node.test):
        test = ast.UnaryOp(ast.Not(), node.test)
        other: ast.stmt = (
            ast.If(test, node.body, node.orelse)
            if isinstance(node, ast.If)
            else ast.While(test, node.body, node.orelse)
        )
        yield f"if {_short(node.test)}  →  if not {_short(node.test)}", lambda: other
    elif isinstance(node, ast.Return) and node.value is not None:
        if not isinstance(node.value, ast.Constant):
            yield f"{_short(node)}  →  return None", lambda: ast.Return(ast.Constant(None))
    elif _can_be_left_out(node):
        yield removed, lambda: None


def _can_be_left_out(node: ast.stmt) -> bool:
    """Return whether a module without the statement still runs: no name is missing afterwards."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.Assign):
        return not all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    return isinstance(node, ast.Raise | ast.Continue | ast.Break | ast.Delete | ast.AugAssign)


def _is_plain(test: ast.expr) -> bool:
    """Return whether a condition has no change of its own."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant)


def _changes_of_expression(node: ast.expr, enums: Enums) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for flip in FLIPS[type(node.ops[0])]:
            yield ast.Compare(node.left, [flip()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        for left_out in range(len(node.values)):
            kept = [value for n, value in enumerate(node.values) if n != left_out]
            yield kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not | ast.USub):
            yield node.operand
    elif isinstance(node, ast.BinOp):
        swap = SWAPS.get(type(node.op))
        if swap is not None and not _is_text(node.left) and not _is_text(node.right):
            yield ast.BinOp(node.left, swap(), node.right)
    elif isinstance(node, ast.Constant):
        yield from _changes_of_constant(node)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        members = enums.get(node.value.id, ())
        if node.attr in members:
            other = members[(members.index(node.attr) + 1) % len(members)]
            yield ast.Attribute(node.value, other, node.ctx)


def _changes_of_constant(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        if value > 1:
            yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 + 1)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return text if len(text) <= 70 else f"{text[:67]}..."
