"""A prompt edited where it stands in the manifest: proposed with its price first, then written.

What is proposed is bound to the bytes that were read. A file that changed meanwhile stays as it is.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from runner.errors import ManifestError, UsageError
from runner.files import read_file, write_atomic
from runner.manifest import load
from runner.manifest.diagnostics import count_findings
from runner.manifest.prompt_parts import PromptPart, edit_part, find_parts
from runner.manifest.yaml.source import LINE_END, MAX_TEXT_BYTES, Source, Unreadable, decode_source
from runner.model import Campaign
from runner.plan.edit_effect import EditEffect, measure_effect
from runner.plan.pricing import apply_quotes, quote_prices
from runner.takes import Snapshot

_BOM = b"\xef\xbb\xbf"
_CONTEXT_LINES = 2


@dataclass(frozen=True, slots=True)
class PromptEdit:
    """An edit that can be shown, and written.

    ``before`` are the manifest's bytes as they were read, ``sha256`` is theirs, and ``data`` are
    the bytes that it will hold. ``diff`` are the lines of a unified difference.
    """

    manifest: Path
    sha256: str
    part: PromptPart
    before: bytes
    data: bytes
    diff: tuple[str, ...]
    effect: EditEffect


def list_prompt_parts(
    manifest: Path, variables: Mapping[str, str], look: str
) -> tuple[str, tuple[PromptPart, ...]]:
    """Return the manifest's SHA-256 and the parts of one look's prompt. Raises UsageError."""
    data, source = _read(manifest)
    return hashlib.sha256(data).hexdigest(), find_parts(source, variables).get(look, ())


def propose_edit(
    manifest: Path,
    variables: Mapping[str, str],
    snapshot: Snapshot,
    *,
    look: str,
    part: str,
    text: str,
    sha256: str | None = None,
) -> PromptEdit:
    """Return what the manifest becomes with another text for one part of a look's prompt.

    ``part`` is its name (``PromptPart.name``); ``sha256`` is that of the file as the person saw it.
    Raises UsageError where the file is another one by now, where there is no such part, and where
    the manifest could not be used afterwards. Writes nothing.
    """
    data, source = _read(manifest)
    digest = hashlib.sha256(data).hexdigest()
    if sha256 not in (None, digest):
        raise _refuse_changed(manifest)
    parts = {known.name: known for known in find_parts(source, variables).get(look, ())}
    if part not in parts:
        known = ", ".join(parts) or "none"
        raise UsageError(
            f"The prompt of {look} has no part {part} that can be edited in {manifest}.",
            hint=f"Its parts are: {known}.",
        )
    try:
        changed = edit_part(source, parts[part], text)
    except ValueError as error:
        raise UsageError(f"This text cannot be written into {manifest}: {error}.") from error
    before, after = (
        load(manifest, variables=variables, hints=False, text=version)
        for version in (source.text, changed)
    )
    if before.campaign is None or after.campaign is None:
        wrong = (after if before.campaign else before).diagnostics
        raise ManifestError(f"{manifest} could not be used: {count_findings(wrong)}.", wrong)
    return PromptEdit(
        manifest,
        digest,
        parts[part],
        data,
        (_BOM if data.startswith(_BOM) else b"") + changed.encode(),
        _diff(manifest.name, source.text, changed),
        measure_effect(
            _price(before.campaign, snapshot), _price(after.campaign, snapshot), snapshot
        ),
    )


def write_edit(edit: PromptEdit) -> str:
    """Write a proposed edit; return the file's SHA-256. Raises as ``replace_manifest`` does."""
    return replace_manifest(edit.manifest, edit.data, sha256=edit.sha256)


def replace_manifest(manifest: Path, data: bytes, *, sha256: str) -> str:
    """Write a manifest, whole or not at all; the file keeps its permissions. Return its SHA-256.

    Raises UsageError where it is not the file of ``sha256`` any more, StorageError where it cannot
    be written.
    """
    if manifest.is_symlink():
        raise UsageError(
            f"{manifest} is a symbolic link, and only a file itself is edited.",
            hint=f"Work with {os.path.realpath(manifest)}.",
        )
    found, _ = _read(manifest)
    if hashlib.sha256(found).hexdigest() != sha256:
        raise _refuse_changed(manifest)
    write_atomic(manifest, data, mode=stat.S_IMODE(manifest.stat().st_mode))
    return hashlib.sha256(data).hexdigest()


def _price(campaign: Campaign, snapshot: Snapshot) -> Campaign:
    """Return a campaign with the prices that this account is known to take."""
    return apply_quotes(campaign, quote_prices(campaign, snapshot))


def _read(manifest: Path) -> tuple[bytes, Source]:
    try:
        data = read_file(manifest, MAX_TEXT_BYTES)
        return data, decode_source(manifest, data)
    except Unreadable as error:
        raise UsageError(f"{manifest} cannot be read: {error.message}.", hint=error.hint) from error
    except OSError as error:
        raise UsageError(f"{manifest} cannot be read: {error.strerror or error}.") from error


def _refuse_changed(manifest: Path) -> UsageError:
    return UsageError(
        f"{manifest} changed meanwhile; it was left as it is.",
        hint="Look at the new text, then edit again.",
    )


def _diff(name: str, before: str, after: str) -> tuple[str, ...]:
    old, new = LINE_END.split(before), LINE_END.split(after)
    return tuple(unified_diff(old, new, name, name, n=_CONTEXT_LINES, lineterm=""))
