"""Looks that could not be made, grouped by cause, each group with what helps. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.cli.format import name_some
from runner.cli.terminal import escape_text
from runner.policy.cures import Cure, find_cure
from runner.results.model import ErrorEntry, LookEntry
from runner.shell import quote_command
from runner.words import ERROR_WORDS

MAX_SELECTED = 20
"""So many looks are named in a command to be copied."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Looks that failed for one cause, and those that are ``blocked`` because of them."""

    code: str
    message: str
    cure: Cure
    looks: tuple[str, ...]
    blocked: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every look that the group tells of."""
        return self.looks + self.blocked


def group_failures(
    looks: Iterable[LookEntry], failed_now: Collection[str] = ()
) -> list[FailureGroup]:
    """Group looks that failed by their cause, in the order of their first look.

    What is blocked stands with the look at the root of it: a failed base is one group. Of looks in
    ``failed_now`` another take failed: they may be usable all the same.
    """
    by_key = {look["look"]: look for look in looks}
    failed: dict[tuple[str, str], list[str]] = {}
    cause_of: dict[str, tuple[str, str]] = {}
    for key, look in by_key.items():
        error = _error_of(look, failed_now)
        if error is not None:
            cause = error["code"], ERROR_WORDS.get(error["code"].lower()) or error["message"]
            cause_of[key] = cause
            failed.setdefault(cause, []).append(key)
    blocked: dict[tuple[str, str], list[str]] = {}
    stranded: dict[str, list[str]] = {}
    for key, look in by_key.items():
        if look["state"] == "blocked":
            root = _root(look, by_key)
            if root in cause_of:
                blocked.setdefault(cause_of[root], []).append(key)
            else:
                stranded.setdefault(look.get("reason") or "no reason given", []).append(key)
    groups = [
        FailureGroup(*cause, find_cure(cause[0]), tuple(keys), tuple(blocked.get(cause, ())))
        for cause, keys in failed.items()
    ]
    groups += [
        FailureGroup("", reason, Cure.REFERENCE, (), tuple(keys))
        for reason, keys in stranded.items()
    ]
    return groups


def _error_of(look: LookEntry, failed_now: Collection[str]) -> ErrorEntry | None:
    """Return why a look failed, or why its last take did; None where it did not."""
    if look["state"] == "failed":
        return look.get("error") or {"code": "unknown", "message": "no reason was given"}
    last = look["takes"][-1] if look["takes"] else None
    if last is not None and look["look"] in failed_now and last["state"] == "failed":
        return last.get("error")
    return None


def _root(look: LookEntry, by_key: Mapping[str, LookEntry]) -> str:
    """Return the look at the root of why this one is blocked; its own key where there is none."""
    seen = {look["look"]}
    at = look
    while at["state"] == "blocked":
        reference = at["reference"]
        if reference is None or reference not in by_key or reference in seen:
            break
        at = by_key[reference]
        seen.add(reference)
    return at["look"]


def describe_failures(groups: Sequence[FailureGroup], command: str) -> list[str]:
    """Return for each group its cause, its looks, and what helps; ``command`` ends each command."""
    lines: list[str] = []
    several = sum(bool(group.looks) for group in groups) > 1
    for group in groups:
        if group.looks:
            code = f" [{group.code}]" if group.code not in ("unknown", "") else ""
            lines.append(f"{len(group.looks)} failed: {escape_text(group.message)}{code}")
            lines.append(f"  {name_some(group.looks)}")
        if group.blocked:
            why = "waiting for these" if group.looks else escape_text(group.message)
            lines.append(f"  {len(group.blocked)} blocked, {why}: {name_some(group.blocked)}")
        end = command
        if several and len(group.looks) <= MAX_SELECTED:
            end += f" {quote_command('--select', ' '.join(group.looks))}"
        if group.cure is Cure.REFRESH:
            end = command
        if group.looks:
            lines.append(f"  {group.cure.format(command=end)}.")
    return lines
