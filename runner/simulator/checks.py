"""Requests, checked against the forms that are published: what is wrong first is answered."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.simulator.bodies import read_json
from runner.simulator.forms import PROMPT, Schema
from runner.simulator.refusals import ApiError, invalid
from runner.simulator.service import ApiCall

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

KINDS = {
    "string": "a string",
    "integer": "a whole number",
    "array": "a list",
    "object": "an object",
}
"""What a value of each type is called."""


class RequestForm:
    """The form of a JSON body."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @cached_property
    def _validator(self) -> "Validator":
        from jsonschema import Draft202012Validator  # a tenth of a second, and only where one buys

        return Draft202012Validator(self._schema)

    def read(self, call: ApiCall) -> dict[str, Any]:
        """Return the fields of a request's body; what is null is not there.

        Raises ApiError (400) for the field that is wrong first, in the order of the form, and for
        one that the form does not have where nothing else is wrong.
        """
        fields = read_json(call.body, call.headers.get("content-type", ""))
        try:
            errors = [*self._validator.iter_errors(fields)]
        except RecursionError:
            raise invalid("body", "The body is nested too deeply.") from None
        if errors:
            raise _refusal(_first(errors, self._schema))
        return {name: value for name, value in fields.items() if value is not None}


def _first(errors: Iterable["ValidationError"], form: Schema) -> "ValidationError":
    """Return the error that is answered, of those about one object."""
    order = [*form.get("properties", ())]

    def place(error: "ValidationError") -> int:
        name = error.relative_path[0] if error.relative_path else _named(error)
        return order.index(name) if name in order else len(order)

    first = min(errors, key=place)
    if first.validator != "oneOf":
        return first
    branches: Any = first.validator_value
    for index, branch in enumerate(branches):
        inner = [error for error in first.context or () if error.relative_schema_path[0] == index]
        if not any([*error.relative_path] == ["type"] for error in inner):
            return _first(inner, branch)
    return first


def _named(error: "ValidationError") -> str | None:
    """Return the field that an error about an object as a whole is about."""
    fields: Any = error.instance
    form: Any = error.schema
    names: Iterable[str] = ()
    if error.validator == "required":
        names = (name for name in form["required"] if name not in fields)
    elif error.validator == "additionalProperties":
        names = (name for name in fields if name not in form["properties"])
    elif error.validator == "oneOf":
        names = ("type",)
    return next(iter(names), None)


def _refusal(error: "ValidationError") -> ApiError:
    """Return what the API answers to an error."""
    if error.validator == "maxLength" and error.schema is PROMPT:  # a fact: nothing says why
        return ApiError(500, "internal_error", "Something went wrong.")
    named = _named(error)
    param = _spell([*error.absolute_path, *([] if named is None else [named])])
    return invalid(param, f"{param} {_complaint(error)}")


def _spell(path: Iterable[str | int]) -> str:
    """Return a parameter's full name, as error envelopes give it."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _complaint(error: "ValidationError") -> str:
    """Return what is wrong with a field, as the end of a sentence that begins with its name."""
    value: Any = error.instance
    limit: Any = error.validator_value
    form: Any = error.schema
    if error.validator == "required" or (value is None and error.validator in ("type", "enum")):
        return "is required."
    if error.validator == "additionalProperties":
        return "is not a field of this request."
    if error.validator == "oneOf":
        return f"must be {_choice(b['properties']['type']['const'] for b in limit)}."
    if error.validator == "enum":
        return f"must be {_choice(limit)}."
    if error.validator == "type":
        return f"must be {KINDS[limit[0] if isinstance(limit, list) else limit]}."
    if error.validator == "maxItems":
        return f"takes at most {limit} entries."
    if error.validator == "maxLength":
        return f"has {len(value)} characters; at most {limit} are allowed."
    return f"must be {form['description']}."


def _choice(words: Iterable[str]) -> str:
    """Return words as a choice in prose."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
