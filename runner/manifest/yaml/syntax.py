"""What the YAML parser stumbled over, in the reader's words.

libyaml says "did not find expected key"; a person with a page of outfits needs to hear which
character it was, and what to type instead.
"""

import re

import yaml

from runner.manifest.diagnostics import Findings
from runner.manifest.yaml.source import Span

_QUOTE = "If it is meant as text, put the whole value in quotes."
_INDENT = "Line it up with its neighbours: every level is indented by two spaces, never by tabs."

_WINDOWS_PATH = re.compile(r'"([^"]*\\[^"]*\.[A-Za-z]{3,4})"')
_BRACKET_VALUE = re.compile(r"\s*(?:- +)?[^\s:#][^:#]*:\s+([\[{])")

# (what the parser says, what we say, what to do); "{context}" is the line the parser came from.
_EXPLAINED = (
    (
        "mapping values are not allowed",
        "a second `: ` in one value, or a line that is indented too far",
        "Text that contains `: ` needs quotes around all of it; otherwise check the indentation.",
    ),
    (
        "could not find expected ':'",
        "this line has no `:`, and does not continue the text above it",
        "Write `key: value`. Text over several lines is indented deeper than its key.",
    ),
    (
        "unexpected end of stream",
        "the quotation marks that open here are never closed",
        "Close them. An apostrophe inside '...' is written twice, or use \"...\".",
    ),
    (
        "expected ',' or ']'",
        "the list that opens with `[` on line {context} is not closed, or lacks a comma",
        "Put commas between the items and `]` at the end; items with `,` or `: ` need quotes.",
    ),
    (
        "expected ',' or '}'",
        "the mapping that opens with `{{` on line {context} is not closed, or lacks a comma",
        "Put commas between the pairs and `}` at the end; values with `,` or `: ` need quotes.",
    ),
    (
        "expected alphabetic or numeric character",
        "`*` and `&` begin an alias or an anchor in YAML, and no name follows",
        _QUOTE,
    ),
    ("undefined tag handle", "`!` begins a tag in YAML", _QUOTE),
    (
        "expected '-' indicator",
        "this line does not belong to the list above it",
        _INDENT,
    ),
    (
        "expected <document start>",
        "the text goes on after the manifest's end",
        "Everything hangs under keys such as `looks:`; check the indentation of this line.",
    ),
    ("expected key", "this line is not indented like its neighbours", _INDENT),
    ("expected <block end>", "this line is not indented like its neighbours", _INDENT),
    (
        "characters are not allowed",
        "an invisible control character",
        "Delete it and type the text again; it often comes from copying out of another program.",
    ),
)


def report_syntax(error: yaml.YAMLError, findings: Findings) -> None:
    """Report where and why reading stopped."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        span = Span(mark.line + 1, mark.column + 1) if mark else Span(1, 1)
        context = error.context_mark.line + 1 if error.context_mark else span.line
        problem = error.problem or "not YAML"
    else:
        span, context, problem = _control_character(findings), 1, "characters are not allowed"
    if "unexpected end of stream" in problem and isinstance(error, yaml.MarkedYAMLError):
        opened = error.context_mark
        span = Span(opened.line + 1, opened.column + 1) if opened else span
    if span.line > len(findings.source.lines):
        span = findings.source.end()
    if "maximum nesting depth" in problem:  # the C parser's own bound, before it tells an event
        findings.report("yaml-depth", "nested too deeply here", span)
        return
    line = findings.source.line(span.line)
    character = line[span.column - 1 : span.column]
    if "cannot start any token" in problem or "\t" in line[: span.column]:
        _report_character(character, line, span, findings)
        return
    if _report_quoting(problem, line, span, findings):
        return
    for said, message, hint in _EXPLAINED:
        if said in problem:
            if "expected ','" in problem and "${" in line:
                hint = "Inside {...} and [...], text with `${...}` needs quotes around all of it."  # noqa: PLW2901  (the better hint)
            findings.report("yaml-syntax", message.format(context=context), span, hint=hint)
            return
    findings.report("yaml-syntax", f"YAML cannot read this: {problem}", span, hint=_QUOTE)


def _report_quoting(problem: str, line: str, span: Span, findings: Findings) -> bool:
    """Report a value that needs other quotation marks, or some; return whether it is that."""
    before, after = line[: span.column - 1], line[span.column - 1 :]
    if "escape" in problem or "hexdecimal" in problem:  # libyaml spells it so
        path = _WINDOWS_PATH.search(line)
        hint = "Write the backslash twice, or use '...' instead of \"...\"."
        if path is not None:
            written = re.sub(r"[\\]+", "/", path[1])
            hint = f'Write a path with /: "{written}".'
        message = 'a backslash in "..." begins an escape that YAML does not know'
        findings.report("yaml-syntax", message, span, hint=hint)
        return True
    last = before.rstrip()[-1:]
    in_brackets = "expected ','" in problem
    if last in ("'", '"') and after[:1].strip() and (before[-1:] == last or not in_brackets):
        inside = "an apostrophe" if last == "'" else "a quotation mark"
        other = '"..."' if last == "'" else "'...'"
        written = "''" if last == "'" else '\\"'
        message = f"the text in {last}...{last} ends before this: {inside} in it ends it"
        hint = f"Put {other} around all of it, or write {written} for the one inside."
        findings.report("yaml-syntax", message, span, hint=hint)
        return True
    if last in ("}", "]") and not in_brackets and (opened := _BRACKET_VALUE.match(line)):
        kind = "mapping" if opened[1] == "{" else "list"
        message = f"a value that begins with `{opened[1]}` is a {kind}, and it ends before this"
        hint = f'If it is meant as text, put quotes around all of it: "{opened[1]}...".'
        findings.report("yaml-syntax", message, span, hint=hint)
        return True
    return False


def _report_character(character: str, line: str, span: Span, findings: Findings) -> None:
    tab = line.find("\t")
    if 0 <= tab < span.column:
        findings.report(
            "yaml-tab",
            "a tab; YAML is indented with spaces",
            Span(span.line, tab + 1),
            hint="Replace each tab by two spaces (editors can convert the whole file).",
        )
        return
    findings.report("yaml-syntax", f"a value cannot begin with `{character}`", span, hint=_QUOTE)


def _control_character(findings: Findings) -> Span:
    """Find what a YAML reader refuses; it tells an offset whose unit depends on the reader."""
    allowed = "\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
    refused = re.compile(f"[^{allowed}]")
    for number, line in enumerate(findings.source.lines, 1):
        match = refused.search(line)
        if match:
            return Span(number, match.start() + 1)
    return Span(1, 1)
