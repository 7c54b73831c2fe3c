"""Files that travel with the package: the schemas, in a wheel as in a checkout."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["schema", "schema_text"]


@cache
def schema_text(name: str) -> str:
    """Give the text of ``schemas/NAME.schema.json``. Raises FileNotFoundError for another name.

    A wheel carries ``schemas/`` inside the package; in a checkout it lies beside it.
    """
    file = f"{name}.schema.json"
    bundled = files("runner") / "schemas" / file
    if bundled.is_file():
        return bundled.read_text("utf-8")
    return (Path(__file__).resolve().parent.parent / "schemas" / file).read_text("utf-8")


def schema(name: str) -> dict[str, Any]:
    """Give a schema as a fresh value. Raises FileNotFoundError for a name that there is not."""
    parsed: dict[str, Any] = json.loads(schema_text(name))
    return parsed
