"""The process in which atheris works: ``python -m tests.fuzz.engine TARGET [libFuzzer options]``.

It never gives control back, so ``tests.fuzz`` starts it as a process of its own.
"""

import random
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from tests.fuzz.mutate import changed
from tests.fuzz.target import Target, load

JSON_SHARE = 0.7
"""So much of what a JSON target is changed in is changed as JSON."""


def main(arguments: list[str]) -> None:
    """Search until libFuzzer's options say that it is enough, or something is found."""
    name, *options = arguments
    atheris = import_module("atheris")
    target = instrumented(atheris, name)
    setup: dict[str, Any] = {}
    if target.json:
        setup["custom_mutator"] = partial(_mutated, atheris)
    atheris.Setup([f"tests.fuzz.engine {name}", *options], target.run, **setup)
    atheris.Fuzz()


def _mutated(atheris: Any, data: bytes, longest: int, seed: int) -> bytes:
    """Change an input as JSON mostly, else as bytes."""
    chance = random.Random(seed)
    made = changed(data, chance) if chance.random() < JSON_SHARE else None
    if made is None or len(made) > longest:
        made = bytes(atheris.Mutate(data, longest))
    return made


def instrumented(atheris: Any, name: str) -> Target:
    """Load a target while imports are watched: every branch of what it watches leads the search.

    Much is imported where it is used, which would be too late; so all of it is imported now.
    """
    watched = _watched(name)
    with atheris.instrument_imports(include=list(watched)):
        for package in watched:
            module = import_module(package)
            if package.startswith("runner."):
                for found in walk_packages(getattr(module, "__path__", []), f"{package}."):
                    _import_watched(found.name)
        return load(name)


def _import_watched(name: str) -> None:
    """Import a module, unless it needs an extra that is not installed."""
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("runner"):
            raise


def _watched(name: str) -> tuple[str, ...]:
    """Read what a target watches without importing it."""
    import ast

    source = Path(__file__).with_name(f"{name}.py").read_text("utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WATCHED":
            watched: tuple[str, ...] = ast.literal_eval(node.value)
            return watched
    raise ValueError(f"{name} does not say what is watched")


if __name__ == "__main__":
    main(sys.argv[1:])
