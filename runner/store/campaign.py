"""One campaign's part of a store, kept as what lies in its state folder.

``blobs/SHA256`` has each picture once, by its content; machines that lack one take it from there.
``campaigns/ACCOUNT/NAME/`` is what people open: ``images/``, ``thumbs/``, ``results.json`` and
``catalog.html``, which is written last, so that it never names a picture that is not there.
``pictures.json`` says which content each picture there has. Nothing is ever removed.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from runner.canonical import parse_json, sha256_hex
from runner.files import MAX_RESULTS_BYTES, read_file, write_atomic
from runner.image_files import MAX_IMAGE_BYTES
from runner.images.folder import Folder
from runner.store.port import ObjectStore, StoreTrouble
from runner.takes import Account, Take

INDEX = "pictures.json"
AT_ONCE = 4
MAX_TROUBLES = 3
"""So many requests may fail before no other is made: a store that is away would cost minutes."""

_IMAGE = re.compile(r"images/[a-z0-9][A-Za-z0-9._-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")

T = TypeVar("T")


class Picture(NamedTuple):
    """A take's picture: its path from the state folder, and its content."""

    label: str
    image: str
    sha256: str


def list_pictures(takes: Iterable[Take]) -> list[Picture]:
    """Return the pictures of takes that have one, under names that are safe to use."""
    return [
        Picture(take.label, take.image, take.sha256)
        for take in takes
        if take.image and take.sha256
        if _IMAGE.fullmatch(take.image) and _DIGEST.fullmatch(take.sha256)
    ]


def name_place(account: Account, campaign: str) -> str:
    """Return where a campaign lies in a store: two accounts may have one of the same name."""
    return f"campaigns/{_name_folder(account.label)}/{_name_folder(campaign)}"


def _name_folder(text: str) -> str:
    """Return a folder name for a text; with a hash where it had to be changed for that.

    Some folders do not tell capitals from small letters.
    """
    if _PLAIN.fullmatch(text):
        return text
    plain = re.sub(r"[^a-z0-9._-]+", "_", text.lower()).strip("._-")
    return f"{plain[:60]}-{sha256_hex(text.encode('utf-8', 'surrogatepass'))[:8]}"


class CampaignStore:
    """A campaign in a store, beside its state folder. Methods block, and raise StoreTrouble."""

    def __init__(self, store: ObjectStore, account: Account, campaign: str, folder: Path) -> None:
        self._store = store
        self.place = name_place(account, campaign)
        self._state = folder
        self._folder = Folder(folder, lambda _point: None)
        self._listed: set[str] | None = None
        self._contents: dict[str, str] = {}
        self._damaged: set[str] = set()

    def open(self) -> None:
        """Read what is there, once."""
        if self._listed is None:
            listed = {name.removeprefix(f"{self.place}/") for name in self._list()}
            self._contents = self._read_index()
            self._listed = listed

    def find_uncopied(self, pictures: Iterable[Picture]) -> list[Picture]:
        """Return the pictures on disk that are not in the store, as far as that is known."""
        return [
            picture
            for picture in pictures
            if picture.sha256 in self._damaged or not self._has(picture.image, picture.sha256)
            if self._folder.exists(picture.image)
        ]

    def pull(self, pictures: Iterable[Picture], *, thorough: bool = False) -> "Pulled":
        """Take pictures from the store that are not on disk; ``thorough``: or were changed there.

        Each is checked. Raises StorageError where the disk is full.
        """
        missing = [picture for picture in pictures if not self._is_here(picture, thorough=thorough)]
        came: list[str] = []
        problems = _each(missing, lambda picture: self._pull(picture, came))
        damaged = [picture.label for picture in missing if picture.sha256 in self._damaged]
        return Pulled(came, damaged, problems)

    def push(self, pictures: Iterable[Picture]) -> dict[str, str]:
        """Copy pictures into the store; return by label why some were not."""
        self.open()
        wanted = self.find_uncopied(pictures)
        problems = _each(wanted, self._push)
        if len(problems) < len(wanted):
            self._write_index()
        return problems

    def publish(self, pictures: Sequence[Picture], documents: Mapping[str, bytes]) -> None:
        """Write thumbnails, then ``documents`` in their order. All of ``pictures`` are there."""
        self.open()
        digests = {picture.sha256 for picture in pictures}
        thumbs = [
            path
            for path in sorted((self._state / "thumbs").glob("*.jpg"))
            if path.name[:64] in digests and f"thumbs/{path.name}" not in (self._listed or ())
        ]
        for reason in _each(thumbs, self._push_thumb).values():
            raise StoreTrouble(reason)
        changed = False
        for name, data in documents.items():
            digest = sha256_hex(data)
            if not self._has(name, digest):
                self._put(name, data, digest)
                changed = True
        if changed:
            self._write_index()

    # --- one object -------------------------------------------------------------------------------

    def _is_here(self, picture: Picture, *, thorough: bool) -> bool:
        if thorough:
            return self._folder.present(picture.image, picture.sha256)
        return self._folder.exists(picture.image)

    def _pull(self, picture: Picture, came: list[str]) -> str | None:
        data = self._store.get(f"blobs/{picture.sha256}", MAX_IMAGE_BYTES)
        if data is not None and sha256_hex(data) != picture.sha256:
            self._damaged.add(picture.sha256)
        elif data is not None:
            write_atomic(self._state / picture.image, data, within=self._state)
            came.append(picture.label)
        return None

    def _push(self, picture: Picture) -> str | None:
        try:
            data = read_file(self._state / picture.image, MAX_IMAGE_BYTES, follow=False)
        except OSError as error:
            return f"it cannot be read: {error.strerror or error}"
        if sha256_hex(data) != picture.sha256:
            return "it was changed on disk; `lookbook fetch` gets it again"
        whole = picture.sha256 not in self._damaged
        self._store.put(f"blobs/{picture.sha256}", data, if_absent=whole)
        self._damaged.discard(picture.sha256)
        self._put(picture.image, data, picture.sha256)
        return None

    def _push_thumb(self, path: Path) -> str | None:
        try:
            data = read_file(path, MAX_IMAGE_BYTES, follow=False)
        except OSError as error:
            return f"{path} cannot be read: {error.strerror or error}"
        self._put(f"thumbs/{path.name}", data, None)
        return None

    def _put(self, name: str, data: bytes, digest: str | None) -> None:
        self._store.put(f"{self.place}/{name}", data)
        if self._listed is not None:
            self._listed.add(name)
        if digest is not None:
            self._contents[name] = digest

    # --- what is there ----------------------------------------------------------------------------

    def _has(self, name: str, digest: str) -> bool:
        return self._contents.get(name) == digest and name in (self._listed or ())

    def _list(self) -> list[str]:
        return list(self._store.list(self.place))

    def _read_index(self) -> dict[str, str]:
        """Return the content of each picture; what cannot be read is copied again."""
        try:
            kept = parse_json(self._store.get(f"{self.place}/{INDEX}", MAX_RESULTS_BYTES) or b"{}")
            return {str(name): str(digest) for name, digest in kept.items()}
        except (ValueError, AttributeError, RecursionError):
            return {}

    def _write_index(self) -> None:
        text = json.dumps(dict(sorted(self._contents.items())), indent=0) + "\n"
        self._store.put(f"{self.place}/{INDEX}", text.encode())


class Pulled(NamedTuple):
    """The labels of pictures that came, and of those that the store has damaged.

    ``problems`` says by label why others may be in the store and did not come.
    """

    came: list[str]
    damaged: list[str]
    problems: dict[str, str]


def _each(items: Sequence[T], work: Callable[[T], str | None]) -> dict[str, str]:
    """Do work on every item, some at once; return by the item's name why it was not done.

    ``work`` returns what is wrong with the item itself; after some troubles of the store's the rest
    is not tried.
    """
    problems: dict[str, str] = {}
    troubles: list[str] = []

    def attempt(item: T) -> None:
        try:
            wrong = work(item) if len(troubles) < MAX_TROUBLES else troubles[0]
        except StoreTrouble as trouble:
            wrong = trouble.reason
            troubles.append(wrong)
        if wrong is not None:
            problems[str(item[0] if isinstance(item, tuple) else item)] = wrong

    if items:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _done in pool.map(attempt, items):
                pass
    return problems
