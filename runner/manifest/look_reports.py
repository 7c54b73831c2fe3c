"""What is wrong with a look's name and prompt, told at the place where it is written."""

import re
from collections.abc import Mapping, Sequence

from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft
from runner.manifest.template import names_in
from runner.manifest.yaml.nodes import Map
from runner.manifest.yaml.source import line_of

LONGEST_PROMPT = 1000
"""Characters of a prompt as it is sent (docs/api-facts.md)."""

LONGEST_NAME = 255
"""Characters of a name at HeyGen (docs/api-facts.md)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_clean(text: str) -> bool:
    """Return whether a text has no control characters."""
    return text.isprintable() or _CONTROL.search(text) is None


def check_name(findings: Findings, draft: Draft, name: str, title: str) -> None:
    """Report a name that the API refuses; ``title`` is part of one that is made from it."""
    field = "name" if "name" in draft.fields else "title"
    if not is_clean(name) and (field == "name" or is_clean(title)):
        report_control_character(findings, draft, "name", name)
    if len(name) > LONGEST_NAME:
        made = "" if field == "name" else f", made from base name and {field},"
        message = f"the name{made} has {len(name):,} characters and the API takes {LONGEST_NAME}"
        hint = "Shorten the title, or give the look a `name` of its own."
        _report(findings, draft, "name-too-long", message, field, hint=hint)


def report_control_character(findings: Findings, draft: Draft, field: str, text: str) -> None:
    """Report a character in a text that the API refuses."""
    found = _CONTROL.search(text)
    char = found[0] if found else ""
    if char in "\r\n":
        message, hint = f"the {field} has a line break in it", "Write it on one line."
        if char == text[-1:]:
            hint = "Write it on one line, or `|-` in place of `|`."
    else:
        message = f"the {field} holds the control character U+{ord(char or ' '):04X}"
        hint = "Take it out, or put a space there; the API refuses it."
    _report(findings, draft, "control-character", message, field, hint=hint)


def report_empty_prompt(findings: Findings, draft: Draft) -> None:
    """Report that nothing is left of a prompt."""
    message = "the prompt is empty once everything is put in"
    hint = "Say what the picture shows."
    _report(findings, draft, "prompt-empty", message, "prompt", hint=hint)


def report_long_prompt(
    findings: Findings,
    draft: Draft,
    prompt: str,
    parts: Sequence[tuple[str, str, Map]],
    texts: Sequence[str],
    *,
    own: Mapping[str, str],
) -> None:
    """Report how long the prompt is, and which part came from where."""
    shares = []
    for (field, written, owner), text in zip(parts, texts, strict=True):
        share = f"{len(text):,} from `{field}`"
        if field != "prompt":
            share += f" (line {line_of(owner.at(field))})"
        expanded = [
            (name, draft.scope.expand(f"${{{name}}}", own)[0]) for name in names_in(written)
        ]
        if expanded:
            longest = sorted(expanded, key=lambda pair: -len(pair[1]))[:3]
            named = ", ".join(f"{len(value):,} by `${{{name}}}`" for name, value in longest)
            share += f", of which {named}"
        shares.append(share)
    length, over = f"{len(prompt):,}", len(prompt) - LONGEST_PROMPT
    message = f"the prompt has {length} characters and the API takes {LONGEST_PROMPT:,}: "
    message += "; ".join(shares)
    hint = f"Take {over:,} characters out."
    _report(findings, draft, "prompt-too-long", message, "prompt", hint=hint)


def _report(
    findings: Findings, draft: Draft, code: str, message: str, field: str, *, hint: str
) -> None:
    fold = draft.combination is not None
    findings.report(code, message, draft.at(field), look=draft.key, hint=hint, fold=fold)
