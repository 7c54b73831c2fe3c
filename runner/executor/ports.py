"""What the executor asks of the world, as small protocols. Adapters satisfy them; tests too.

Every method of ``Api`` gives a ``Reply`` and raises nothing but cancellation: an answer, a refusal
and silence are values, because money hangs on telling them apart.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import anyio

from runner.face_measures import FaceMeasure
from runner.model import FileImage, LookKind
from runner.plan.renames import KeyRenames
from runner.policy.budget import MonthCeiling
from runner.policy.lifecycle import Event
from runner.replies import (
    AssetData,
    ConsentData,
    CreatedData,
    GroupData,
    ListPage,
    LookData,
    Reply,
    UserData,
)
from runner.reviews import Review
from runner.takes import Account, Doubled, MeasuredPrice, Snapshot, Take
from runner.video_facts import VideoFacts

T = TypeVar("T")

Failpoint = Callable[[str], None]
"""Called with the name of each commit point as it is passed; a crash test ends the process there.

Of a transaction these are ``KIND:before-commit`` and ``KIND:after-commit``.
"""


class Api(Protocol):
    """HeyGen's v3 API, one method for each call that a run needs. One request, one reply."""

    async def me(self) -> Reply[UserData]:
        """``GET /v3/users/me``."""

    async def create_avatar(self, body: bytes, key: str) -> Reply[CreatedData]:
        """``POST /v3/avatars`` with exactly these bytes and this idempotency key. It costs."""

    async def upload(self, image: FileImage, key: str) -> Reply[AssetData]:
        """``POST /v3/assets`` of a local picture; free."""

    async def look(self, look_id: str) -> Reply[LookData]:
        """``GET /v3/avatars/looks/{look_id}``: the look as it is now, with a fresh link."""

    async def looks(
        self, *, group_id: str | None = None, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[LookData]]:
        """``GET /v3/avatars/looks?ownership=private``: one page of the account's own looks."""

    async def rename(self, look_id: str, name: str) -> Reply[LookData]:
        """``PATCH /v3/avatars/looks/{look_id}``; free."""

    async def delete_look(self, look_id: str) -> Reply[str]:
        """``DELETE /v3/avatars/looks/{look_id}``; with its last look a group goes too."""

    async def group(self, group_id: str) -> Reply[GroupData]:
        """``GET /v3/avatars/{group_id}``."""

    async def groups(
        self, *, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[GroupData]]:
        """``GET /v3/avatars?ownership=private``: one page of the account's own groups."""

    async def consent(self, group_id: str, key: str) -> Reply[ConsentData]:
        """``POST /v3/avatars/{group_id}/consent``: where a person grants the consent; free."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A picture that is on disk: its path relative to the state folder, its content, its size."""

    image: str
    sha256: str
    width: int
    height: int


class Images(Protocol):
    """Fetches pictures: without the API key, within a size limit, verified, written atomically."""

    async def fetch(self, url: str, *, look: str, number: int) -> "Downloaded | FetchFailed":
        """Download to ``images/LOOK.NUMBER.EXT``; return why where that failed."""

    def written_at(self, image: str) -> float | None:
        """Return when a file was last written (Unix seconds), None where there is none."""

    def present(self, image: str, sha256: str) -> bool:
        """Return whether the file is on disk with that content; reads all of it."""


class Faces(Protocol):
    """Measures faces in pictures on disk, beside everything else: off the event loop, bounded."""

    async def measure(self, image: str, sha256: str) -> FaceMeasure | None:
        """Measure a picture (a path relative to the state folder); None where that is impossible.

        What the picture shows, no face or several, is an answer; None is a broken installation.
        """


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """Why a picture could not be had. ``expired``: the link is too old and a fresh one may do."""

    reason: str
    expired: bool = False
    again: bool = False


class Clock(Protocol):
    """Time, handed in: Unix seconds, and a wait that virtual time can shorten."""

    def now(self) -> float:
        """Return the wall clock in Unix seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellable."""


class Entropy(Protocol):
    """Randomness, handed in, so that one seed is one history."""

    def key(self) -> str:
        """Return a fresh idempotency key: 1 to 255 characters of ``[A-Za-z0-9_:.-]``."""

    def uid(self) -> str:
        """Return a fresh name for a take or a run."""

    def random(self) -> float:
        """Return a number in [0, 1), for jitter."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One paid request that is about to leave: all of it is committed before the first byte does.

    ``take`` is the uid of a planned take that is tried again under a fresh key, or None for a new
    take. ``body`` is exactly what is sent. ``price`` is reserved against the budget. ``sent_at`` is
    when the key's life begins, in Unix seconds; None where the ledger's own clock may say it.
    """

    look: str
    kind: LookKind
    identity: str
    ingredients: str
    name: str
    body: bytes
    key: str
    price: Decimal
    take: str | None = None
    replaces: str | None = None
    reroll: bool = False
    reference_look: str | None = None
    reference_id: str | None = None
    group_wanted: str | None = None
    sent_at: float | None = None


class OverBudget(Exception):
    """The reservation does not fit under a ceiling; nothing was committed."""

    def __init__(self, ceiling: str, limit: Decimal, needed: Decimal) -> None:
        super().__init__(f"{ceiling} of ${limit} leaves no room: ${needed} would be held")
        self.ceiling = ceiling
        self.limit = limit
        self.needed = needed


class OverMonthCeiling(OverBudget):
    """The reservation does not fit under a ceiling that other campaigns spend from as well."""

    def __init__(self, ceiling: MonthCeiling, needed: Decimal) -> None:
        super().__init__(ceiling.whose, ceiling.usd, needed)
        self.told = ceiling.describe()


class AccountBusy(Exception):
    """The account has no place for another request now; nothing was committed.

    ``seconds`` is how long HeyGen asked for a pause (429); None where a look must end first.
    ``refused_for`` is how long the account has refused without anything getting on, in seconds.
    ``paused`` says who paused the account, where a person did.
    """

    def __init__(
        self, seconds: float | None, refused_for: float, paused: str | None = None
    ) -> None:
        super().__init__("the account has no place for another request now")
        self.seconds = seconds
        self.refused_for = refused_for
        self.paused = paused


class Ledger(Protocol):
    """The durable record. When a method returns, what it says is on disk."""

    async def wait_for(self, call: Callable[[], T]) -> T:
        """Return what a call gives that may wait for the ledger; the event loop goes on meanwhile.

        On the loop of a run this is the way to every method here that is not a coroutine, but for
        those that say how it is *now*: these are answered from memory.
        """

    def begin(self, account: Account, campaign: str, facts: Mapping[str, Any]) -> str:
        """Start a run and return its id; every send without an answer is unknown from here on."""

    def end(self, facts: Mapping[str, Any]) -> None:
        """End the run, with what it came to."""

    def others_bought(self) -> bool:
        """Return whether campaigns that share the account's ledger bought since this was opened."""

    def note_wallet(self, facts: Mapping[str, Any]) -> None:
        """Commit what the wallet showed before and after the run."""

    async def note_price(
        self, kind: LookKind, measured: MeasuredPrice, *, takes: Sequence[str] = ()
    ) -> None:
        """Commit what the wallet showed that a kind costs, and which takes cost just that."""

    def room(self) -> Decimal | None:
        """Return what the ceilings leave for new reservations, in USD; None without a ceiling."""

    def snapshot(self) -> Snapshot:
        """Return everything that is known now."""

    def take(self, uid: str) -> Take:
        """Return one take as it is now. Raises KeyError for an unknown uid."""

    def picked(self, look: str) -> Take | None:
        """Return the picked take of a look as it is now."""

    def takes_of(self, look: str) -> Sequence[Take]:
        """Return the takes of one look as they are now, without making a snapshot of everything."""

    @property
    def run(self) -> str | None:
        """Return the id of the run that writes; None before one began."""

    def asset(self, sha256: str) -> str | None:
        """Return the asset id of a file's content on this account, if it was uploaded before."""

    async def save_asset(self, sha256: str, asset_id: str) -> None:
        """Commit an upload."""

    def review(self, uid: str) -> Review:
        """Return what a person decided about a take, as it is now."""

    def face(self, sha256: str) -> FaceMeasure | None:
        """Return what was measured in a picture of this content; None where nothing was."""

    async def note_face(self, measure: FaceMeasure) -> None:
        """Commit what was measured in a picture."""

    async def forget_asset(self, asset_id: str) -> None:
        """Forget an upload that the account no longer has."""

    async def intend(self, intent: Intent) -> Take:
        """Reserve price and place, and commit key and body, atomically.

        Raises OverBudget, or AccountBusy where other machines send from the account as well.
        """

    async def resend(self, uid: str, *, at: float | None = None) -> Take:
        """Commit that a stored body leaves again; this run holds the price.

        Raises OverBudget or AccountBusy.
        """

    async def note_refusal(self, retry_after: float | None) -> bool:
        """Commit a 429 of the account; return False where its pace is this run's own to keep."""

    def await_place(self, since: float) -> AbstractContextManager[anyio.Event]:
        """Yield what is set when the account may have a place, after AccountBusy.

        ``since`` is when the wait began, in seconds of a clock that never jumps: of all that wait
        in this process the first to begin is the first to be woken.
        """

    async def record(
        self, uid: str, event: Event, facts: Mapping[str, Any], *, wanted: bool = True
    ) -> Take:
        """Commit one event of a take; ``facts`` are the fields of ``Take`` that it sets.

        A take that is not ``wanted`` any more never becomes its look's pick.
        """

    async def adopt(self, take: Take, video: VideoFacts | None = None) -> Take:
        """Commit a take that was paid by nobody here: a look that exists already.

        ``video`` is what the look says of its use in a video.
        """

    async def pick(self, look: str, uid: str) -> None:
        """Pick a take; free."""

    async def follow(self, moves: KeyRenames) -> None:
        """Commit that looks have other keys now (old → new): what was bought goes with them."""

    @property
    def honours_keys(self) -> bool:
        """Return whether the account was never seen to make a second look for one key."""

    def is_imported(self, uid: str) -> bool:
        """Return whether what a take became is known from a results file alone."""

    def listed_before(self, uid: str) -> frozenset[str]:
        """Return the strangers that the account was seen to hold before a take's first send."""

    @property
    def accepted(self) -> frozenset[str]:
        """Return the strangers which a person said to buy beside."""

    @property
    def strangers(self) -> frozenset[str]:
        """Return the looks of which a person said that no send of this ledger made them."""

    async def note_listed(self, ids: Collection[str], accepted: Collection[str] = ()) -> None:
        """Commit strangers that the account holds, each once, and which a person accepted."""

    async def note_doubled(self, looks: Collection[Doubled]) -> None:
        """Commit that the account does not honour keys: these looks show it, and are held."""

    def unchecked_replays(self) -> list[Take]:
        """Return the takes that were sent again, and whose keys were not checked late enough."""

    async def note_checked(self, uid: str) -> None:
        """Commit that a list that was late enough shows what a take's key made."""

    async def trust_keys(self, by: str) -> None:
        """Withdraw that the account does not honour keys; ``by`` says who or what shows it."""

    def body(self, uid: str) -> bytes:
        """Return the stored body of a take, byte for byte. Raises KeyError where there is none."""


class Observer(Protocol):
    """Hears what happens, for progress and logs. Never decides anything and never raises."""

    def take_changed(self, take: Take, event: Event) -> None:
        """Record that a take moved; the ledger holds it already."""

    def looks_blocked(self, looks: Sequence[str], reason: str) -> None:
        """Record that looks cannot be sent, because of another look."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Record that everything waits for something, and for how long at most."""

    def said(self, message: str) -> None:
        """Show something that a person should read."""
