"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

What only checks the code (ruff, mypy and their types) is left as it is: no test runs it. So is the
extra ``fuzz``, whose one package has wheels for some systems only.
"""

import re
import tomllib
from pathlib import Path

CHECKERS = ("mypy", "ruff", "types-")
BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[\w+\])?>=([0-9.]+)(?:,<[0-9.]+)?$")


def lowest(project: dict[str, object]) -> list[str]:
    """Return ``name==version`` for every requirement of the project and of its extras.

    Raises:
        SystemExit: a requirement has no lower bound, or two that differ.
    """
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(project["dependencies"], list)
    more = [one for name, wanted in extras.items() if name != "fuzz" for one in wanted]
    pinned: dict[str, str] = {}
    for requirement in [*project["dependencies"], *more]:
        if requirement.startswith(CHECKERS):
            continue
        found = BOUND.match(requirement)
        if found is None:
            raise SystemExit(f"pyproject.toml: {requirement!r} has no lower bound of its own (>=)")
        if pinned.setdefault(found[1].lower(), found[2]) != found[2]:
            raise SystemExit(f"pyproject.toml: two lower bounds of {found[1]}")
    return [f"{name}=={version}" for name, version in sorted(pinned.items())]


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    print("\n".join(lowest(document["project"])))
