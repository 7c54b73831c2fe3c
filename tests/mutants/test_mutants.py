"""The mutants are the mistakes that they say, one at a time; and a test that sees one is named."""

import ast
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.__main__ import PARTS, _paths
from tests.mutants.mutate import find_enums, find_mutants
from tests.mutants.replace import replace_code

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


def test_functions_that_exist_already_make_the_mistake(module: Path) -> None:
    wanted = ("price > LIMIT  →  price >= LIMIT", "3  →  4", "not price  →  price")
    for mutant in find_mutants(module, {}):
        if mutant.what not in wanted:
            continue
        names: dict[str, Any] = {"__name__": "module"}
        exec(compile(SOURCE, str(module), "exec"), names)
        judge, state = names["judge"], names["State"]
        assert replace_code(mutant, [judge]) == (mutant.within == "judge")
        dear = mutant.what == wanted[0]
        with pytest.raises(ValueError, match="4") if dear else nullcontext():
            assert judge(3, state.OVER) == (3 if mutant.what == wanted[2] else 0)


def test_names_of_files_are_patterns_and_every_part_has_some() -> None:
    for part in PARTS:
        assert len(_paths([part])) > 3, part
