"""What people type that is valid, and is read otherwise than they mean it."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft
from runner.manifest.matrix import Axes
from runner.manifest.template import Scope, names_in
from runner.manifest.yaml.nodes import Map, Seq
from runner.manifest.yaml.source import COLUMN_BITS, Source

_NO_TEXT = frozenset(
    {
        *("avatar_id", "avatar_group_id", "existing", "look", "asset_id", "url", "data", "id"),
        *("type", "media_type", "version", "exclude", "zip", "takes", "retries", "max_looks"),
        *("budget", "prices"),
    }
)
"""Fields in which nobody writes `#` as a part of what they mean."""

_CUT = re.compile(r"[^\S\n]#(?=[^\s#!])")
_STYLED = tuple("\"'|>&*!")
_MAX_TEXT_LINES = 30
"""Lines of a plain text within which its end is looked for."""

_CURLY = (("“", "”"), ("„", "“"), ("„", "”"), ("‘", "’"), ("«", "»"))
_STRAY = {"\u00ad": "a soft hyphen (U+00AD)", "\ufffd": "U+FFFD, what is left of a lost character"}
_STRAY |= {"\ufffc": "U+FFFC, the place of a lost object", "\u180e": "U+180E, which nobody sees"}
_STRAYS = f"[{''.join(_STRAY)}]"

_NAME = r"([A-Za-z_][\w-]*(?:\.\w+)?)"
_FORMS = (
    rf"\$\{{[^{{}}]*\}}|\{{\{{\s*{_NAME}\s*\}}\}}|\{{\s*{_NAME}\s*\}}|%{_NAME}%|\$\(\s*{_NAME}\s*\)"
    rf"|\$env:{_NAME}|\$([A-Za-z_]\w*)|<{_NAME}>|\[\s*{_NAME}\s*\]"
)
"""The right form first, so that it is passed over; then those of shells and of other tools."""

_OPENING = re.compile(r"[{%<\[$]")
"""What each of them begins with: most texts have none."""

_PROMPT_FIELDS = ("prompt_prefix", "prompt", "prompt_suffix")
_PAID = (*_PROMPT_FIELDS, "title", "name")


def check_written(document: Map, source: Source, findings: Findings) -> None:
    """Report texts that YAML cuts at a ``#``, and characters that nobody meant."""
    text = source.text
    doubtful = (
        {number for number, line in enumerate(source.lines) if _CUT.search(line)}
        if ("#" in text and _CUT.search(text))
        else set[int]()
    )
    odd = not text.isascii()
    if not doubtful and not odd:
        return
    lines = sorted(doubtful)
    for value, mark in _texts(document):
        if lines:
            _check_comment(value, mark, lines, source, findings)
        if odd and not value.isascii():
            _check_characters(value, mark, findings)


def _texts(node: Map | Seq) -> Iterator[tuple[str, int]]:
    """Return the texts of a document with their places."""
    pending: list[Map | Seq] = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, Map):
            marks = node.marks
            for position, (key, value) in enumerate(node.items()):
                if isinstance(value, str):
                    if key not in _NO_TEXT:
                        yield value, marks[2 * position + 1]
                elif isinstance(value, Map | Seq) and key not in _NO_TEXT:
                    pending.append(value)
        else:
            for item, mark in zip(node, node.marks, strict=False):
                if isinstance(item, str):
                    yield item, mark
                elif isinstance(item, Map | Seq):
                    pending.append(item)


def _check_comment(
    value: str, mark: int, doubtful: list[int], source: Source, findings: Findings
) -> None:
    line, column = mark >> COLUMN_BITS, mark & (1 << COLUMN_BITS) - 1
    following = bisect_left(doubtful, line)
    if following == len(doubtful) or doubtful[following] > line + _MAX_TEXT_LINES:
        return
    first = source.line(line + 1)
    if first.startswith(_STYLED, column) or value.startswith("https://"):
        return
    lost = _after(value, [first, *source.lines[line + 1 : line + 1 + _MAX_TEXT_LINES]], column)
    if lost is None:
        return
    findings.report(
        "text-cut-by-comment",
        f"YAML ends this text before `{lost[:40]}`: what follows a ` #` is a comment",
        mark,
        hint="Put quotes around the whole text. If it is a comment, write a space after `#`.",
    )


_SPACES = re.compile(r"\s*")
_COMMENT = re.compile(r"\s+(#[^\s#!].{0,80})")


def _after(value: str, lines: Iterable[str], at: int) -> str | None:
    """Return the comment that directly follows a plain text, unless a space follows its ``#``."""
    words, next_word = value.split(), 0
    for line in lines:
        while next_word < len(words):
            begin = _SPACES.match(line, at).end()  # type: ignore[union-attr]  # it matches nothing too
            if not line.startswith(words[next_word], begin):
                break
            at, next_word = begin + len(words[next_word]), next_word + 1
        if next_word == len(words):
            comment = _COMMENT.match(line, at)
            return comment[1].rstrip() if comment else None
        if _SPACES.match(line, at).end() < len(line):  # type: ignore[union-attr]
            return None
        at = 0
    return None


def _check_characters(value: str, mark: int, findings: Findings) -> None:
    stray = re.search(_STRAYS, value)
    if stray is not None:
        hint = "It is sent as it is. Take it out before the look is bought: later it is an edit."
        message = f"this text holds {_STRAY[stray[0]]}"
        findings.report("stray-character", message, mark, hint=hint, needle=stray[0])
    tidy = value.strip()
    if len(tidy) > 1 and any(tidy[0] == first and tidy[-1] == last for first, last in _CURLY):
        hint = "Replace them by straight quotes, which YAML takes away, or leave them out."
        message = f"the quotes {tidy[0]}…{tidy[-1]} are part of the text, and are sent"
        findings.report("quotes-as-text", message, mark, hint=hint)


# --- names in texts -------------------------------------------------------------------------------


class _Names:
    """The names that scopes know, found in whatever case. Each mapping of a scope is read once."""

    def __init__(self) -> None:
        self._lowered: dict[int, dict[str, str]] = {}

    def find(self, scope: Scope, name: str) -> str | None:
        """Return the name that a scope has for this one."""
        lowered = name.lower()
        if lowered in ("key", "title"):
            return lowered
        for names in (*scope.literals.maps, *scope.templates.maps):
            known = self._lowered.get(id(names))
            if known is None:
                known = self._lowered[id(names)] = {one.lower(): one for one in names}
            if lowered in known:
                return known[lowered]
        return None


def placeholder_in(text: str, find: Callable[[str], str | None]) -> tuple[str, str] | None:
    """Return a name that a text gives in a wrong form, as it is written, and the name.

    ``find`` returns the known name that is meant by a written one, if there is one.
    """
    for match in re.finditer(_FORMS, text):
        name = next(filter(None, match.groups()), None)
        known = None if name is None else find(name)
        if known is not None:
            return match[0], known
    return None


def check_placeholders(drafts: Mapping[str, Draft], defaults: Map, findings: Findings) -> None:
    """Report names that are known and stand in a form that means nothing here, as ``{outfit}``."""
    done: set[int] = set()
    names = _Names()
    for draft in drafts.values():
        for owner in (draft.fields, defaults):
            if id(owner) in done:
                continue
            if draft.combination is not None or owner is defaults:
                done.add(id(owner))
            for field in _PAID:
                text = owner.get(field)
                if isinstance(text, str) and _OPENING.search(text):
                    _check_placeholder(draft, owner, field, text, findings, names=names)


def _check_placeholder(
    draft: Draft, owner: Map, field: str, text: str, findings: Findings, *, names: _Names
) -> None:
    wrong = placeholder_in(text, partial(names.find, draft.scope))
    if wrong is None:
        return
    written, name = wrong
    findings.report(
        "placeholder-as-text",
        f"`{written}` is sent as it stands; nothing is put in for it",
        owner.at(field),
        look=draft.key,
        hint=f"Write `${{{name}}}`.",
        needle=written,
        fold=draft.combination is not None,
    )


def check_axis_texts(entry: Map, axes: Axes, defaults: Map, mark: int, findings: Findings) -> None:
    """Report an axis whose texts are written and not used where its keys are."""
    prompt = _names_of(entry.get(field, defaults.get(field)) for field in _PROMPT_FIELDS)
    everywhere = prompt | _names_of(entry.values()) | _names_of(defaults.values())
    for variables in (entry.get("variables"), entry.get("x-variables")):
        prompt |= _names_of([variables])
    for axis, values in axes.items():
        text = f"{axis}.text"
        if all(key == value for key, value in values.items()) or text in prompt:
            continue
        if axis in prompt or text not in everywhere:
            findings.report(
                "axis-text-unused",
                f"axis `{axis}` has texts, and nothing here uses `${{{text}}}`",
                mark,
                hint=f"`${{{axis}}}` is the key of a value. In the prompt write `${{{text}}}` for"
                " what is written behind it. What is bought already would be bought again.",
            )


def _names_of(values: Iterable[Any]) -> set[str]:
    """Collect the names that texts use, those in lists and mappings included."""
    found: set[str] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            found.update(names_in(value))
        elif isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return found
