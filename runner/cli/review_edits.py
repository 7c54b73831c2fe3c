"""Prompts edited from the review page: proposed, written into the manifest, and taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.cli.prompt_edit import (
    PromptEdit,
    list_prompt_parts,
    propose_edit,
    replace_manifest,
    write_edit,
)
from runner.plan.request import Request
from runner.takes import Snapshot

MAX_UNDO = 20
"""Edits that can be taken back."""


@dataclass(frozen=True, slots=True)
class _Written:
    """An edit that was written: the file's SHA-256 since, and its bytes before."""

    sha256: str
    before: bytes


class ManifestEdits:
    """The edits of one manifest, as long as the page is served."""

    def __init__(self, request: Request) -> None:
        self._manifest = request.manifest
        self._variables = dict(request.variables)
        self._written: list[_Written] = []

    def list_parts(self, look: str) -> dict[str, Any]:
        """Return the texts that a look's prompt is made of, and the file that they stand in."""
        sha256, parts = list_prompt_parts(self._manifest, self._variables, look)
        return {
            "sha256": sha256,
            "parts": [
                {"name": part.name, "text": part.text, "line": part.line, "looks": list(part.looks)}
                for part in parts
            ],
        }

    def propose(self, snapshot: Snapshot, asked: Mapping[str, Any]) -> PromptEdit:
        """Return what an edit changes and costs. Raises UsageError; writes nothing."""
        return propose_edit(
            self._manifest,
            self._variables,
            snapshot,
            look=str(asked["look"]),
            part=str(asked["part"]),
            text=str(asked["text"]),
            sha256=str(asked["sha256"]),
        )

    def write(self, edit: PromptEdit) -> str:
        """Write an edit that was proposed; return the file's SHA-256. Raises UsageError."""
        sha256 = write_edit(edit)
        self._written = [*self._written, _Written(sha256, edit.before)][-MAX_UNDO:]
        return sha256

    def undo(self, sha256: str) -> bool:
        """Put back what was there before an edit, byte by byte; return whether it is known.

        Raises UsageError where the file changed since.
        """
        written = next((known for known in self._written if known.sha256 == sha256), None)
        if written is None:
            return False
        replace_manifest(self._manifest, written.before, sha256=sha256)
        self._written.remove(written)
        return True


def describe_edit(edit: PromptEdit) -> dict[str, Any]:
    """Return a proposed edit as the page shows it: the lines, who shares them, and the sum."""
    effect = edit.effect
    return {
        "manifest": edit.manifest.name,
        "line": edit.part.line,
        "before": edit.part.text,
        "diff": list(edit.diff),
        "shared": list(edit.part.looks),
        "changed": list(effect.changed),
        "cost_usd": float(effect.cost),
        "stale": list(effect.stale),
        "renewal_usd": float(effect.renewal),
    }
