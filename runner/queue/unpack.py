"""A pack becomes a folder: the manifest and its pictures, where the manifest says they lie."""

import re
from hashlib import sha256
from pathlib import Path, PurePosixPath

from runner.canonical import tagged_hash
from runner.errors import UsageError
from runner.files import make_folder, write_atomic
from runner.queue.pack import Pack


def unpack(pack: Pack, folder: Path) -> Path:
    """Write what a pack holds into a folder of the campaign's own; return the manifest's path.

    A campaign has one such folder for each worker's folder: what lies beside the manifest, as its
    pictures, is there again at the next run. Raises UsageError for a pack that leads elsewhere, or
    whose pictures are not what it says; StorageError where nothing can be written.
    """
    root = folder / name_folder(pack)
    place = root.joinpath(*("in" for _ in range(pack.depth)))
    if PurePosixPath(pack.file).name != pack.file or pack.file in ("", ".", ".."):
        raise UsageError(f"{pack.file!r} is no name of a manifest.")
    make_folder(place)
    write_atomic(place / pack.file, pack.manifest, within=root)
    for source, checksum in pack.pictures.items():
        content = pack.contents.get(checksum)
        if content is None or sha256(content).hexdigest() != checksum:
            raise UsageError(f"The picture {source} is not in the queue as it was packed.")
        write_atomic(_find_place(root, place, source), content, within=root)
    return place / pack.file


def name_folder(pack: Pack) -> str:
    """Return the name of a campaign's folder: no two campaigns of two accounts share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", pack.campaign).strip("_")[:60]
    whole = tagged_hash("lookbook.worker-folder.v1", [pack.account.label, pack.campaign])
    return f"{plain}-{whole[-12:]}"


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
    return root.joinpath(*parts)
