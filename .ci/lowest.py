"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

What only checks the code (ruff, mypy and their types) is left as it is: no test runs it.
"""

import re
import tomllib
from pathlib import Path

EXTRAS = ("pdf", "dev")
CHECKERS = ("mypy", "ruff", "types-")
BOUND = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)$")


def lowest(project: dict[str, object]) -> list[str]:
    """Return ``name==version`` for every requirement of the project and of its extras."""
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(project["dependencies"], list)
    wanted = [*project["dependencies"], *(one for name in EXTRAS for one in extras[name])]
    pinned = {}
    for requirement in wanted:
        if requirement.startswith(CHECKERS):
            continue
        found = BOUND.match(requirement)
        if found is None:
            raise SystemExit(f"pyproject.toml: {requirement!r} has no lower bound of its own (>=)")
        pinned[found[1].lower()] = found[2]
    return [f"{name}=={version}" for name, version in sorted(pinned.items())]


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    print("\n".join(lowest(document["project"])))
