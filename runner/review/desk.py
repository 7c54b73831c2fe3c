"""What the page asks for, and how it is refused. ``runner.cli.review_desk`` is what answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Declined(Exception):
    """What was asked for cannot be done; says why and what to do, in words for the page."""

    def __init__(self, message: str, hint: str | None = None, *, status: int = 409) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status


class Desk(Protocol):
    """One campaign, as the page sees and changes it. Every method is called in the same thread.

    What is returned is JSON. Methods raise Declined.
    """

    def state(self) -> Mapping[str, Any]:
        """Return everything that the page shows, as it was when there last was news."""

    def news(self) -> Mapping[str, Any] | None:
        """Return what has changed since the last news; None where nothing has."""

    def review(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record what a person decided about takes."""

    def pick(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a take its look's pick."""

    def consequences(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what would be out of date if a take were picked, and what renewing costs."""

    def list_charges(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return every charge with its reason, sums, and the command that lists them."""

    def make_client_copy(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a page for a client; called in any thread."""

    def find_client_copy(self) -> Path | None:
        """Return the page for a client that was made last; called in any thread."""

    def take_in(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge a client's answers; return in lines who said what."""

    def list_prompt(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the texts that a look's prompt is made of, and who shares each."""

    def propose_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what an edited prompt changes in the manifest, and what that costs."""

    def write_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write an edited prompt into the manifest, and put what it changes into the basket."""

    def undo_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put the manifest back as it was before an edit, if nothing else changed it since."""

    def fill_basket(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put into the basket what is in ``asked``, and nothing else; return what it comes to."""

    def buy(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start a run that carries out the basket's plan, which a person has seen and agreed to."""

    def pause(self) -> Mapping[str, Any]:
        """Stop the run that was started here from sending more; what is under way stays."""

    def find_picture(self, look: str, take: int) -> tuple[Path, str, str | None] | None:
        """Return the state folder, a take's picture in it and its SHA-256; called in any thread."""
