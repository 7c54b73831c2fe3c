"""Files that travel with the package: the schemas, in a wheel as in a checkout."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from runner.errors import shorten

_ENDING = ".schema.json"


@cache
def _folder() -> Path:
    """Return the schemas: a wheel carries them inside the package, in a checkout they lie beside.

    ``importlib.resources`` would find them too; importing it takes longer than reading a schema.
    """
    here = Path(__file__).resolve().parent
    bundled = here / "schemas"
    return bundled if bundled.is_dir() else here.parent / "schemas"


def schema_names() -> list[str]:
    """Name every schema: ``manifest``, ``results``, ..."""
    names = [entry.name for entry in _folder().iterdir()]
    return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def schema_text(name: str) -> str:
    """Return the text of ``schemas/NAME.schema.json``. Raises FileNotFoundError."""
    return (_folder() / f"{name}{_ENDING}").read_text("utf-8")


def schema(name: str) -> dict[str, Any]:
    """Return a schema as a fresh value. Raises FileNotFoundError for a name that there is not."""
    parsed: dict[str, Any] = json.loads(schema_text(name))
    return parsed


class WrongForm(ValueError):
    """A document is not of the form of a schema: what is wrong first, and where that stands."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(f"{shorten(message)} (at {shorten(place or 'the top')})")
        self.message = message


def check_document(document: Any, name: str) -> None:
    """Raise WrongForm where a document is not of the form of a schema.

    ``jsonschema.validate`` would read the schema and check it against its own schema each time,
    which takes longer than most documents do; tests check the schemas.
    """
    from jsonschema.exceptions import best_match  # slow to import, and few commands read documents

    error = best_match(validator(name).iter_errors(document))
    if error is not None:
        raise WrongForm(error.message, "/".join(map(str, error.absolute_path)))


@cache
def validator(name: str) -> Any:
    """Return a schema's validator: draft-07, ``$`` only at the very end as in editors."""
    from jsonschema import Draft7Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Any:
        strict = re.sub(r"\$$", r"\\Z", pattern)
        if isinstance(instance, str) and not re.search(strict, instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    make: Any = extend
    return make(Draft7Validator, {"pattern": pattern})(schema(name))
