"""The texts of a manifest that a look's prompt is made of, and what shares each of them.

A prompt is a prefix, its own text and a suffix, each with names in it: a matrix's template, an axis
value, a variable or an anchor belongs to many looks, and whoever changes it changes all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runner.manifest.build import list_parts
from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft
from runner.manifest.expand import expand_drafts
from runner.manifest.schema import check_schema
from runner.manifest.template import names_in
from runner.manifest.yaml.document import parse_yaml
from runner.manifest.yaml.nodes import Map
from runner.manifest.yaml.replace_scalar import ScalarSpan, index_scalars, replace_scalar
from runner.manifest.yaml.source import Source


@dataclass(frozen=True, slots=True)
class PromptPart:
    """One text of the manifest that prompts are made of.

    ``name`` is the field (``prompt``, ``prompt_prefix``, ``prompt_suffix``) or what stands for the
    text in it (``${light}``, ``${outfit.text}``). ``looks`` are all looks that it is part of, in
    the manifest's order, the base last.
    """

    name: str
    span: ScalarSpan
    looks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text as it is written, names and all."""
        return self.span.value

    @property
    def line(self) -> int:
        """The line of the manifest on which it begins, counted from 1."""
        return self.span.line


def find_parts(source: Source, variables: Mapping[str, str]) -> dict[str, tuple[PromptPart, ...]]:
    """Return the parts of each look's prompt, the text of its own first, by look key.

    Left out is what a manifest cannot change: what ``--var`` gives, and a list's axis values, which
    are the looks' keys too. The manifest is one that can be read; of another nothing is found.
    """
    findings = Findings(source, hints=False)
    document = parse_yaml(source.text, findings)
    if not isinstance(document, Map):
        return {}
    check_schema(document, findings)
    if findings.errors:
        return {}
    drafts = expand_drafts(document, source, variables, findings)
    spans = index_scalars(source.text)
    found: dict[str, list[PromptPart]] = {}
    users: dict[ScalarSpan, dict[str, None]] = {}
    for key, draft in drafts.items():
        parts: dict[ScalarSpan, str] = {}
        for name, mark in _Places(draft, document, variables):
            if mark in spans:
                parts.setdefault(spans[mark], name)
        found[key] = [PromptPart(name, span) for span, name in parts.items()]
        for span in parts:
            users.setdefault(span, {})[key] = None
    return {
        key: tuple(replace(part, looks=tuple(users[part.span])) for part in parts)
        for key, parts in found.items()
    }


def edit_part(source: Source, part: PromptPart, new: str) -> str:
    """Return the manifest's text with another text for one part; no other character changes.

    Raises ValueError where YAML has no way of writing it.
    """
    return replace_scalar(source.text, part.span, new)


class _Places:
    """Walks the texts that one look's prompt is made of: (name, mark), its own text first."""

    def __init__(self, draft: Draft, document: Map, variables: Mapping[str, str]) -> None:
        self.draft = draft
        self.document = document
        self.given = variables
        self.seen: set[str] = set()

    def __iter__(self) -> Iterator[tuple[str, int]]:
        parts = list_parts(self.draft, self.document.get("defaults", Map()))
        parts.sort(key=lambda part: part[0] != "prompt")
        for field, _, owner in parts:
            yield field, owner.at(field)
        for _, text, _ in parts:
            yield from self.names(text)

    def names(self, text: str) -> Iterator[tuple[str, int]]:
        """Walk the names in a text, and those in what they stand for."""
        for name in names_in(text):
            if name in self.seen:
                continue
            self.seen.add(name)
            place = self.find(name)
            if place is None:
                continue
            owner, key = place
            yield f"${{{name}}}", owner.at(key)
            yield from self.names(owner[key])

    def find(self, name: str) -> tuple[Map, str] | None:
        """Return the mapping and the key that give a name its text, nearest first."""
        draft = self.draft
        if name in ("key", "title", "base.name", "campaign"):
            return None
        combination = draft.combination
        if combination is not None and name in combination.literals:
            return None
        if combination is not None and name in combination.templates:
            return self.find_in_matrix(name, combination.templates[name])
        for owner in (draft.fields, self.document):
            declared = owner.get("variables")
            if isinstance(declared, Map) and name in declared:
                return None if owner is self.document and name in self.given else (declared, name)
        return None

    def find_in_matrix(self, name: str, text: str) -> tuple[Map, str] | None:
        """Return where a matrix gives a name its text: an ``include`` entry, else an axis."""
        axis, is_text = name.removesuffix(".text"), name.endswith(".text")
        for item in reversed(self.draft.fields.get("include", ())):
            written = item.get(axis)
            if not self.matches(item):
                continue
            if is_text and isinstance(written, Map) and text in written.values():
                return written, next(iter(written))
            if not is_text and written == text:
                return item, axis
        values = self.draft.fields.get("axes", {}).get(axis)
        key = dict(self.draft.combination.axes).get(axis) if self.draft.combination else None
        for mapping in [values] if isinstance(values, Map) else values or ():
            if isinstance(mapping, Map) and key in mapping:
                return mapping, str(key)
        return None

    def matches(self, item: Map) -> bool:
        """Return whether an ``include`` entry holds for this look's combination."""
        combination = self.draft.combination
        if combination is None:
            return False
        axes = dict(combination.axes)
        return all(
            axes.get(name, combination.templates.get(name)) == _key_of(value)
            for name, value in item.items()
        )


def _key_of(value: Any) -> Any:
    return next(iter(value)) if isinstance(value, Map) else value
