"""axe-core, which finds what somebody with a screen reader or weak eyes would stumble over."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RUN = """axe.run({resultTypes: ['violations']}).then(({violations}) => violations.map(
    ({id, nodes}) => id + ': ' + nodes.map(({target}) => target.join(' ')).slice(0, 5)))"""


@cache
def axe_script() -> str:
    """Return axe-core's own text; it travels with the package of the extra ``browser``."""
    found = find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("axe.min.js").read_text("utf-8")


def find_violations(run: Callable[[str], Any]) -> list[str]:
    """Return what axe-core finds on a page; ``run`` evaluates an expression there."""
    run(f"(() => {{ {axe_script()}\n }})()")
    violations: list[str] = run(RUN)
    return violations
