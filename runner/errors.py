"""Every error that a person may see, in one tree, each with its exit code (``README.md``).

::

    LookbookError
    ├── UsageError          2   wrong words on the command line, declined, not a terminal
    │   ├── ManifestError   2   the manifest has errors; carries them all
    │   ├── LedgerLocked    2   another run holds the ledger
    │   ├── LedgerClaimed   2   another process holds a shared ledger, here or elsewhere
    │   ├── LedgerDamaged   2   the ledger cannot be read; says how to rebuild it
    │   └── LedgerQuestion  2   another ledger holds this campaign; only a person can say
    ├── StorageError        1   a disk that is full or a folder that is read-only
    ├── ApiTrouble          1   the API could not be asked, or answered what it should not
    ├── MaybeQueued         4   stopped while a run was queued: it may be carried out
    ├── AccountError        3   no key, a refused key, no permission, an empty wallet
    └── BudgetRefused       5   the plan costs more than the ceiling

Exit codes 0, 4, 6 and 10 are outcomes, not errors: ``runner.policy.exit_codes`` decides those. What
is
not in this tree is an error of the program: ``runner.cli.crash`` reports it, with exit code 70.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypedDict


class LookbookError(Exception):
    """Something a person has to know: what is wrong, and (``hint``) what to do about it."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LookbookError):
    """The command was called in a way that cannot be carried out; nothing was sent."""

    exit_code = 2
    code = "usage"


class PlanMoved(UsageError):
    """A saved plan was not carried out: something is not as it was when it was saved.

    ``kinds`` are what moved, as ``runner.plan.saved_plan.ChangeKind`` names it.
    """

    def __init__(self, message: str, *, kinds: Iterable[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kinds = frozenset(kinds)


class ManifestError(UsageError):
    """The manifest has errors. ``diagnostics`` holds every finding, in the order of the file."""

    code = "invalid_manifest"

    def __init__(self, message: str, diagnostics: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


class LedgerLocked(UsageError):
    """Another living run holds this ledger; the message names host, process and since when."""

    code = "ledger_locked"


class LedgerClaimed(LedgerLocked):
    """Another living process holds this shared ledger, on this machine or another one."""

    code = "ledger_claimed"


class LedgerDamaged(UsageError):
    """The ledger is not a readable database of ours; it is never touched or replaced silently."""

    code = "ledger_damaged"


class LedgerQuestion(UsageError):
    """This ledger is empty, but another one holds the campaign: a person has to say which it is."""

    code = "ledger_question"


class StorageError(LookbookError):
    """A file could not be written: a full disk, a read-only folder, no permission."""

    code = "storage"


class DatabaseAway(StorageError):
    """A database cannot be reached, or takes no more connections."""


class ApiTrouble(LookbookError):
    """The API could not be reached, or gave an answer that nothing can be done with."""

    code = "api"


class AccountError(LookbookError):
    """The account needs a person: no key, a refused key, no permission, or an empty wallet."""

    exit_code = 3
    code = "account"


class MaybeQueued(LookbookError):
    """The command was stopped while it queued a run, which may be in the queue now."""

    exit_code = 4
    code = "maybe_queued"


class BudgetRefused(LookbookError):
    """The plan may cost more than a ceiling allows; nothing was sent."""

    exit_code = 5
    code = "budget"


class ErrorDocument(TypedDict):
    """What JSON documents hold under ``error``; ``exit`` is the command's exit code."""

    code: str
    message: str
    hint: str | None
    exit: int


def describe_error(code: str, message: str, hint: str | None, exit_code: int) -> ErrorDocument:
    """Return an error as JSON documents hold it, under ``error``."""
    return {"code": code, "message": message, "hint": hint, "exit": exit_code}


def shorten(text: str, longest: int = 200) -> str:
    """Return the beginning of a message that may quote something of any length."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
