"""A pack becomes a folder: the manifest and its pictures, where the manifest says they lie."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

from runner.canonical import tagged_hash
from runner.errors import UsageError
from runner.files import make_folder, read_note, refuse_links, write_atomic
from runner.ledger.state_dirs import SUFFIX
from runner.queue.pack import Pack


def unpack(pack: Pack, folder: Path) -> Path:
    """Write what a pack holds into a folder of the campaign's own; return the manifest's path.

    A campaign has one such folder for each worker's folder: what lies beside the manifest, as its
    pictures, is there again at the next run. A picture of an earlier run makes way for what this
    one has in its place. Raises UsageError for a pack that leads elsewhere, or whose pictures are
    not what it says; StorageError where nothing can be written.
    """
    root = folder / name_folder(pack)
    place = root.joinpath(*("in" for _ in range(pack.depth)))
    if PurePosixPath(pack.file).name != pack.file or pack.file in ("", ".", ".."):
        raise UsageError(f"{pack.file!r} is no name of a manifest.")
    targets = {
        _find_place(root, place, source): _find_content(pack, source) for source in pack.pictures
    }
    note = root.with_name(f"{root.name}.pictures.json")
    known = _read_pictures(note, root)
    _make_way(root, known, [place / pack.file, *targets])
    known |= {*targets}
    names = sorted(path.relative_to(root).as_posix() for path in known)
    write_atomic(note, json.dumps(names).encode(), within=folder)
    make_folder(place, within=root)
    write_atomic(place / pack.file, pack.manifest, within=root)
    for path, content in targets.items():
        write_atomic(path, content, within=root)
    return place / pack.file


def name_folder(pack: Pack) -> str:
    """Return the name of a campaign's folder: no two campaigns of two accounts share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", pack.campaign).strip("_")[:60]
    whole = tagged_hash("lookbook.worker-folder.v1", [pack.account.label, pack.campaign])
    return f"{plain}-{whole[-12:]}"


def _find_content(pack: Pack, source: str) -> bytes:
    """Return a picture's bytes. Raises UsageError where they are not those that were packed."""
    checksum = pack.pictures[source]
    content = pack.contents.get(checksum)
    if content is None or sha256(content).hexdigest() != checksum:
        raise UsageError(f"The picture {source} is not in the queue as it was packed.")
    return content


def _read_pictures(note: Path, root: Path) -> set[Path]:
    """Return the pictures that earlier runs of the campaign wrote below ``root``."""
    try:
        return {root / str(name) for name in read_note(note)}
    except (OSError, ValueError, TypeError):
        return set()


def _make_way(root: Path, known: set[Path], targets: Iterable[Path]) -> None:
    """Remove the ``known`` pictures that lie above or below a target, and folders left empty.

    Nothing in a state folder is removed: whatever lies there was paid for.
    """
    for target in targets:
        for path in {one for one in known if one in target.parents or target in one.parents}:
            within = path.relative_to(root)
            if any(part == ".." or part.endswith(SUFFIX) for part in within.parts):
                continue
            with suppress(OSError):  # a folder that is not empty, say: writing says why it fails
                refuse_links(root, path.parent)
                path.unlink(missing_ok=True)
                for parent in path.parents:
                    if not parent.is_relative_to(target):
                        break
                    parent.rmdir()


def _find_place(root: Path, place: Path, source: str) -> Path:
    """Return where a picture is written. Raises UsageError where that is not below ``root``."""
    parts = [*place.relative_to(root).parts]
    for part in PurePosixPath(source).parts:
        if part == ".." and parts:
            parts.pop()
        elif part == ".." or "\0" in part or part == "/":
            raise UsageError(f"The picture {source} lies outside of the worker's folder.")
        else:
            parts.append(part)
    target = root.joinpath(*parts)
    if place.is_relative_to(target):
        raise UsageError(f"The picture {source} is a folder of the manifest's.")
    return target
