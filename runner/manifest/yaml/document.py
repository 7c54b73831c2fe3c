"""YAML events → a document of mappings, lists and scalars that remember their places.

PyYAML's C parser gives the events where it is installed. Only numbers are kept of their places and
every event goes as soon as it is read, which keeps reading at a fraction of ``CSafeLoader``'s time.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from runner.manifest.diagnostics import Findings
from runner.manifest.yaml.nodes import Broken, Map, Seq
from runner.manifest.yaml.scalars import NUMERIC, WORDS, Ambiguous, describe, resolve
from runner.manifest.yaml.source import COLUMN_BITS, MAX_CHARS, line_of

MAX_DEPTH = 50
"""Nesting that no manifest needs; deeper is an accident or an attack."""

MAX_ALIASED = 200_000
"""How many values may come out of aliases, beside ten for each value that is written out."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class _Stop(Exception):
    """Reading cannot go on in this document; the reason is among the findings."""


class _Anchored(NamedTuple):
    value: Any
    weight: int


def parse_yaml(text: str, findings: Findings) -> Any:
    """Read one YAML document; None where it is empty or could not be read to its end."""
    if not text.isascii():
        from runner.manifest.yaml.odd_spaces import report_odd_spaces

        if report_odd_spaces(findings):
            return None
    stream = None
    try:
        stream = _LOADER(text)
        return _Reader(stream.get_event, findings).document()
    except _Stop:
        return None
    except yaml.YAMLError as error:
        from runner.manifest.yaml.syntax import report_syntax

        report_syntax(error, findings)
        return None
    finally:
        if stream is not None:
            stream.dispose()


def mark_of(event: Any) -> int:
    """Pack an event's place into one number, as ``Map.marks`` and ``Seq.marks`` keep it."""
    mark = event.start_mark
    return int((mark.line << COLUMN_BITS) + mark.column)


class _Reader:
    """Turns one stream of events into a document."""

    def __init__(self, get_event: Callable[[], Event], findings: Findings) -> None:
        self.get_event = get_event
        self.findings = findings
        self.anchors: dict[str, _Anchored] = {}
        self.nodes = self.aliased = 0

    def document(self) -> Any:
        get_event = self.get_event
        start = get_event()
        while isinstance(start, StreamStartEvent | DocumentStartEvent):
            start = get_event()
        if isinstance(start, StreamEndEvent):
            return None
        value = self.node(start, 0)
        after = get_event()
        while isinstance(after, DocumentEndEvent):
            after = get_event()
        if not isinstance(after, StreamEndEvent):
            self.findings.report(
                "yaml-documents",
                "a second YAML document begins here; a manifest is one document",
                mark_of(after),
                hint="Remove the `---`, or put the second campaign into a file of its own.",
            )
        return value

    def node(self, event: Any, depth: int) -> Any:
        """Build the value that an event begins."""
        kind = type(event)
        if kind is AliasEvent:
            return self.alias(event)
        if event.anchor is not None:
            return self.anchored(event, depth)
        if kind is ScalarEvent:
            return self.scalar(event)
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            self.refuse_tag(event)
        if depth >= MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep here"
            self.findings.report("yaml-depth", message, mark_of(event))
            raise _Stop
        return self.mapping(depth + 1) if kind is MappingStartEvent else self.sequence(depth + 1)

    def mapping(self, depth: int) -> Map:
        """Build a mapping up to its end."""
        # The usual scalars are read in line: this loop is most of the time that reading takes.
        get_event = self.get_event
        result = Map()
        marks = result.marks
        merges: list[tuple[Any, Any]] = []
        while True:
            key_event: Any = get_event()
            kind = type(key_event)
            if kind is ScalarEvent:
                key = key_event.value
                if (
                    key in WORDS
                    or key[0] in NUMERIC
                    or key_event.anchor is not None
                    or key_event.tag is not None
                ):
                    key = self.key(key_event, depth)
            elif kind is MappingEndEvent:
                break
            else:
                key = self.key(key_event, depth)
            event: Any = get_event()
            if type(event) is ScalarEvent and event.anchor is None and event.tag is None:
                value = event.value
                if value in WORDS or value[0] in NUMERIC:
                    value = self.scalar(event)
            else:
                value = self.node(event, depth)
            if key is None or key in result:
                self.skip(result, key, key_event)
                continue
            if len(key) > MAX_CHARS or (type(value) is str and len(value) > MAX_CHARS):
                self.check_length(key, key_event, value, event)
            if key == "<<" and not key_event.style:
                merges.append((event, value))
                continue
            result[key] = value
            mark = key_event.start_mark
            marks.append((mark.line << COLUMN_BITS) + mark.column)
            mark = event.start_mark
            marks.append((mark.line << COLUMN_BITS) + mark.column)
        self.nodes += 2 * len(result)
        for event, value in merges:
            self.merge(result, event, value)
        return result

    def sequence(self, depth: int) -> Seq:
        """Build a list up to its end."""
        result = Seq()
        while True:
            event = self.get_event()
            if type(event) is SequenceEndEvent:
                self.nodes += len(result)
                return result
            value = self.node(event, depth)
            if type(value) is str and len(value) > MAX_CHARS:
                self.refuse_long(value, event)
            result.append(value)
            result.marks.append(mark_of(event))

    def scalar(self, event: Any) -> Any:
        """Build a scalar that may be more than text."""
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            self.refuse_tag(event)
            return event.value
        if event.style or event.tag is not None:
            return event.value
        value = resolve(event.value)
        if isinstance(value, Ambiguous):
            self.findings.report(
                "ambiguous-number",
                f"`{value.text}` is a number to some YAML readers and text or another number"
                " to others",
                mark_of(event),
                hint=f'Write "{value.text}" in quotes if it is text, else plain decimal digits.',
            )
        return value

    def key(self, event: Any, depth: int) -> str | None:
        """Read a mapping's key that is not simply text; None where it cannot be one."""
        value = self.node(event, depth)
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            self.findings.report(
                "key-not-text",
                f"{describe(value)} cannot be a key",
                mark_of(event),
                hint="If text that begins with `{` or `[` is meant, put it in quotes.",
            )
            return None
        text = event.value if isinstance(event, ScalarEvent) else str(value)
        if not isinstance(value, Ambiguous):
            said = f"`{text}` is {describe(value)} in YAML" if text else "a key is missing here"
            hint = f'Put it in quotes: "{text}":' if text else "Write the key before the colon."
            self.findings.report(
                "key-not-text", f"{said}; keys are text", mark_of(event), hint=hint
            )
        return text

    def skip(self, mapping: Map, key: str | None, event: Event) -> None:
        """Report a key that is given twice; one that cannot be a key was reported."""
        if key is None:
            return
        if self.findings.full:
            self.findings.report("duplicate-key", "", 0)
            return
        first = line_of(mapping.key_at(key))
        self.findings.report(
            "duplicate-key",
            f"`{key}` is given twice; the first is on line {first}",
            mark_of(event),
            hint="Remove one, or rename it. YAML would silently keep the last.",
        )

    def merge(self, mapping: Map, event: Event, value: Any) -> None:
        """Merge what ``<<`` names: keys that the mapping itself gives stay as they are."""
        for source in value if isinstance(value, Seq) else [value]:
            if isinstance(source, Broken):
                continue
            if not isinstance(source, Map):
                self.findings.report(
                    "yaml-merge",
                    f"`<<` merges mappings, and this is {describe(source)}",
                    mark_of(event),
                    hint="Give it an alias: `<<: *name`, where `&name` marks a mapping.",
                )
                return
            for position, (key, merged) in enumerate(source.items()):
                if key not in mapping:
                    mapping[key] = merged
                    mapping.marks += source.marks[2 * position : 2 * position + 2]

    def anchored(self, event: Any, depth: int) -> Any:
        """Build a node that has an anchor; it can be named from its end on."""
        name, event.anchor = event.anchor, None
        before = self.nodes
        value = self.node(event, depth)
        self.anchors[name] = _Anchored(value, self.nodes - before + 1)
        return value

    def alias(self, event: AliasEvent) -> Any:
        """Look up what an alias names, and count it as if it were written out."""
        name: Any = event.anchor
        known = self.anchors.get(name)
        if known is None:
            self.findings.report(
                "yaml-alias",
                f"`*{name}` has no `&{name}` before it",
                mark_of(event),
                hint=f"Mark the value with `&{name}` above this line; if the text begins with"
                " an asterisk, put it in quotes.",
            )
            return Broken()
        self.nodes += known.weight
        self.aliased += known.weight
        if self.aliased > MAX_ALIASED + 10 * (self.nodes - self.aliased):
            message = f"with every alias followed, there would be over {self.aliased:,} values here"
            hint = "Write the values out; aliases of aliases of aliases multiply."
            self.findings.report("yaml-alias-bomb", message, mark_of(event), hint=hint)
            raise _Stop
        return known.value

    def check_length(self, key: str, key_event: Any, value: Any, event: Any) -> None:
        """Refuse a long key, or a long text that is no picture and no anchor of one."""
        if len(key) > MAX_CHARS:
            self.refuse_long(key, key_event)
        if key != "data" and not key.startswith("x-"):
            self.refuse_long(value, event)

    def refuse_long(self, text: str, event: Any) -> NoReturn:
        """Report a text that no manifest needs, and read no further."""
        self.findings.report(
            "text-too-long",
            f"this text has {len(text):,} characters, and no text may have more than {MAX_CHARS:,}",
            mark_of(event),
            hint="A prompt has 1,000 at most. Keep pictures in files of their own.",
        )
        raise _Stop

    def refuse_tag(self, event: NodeEvent) -> None:
        tag = str(getattr(event, "tag", "")).replace("tag:yaml.org,2002:", "!!")
        self.findings.report(
            "yaml-tag",
            f"the tag `{tag}` is not part of the manifest language",
            mark_of(event),
            hint="Remove it; put text that begins with `!` in quotes.",
        )
