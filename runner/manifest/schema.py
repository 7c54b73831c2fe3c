"""The document against ``schemas/manifest.schema.json``: a quick yes, or jsonschema's reasons.

What breaks the schema is taken out of the document after it has been told, so that the rules can
go on with the rest and every problem shows at once.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runner.manifest.diagnostics import Findings
from runner.manifest.quick import conforms, conforms_as_look
from runner.manifest.schema_messages import (
    COMMON_MISTAKES,
    EXPECTED,
    RANGES,
    Path,
    bad_look_key,
    conflict,
    example_of,
    field_of,
    is_number,
    named,
    out_of_range,
    place_of,
)
from runner.manifest.yaml.nodes import Broken, Map, Seq
from runner.manifest.yaml.scalars import Ambiguous, Date, describe
from runner.manifest.yaml.source import line_of
from runner.resources import validator
from runner.suggest import suggest


def check_schema(document: Map, findings: Findings) -> None:
    """Report everything that the schema refuses, and take it out of the document."""
    if not conforms(document):
        _Explainer(document, findings).run()


class _Explainer:
    """Turns jsonschema's errors into findings."""

    def __init__(self, document: Map, findings: Findings) -> None:
        self.document = document
        self.findings = findings
        self.broken: list[tuple[Map | Seq, str | int]] = []
        self.misspelt: set[tuple[int, str]] = set()

    def run(self) -> None:
        errors = list(validator("manifest").iter_errors(_nonconforming(self.document)))
        looks = self.document.get("looks")
        order = {key: place for place, key in enumerate(looks)} if isinstance(looks, dict) else {}
        counted: set[Path] = set()
        errors.sort(key=lambda error: (_position(error.absolute_path, order), *_urgency(error)))
        for error in errors:
            if self.findings.full:  # the rest is counted, and nothing is made of the manifest
                place = tuple(error.absolute_path)[:2]
                if place not in counted:
                    self.findings.report("wrong-type", "", 0)
                counted.add(place)
                continue
            counted.add(tuple(error.absolute_path)[:2])
            explain = getattr(self, f"explain_{error.validator}", self.explain_value)
            explain(error, tuple(error.absolute_path))
        self.take_out()

    def take_out(self) -> None:
        """Drop what is broken."""
        found: dict[int, tuple[Map | Seq, set[str | int]]] = {}
        for parent, key in self.broken:
            found.setdefault(id(parent), (parent, set()))[1].add(key)
        for parent, keys in found.values():
            if parent is self.document.get("looks"):
                for key in keys - {"base"}:
                    parent[key] = Map()  # others may reference it
                keys &= {"base"}
            parent.drop(*keys)  # type: ignore[arg-type]  # a Map's keys are text, a Seq's numbers

    # --- where ---------------------------------------------------------------------------------

    def parent(self, path: Path) -> Any:
        value: Any = self.document
        for step in path[:-1]:
            value = value[step]
        return value

    def mark(self, path: Path) -> int:
        return int(self.parent(path).at(path[-1])) if path else 0

    def report(self, code: str, message: str, mark: int, path: Path, hint: str | None) -> None:
        span = self.findings.source.span(mark)
        if not self.findings.has(span.line, span.column):
            look = str(path[1]) if len(path) > 1 and path[0] == "looks" else None
            look = "base" if path[:1] == ("base",) else look
            self.findings.report(code, message, span, look=look, hint=hint)

    def refuse(self, error: Any, code: str, message: str, hint: str | None = None) -> None:
        """Report a value and take it out."""
        path = tuple(error.absolute_path)
        self.report(code, message, self.mark(path), path, hint)
        if path:
            self.broken.append((self.parent(path), path[-1]))

    # --- what ----------------------------------------------------------------------------------

    def explain_type(self, error: Any, path: Path) -> None:
        value, name = error.instance, named(path)
        if isinstance(value, Broken):
            self.broken.append((self.parent(path), path[-1]))
            return
        expected = error.validator_value
        kinds = [expected] if isinstance(expected, str) else list(expected)
        written = self.written(path) if not isinstance(value, dict | list) else ""
        field = field_of(path)
        if "string" in kinds and isinstance(value, bool | int | float | Date | Ambiguous):
            message = f"`{written}` is {describe(value)} in YAML, and {name} is text"
            self.refuse(error, "needs-quotes", message, f'Put it in quotes: "{written}"')
            return
        belongs = " or ".join(EXPECTED[kind] for kind in kinds if kind != "null")
        hint: str | None = RANGES.get(place_of(path)) or RANGES.get(field)
        if value is None:
            message = f"{name} has no value; {belongs} belongs here"
            if "string" in kinds and self.behind_comment(path):
                hint = "What follows a ` #` is a comment to YAML: put quotes around the text."
        else:
            message = f"{name} is {describe(value)}, and {belongs} belongs here"
            if "string" in kinds and isinstance(value, dict | list) and hint is None:
                hint = self.bracket_hint(path)
        if isinstance(value, str) and kinds[0] in ("integer", "number"):
            hint = "Remove the quotes." if is_number(value) else hint
        self.refuse(error, "wrong-type", message, hint)

    def behind_comment(self, path: Path) -> bool:
        """Return whether a likely value begins with ``#`` on the line of its key."""
        line = self.findings.source.line(line_of(self.mark(path)))
        return re.search(r"[:-]\s+#[^\s#]", line) is not None

    def bracket_hint(self, path: Path) -> str | None:
        """Return what to do about a text that begins as a mapping or a list does."""
        line = self.findings.source.line(line_of(self.mark(path)))
        opened = re.search(r":\s+([\[{])", line)
        if opened is None:
            return None
        return f"Text that begins with `{opened[1]}` needs quotes around all of it."

    def written(self, path: Path) -> str:
        """Return a scalar as the manifest spells it."""
        span = self.findings.source.span(self.mark(path))
        line = self.findings.source.line(span.line)
        return line[span.column - 1 : span.column - 1 + span.length]

    def explain_additionalProperties(self, error: Any, path: Path) -> None:  # noqa: N802  (keyword)
        mapping = self.parent((*path, ""))
        known = sorted(error.schema.get("properties", ()))
        extras = [key for key in error.instance if key not in known and key[:2] != "x-"]
        if "patternProperties" not in error.schema:
            extras = [key for key in error.instance if key not in known]
        where = f"in {named(path)}" if path else "at the top of a manifest"
        for key in extras:
            if self.findings.full:
                self.findings.report("unknown-key", "", 0)
                continue
            meant = suggest(key.lower(), known, likeness=0.7)
            advice = COMMON_MISTAKES.get((place_of(path), key)) or COMMON_MISTAKES.get(("", key))
            if meant:
                hint = f"Did you mean `{meant[0]}`?"
                self.misspelt.add((id(error.instance), meant[0]))
            elif error.instance[key] is None and " " in key:
                hint = "Inside {...} a comma ends a text; put quotes around the whole of it."
            else:
                hint = advice or "Known here: " + ", ".join(f"`{name}`" for name in known) + "."
            self.misspelt.add((id(error.instance), "data"))  # no form is asked for beside it
            mark = mapping.key_at(key)
            self.report("unknown-key", f"`{key}` means nothing {where}", mark, (*path, key), hint)
            self.broken.append((mapping, key))

    def explain_required(self, error: Any, path: Path) -> None:
        missing = next(key for key in error.validator_value if f"'{key}'" in error.message)
        if (id(error.instance), missing) in self.misspelt:
            return
        place, mark, name = place_of(path), self.mark(path), named(path)
        if place == "base" and missing == "avatar_id":
            self.report("base-missing-source", "the base does not say what it is", mark, path,
                        "Give `photo` (a picture), `prompt` (a description) or `avatar_id` (the id"
                        " of a look that exists).")  # fmt: skip
        elif place == "image":
            self.report("missing-key", f"{name} is none of the API's three forms", mark, path,
                        "Write {url: ...}, {asset_id: ...} or {media_type: image/png, data: ...};"
                        " or simply a path or an https URL.")  # fmt: skip
        else:
            where = f"{name} has" if path else "the manifest has"
            example = error.schema.get("properties", {}).get(missing, {}).get("examples")
            hint = f"Add it, for example `{missing}: {example_of(example)}`." if example else None
            if missing == "prompt" and place == "look":
                hint = "Say what the picture shows; or name a look that exists with `existing: ID`."
            if missing == "include":
                missing, hint = (
                    "axes",
                    "Name the axes and their values; every combination is a look.",
                )
            self.report("missing-key", f"{where} no `{missing}`", mark, path, hint)

    def explain_dependencies(self, error: Any, path: Path) -> None:
        if "avatar_group_id" not in error.instance or "avatar_id" in error.instance:
            extra = next(key for key in ("zip", "exclude") if key in error.instance)
            message = f"`{extra}` speaks of axes, and there are none"
            self.report("matrix-axis", message, error.instance.key_at(extra), path, "Add `axes`.")
            return
        self.report(
            "group-without-avatar-id",
            "`avatar_group_id` only says where the look is saved; whose face it shows, `avatar_id`"
            " must say",
            error.instance.at("avatar_group_id"),
            path,
            "Add `avatar_id: {look: base}` (or another look) to keep the character, or"
            " `avatar_id: null` to generate purely from the prompt.",
        )

    def explain_maxItems(self, error: Any, path: Path) -> None:  # noqa: N802  (keyword)
        self.report("too-many-images", f"{len(error.instance)} reference images; the API takes at"
                    " most 3", self.mark(path), path, "Keep the three that matter.")  # fmt: skip

    def explain_name(self, error: Any, path: Path) -> None:
        """Explain an error about a key's spelling (``propertyNames``)."""
        key, place = error.instance, place_of(path)
        mapping = self.parent((*path, ""))
        if place == "looks":
            code, (message, hint) = "bad-key", bad_look_key(key)
        elif place in ("look", "base", "image"):
            code, (message, hint) = "conflicting-keys", conflict(key, mapping)
        else:
            code, message = "bad-value", f"`{key}` cannot be a name in `${{...}}`"
            hint = "Letters, digits, `_` and `-`, beginning with a letter."
        # A base without a source is told as a whole, not once for each of its keys.
        if message:
            self.report(code, message, mapping.key_at(key), (*path, key), hint)
        if place != "looks" or key == "base":
            self.broken.append((mapping, key))

    def explain_value(self, error: Any, path: Path) -> None:
        """Explain what has the right type and a value that is not allowed."""
        field = field_of(path)
        if "propertyNames" in error.schema_path:
            self.explain_name(error, path)
        elif error.validator == "pattern" and field == "url":
            message = f"`{error.instance}` is no https URL"
            self.refuse(error, "image-url", message, "HeyGen fetches https URLs only.")
        elif error.validator == "const" and field == "type":
            message = f"`type: {error.instance}` does not fit the other keys"
            hint = f"Write `type: {error.validator_value}`, or leave `type` out."
            self.refuse(error, "bad-value", message, hint)
        elif error.validator == "enum":
            message = f"`{error.instance}` is not allowed here"
            allowed = ", ".join(f"`{item}`" for item in error.validator_value)
            self.refuse(error, "bad-value", message, f"One of: {allowed}.")
        else:
            message = out_of_range(named(path), error)
            self.refuse(error, "bad-value", message, RANGES.get(field))


def _nonconforming(document: Map) -> Map:
    """Return the document without the looks that have nothing wrong with them.

    jsonschema takes a second for a thousand looks, and most mistakes are in one.
    """
    looks = document.get("looks")
    if not isinstance(looks, dict):
        return document
    less = Map()
    less.update(document)
    less.marks = document.marks
    less["looks"] = {key: look for key, look in looks.items() if not conforms_as_look(key, look)}
    return less


def _position(path: Sequence[str | int], looks: Mapping[str | int, int]) -> int:
    """Order looks as the file does: of too many errors the first are told."""
    return looks.get(path[1], 0) if len(path) > 1 and path[0] == "looks" else -1


def _urgency(error: Any) -> tuple[int, int]:
    """Order errors so that the one that explains most is told of each place."""
    order = {"additionalProperties": 0, "required": 1, "type": 2}
    return order.get(str(error.validator), 3), len(error.absolute_path)
