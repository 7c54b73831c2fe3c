"""What stands in the terminal's place where a run was started from Python."""

from collections.abc import Sequence
from decimal import Decimal

from runner.api.events import Listener, LooksBlocked, Message, TakeChanged, Waiting, tell
from runner.cli.context import Console, Context
from runner.cli.invocation import Invocation
from runner.cli.progress import Progress
from runner.policy.lifecycle import Event as TakeEvent
from runner.takes import Take


class _Follower(Progress):
    """An observer that draws nothing and hands on what happens."""

    def __init__(self, on_event: Listener | None) -> None:
        super().__init__()
        self._on_event = on_event

    def begin(self, *arguments: object, **options: object) -> None:
        """Count nothing."""

    async def keep_fresh(self) -> None:
        """Draw nothing."""

    def take_changed(self, take: Take, event: TakeEvent) -> None:
        told = (take.look, take.number, event, take.state, take.price, take.avatar_id)
        error = take.error_message or take.error_code
        tell(self._on_event, TakeChanged(*told, error))

    def looks_blocked(self, looks: Sequence[str], reason: str) -> None:
        tell(self._on_event, LooksBlocked(tuple(looks), reason))

    def waiting(self, reason: str, seconds: float) -> None:
        tell(self._on_event, Waiting(reason, seconds))

    def said(self, message: str) -> None:
        tell(self._on_event, Message(message))

    def close(self) -> None:
        """Draw nothing."""


class _Nobody(Console):
    """A console at which nobody answers."""

    def __init__(self, on_event: Listener | None) -> None:
        self._on_event = on_event

    def can_answer(self) -> bool:
        return False

    def can_choose(self) -> bool:
        return False

    def progress(self, ceiling: Decimal | None) -> Progress:  # noqa: ARG002  # a bar shows it
        return _Follower(self._on_event)


def make_context(on_event: Listener | None, *, signals: bool) -> Context:
    """Return the world of a run that asks nobody, prints nothing and keeps its results."""
    invocation = Invocation()
    invocation.keeps_results = True
    return Context(console=_Nobody(on_event), invocation=invocation, handles_signals=signals)
