"""The mutants are the mistakes that they say, one at a time; and a test that sees one is named."""

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import PARTS, _paths
from tests.mutants.mutate import find_enums, find_mutants

SOURCE = '''
"""A docstring stays."""
from enum import Enum

LIMIT = 3
"""So many."""


class State(Enum):
    OPEN = "open"
    OVER = "over"


def judge(price: int, state: State) -> bool:
    if price > LIMIT and state is not State.OPEN:
        raise ValueError(f"{price + 1}")
    print(price)
    return not price
'''

MADE = {
    "3  →  4",
    "3  →  2",
    "price > LIMIT and state is not State.OPEN  →  state is not State.OPEN",
    "price > LIMIT and state is not State.OPEN  →  price > LIMIT",
    "price > LIMIT  →  price >= LIMIT",
    "price > LIMIT  →  price <= LIMIT",
    "state is not State.OPEN  →  state is State.OPEN",
    "State.OPEN  →  State.OVER",
    "without: raise ValueError(f'{price + 1}')",
    "without: print(price)",
    "return not price  →  return None",
    "not price  →  price",
}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text(SOURCE, "utf-8")
    return path


def test_every_kind_of_mistake_is_made_once_and_texts_stay(module: Path) -> None:
    mutants = find_mutants(module, find_enums([module]))
    assert sorted(mutant.what for mutant in mutants) == sorted(MADE)
    texts = {ast.unparse(mutant.tree()) for mutant in mutants}
    assert len(texts) == len(mutants)
    assert ast.unparse(ast.parse(SOURCE)) not in texts


def test_a_change_is_where_it_says_and_nowhere_else(module: Path) -> None:
    before = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in find_mutants(module, {}):
        after = ast.unparse(mutant.tree()).splitlines()
        changed = [new for old, new in zip(before, after, strict=False) if old != new]
        assert len(after) <= len(before)
        assert changed, mutant.label
        assert mutant.within in ("", "judge")
        assert mutant.at_import is (mutant.within == "")


def test_names_of_files_are_patterns_and_every_part_has_some() -> None:
    for part in PARTS:
        assert len(_paths([part])) > 3, part
