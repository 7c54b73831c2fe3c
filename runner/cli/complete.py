"""What a shell may complete: manifests in a folder, the looks of a manifest, and their takes.

A shell asks while somebody types, so nothing here prints or raises. It puts what it gets into the
line as it is, so nothing is offered that would have to be quoted.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

PATIENCE = 1.0
"""Seconds for which a shell waits for a database, at most."""

_PLAIN = re.compile(r"[\w./@%+=:,-]+")


def complete_looks(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Return the keys and tags of the manifest on the command line that begin so."""
    found = _names(ctx.params.get("manifest"), tags=True)
    return [name for name in found if name.startswith(typed) and is_plain(name)]


def complete_takes(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Return the takes that the ledger of the manifest knows and that begin so: ``LOOK#N``."""
    manifest = ctx.params.get("manifest")
    if not isinstance(manifest, Path):
        return []
    address = None if ctx.params.get("simulate") else ctx.meta.get("LOOKBOOK_ON")
    labels: list[str] = []

    def read() -> None:
        with suppress(Exception):  # a shell is no place for what is wrong with a ledger
            labels.extend(_takes_in_database(manifest, address) if address else _takes(ctx))

    if address:  # a database that is away must not keep a shell waiting
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(PATIENCE)
    else:
        read()
    return [label for label in [*labels] if label.startswith(typed)]


def _takes(ctx: click.Context) -> list[str]:
    """Return the takes that the ledger in a file knows."""
    from runner.ledger.reading import read_snapshot
    from runner.ledger.state_dirs import StateDirs

    places = StateDirs(ctx.params["manifest"].absolute())
    state = places.simulated() if ctx.params.get("simulate") else places.last_used()
    return [] if state is None else [take.label for take in read_snapshot(state.ledger).all_takes]


def _takes_in_database(manifest: Path, address: str) -> list[str]:
    """Return the takes that a database knows. It asks nobody for a password."""
    from runner.cli.shared_ledger import find_shared_state
    from runner.cli.shared_options import find_database
    from runner.ledger.reading import read_snapshot
    from runner.manifest import load

    shared, campaign = find_database(address, {}), load(manifest, hints=False).campaign
    if shared is None or campaign is None:
        return []
    state = find_shared_state(shared, campaign, None)
    return [] if state is None else [take.label for take in read_snapshot(state.location).all_takes]


def is_plain(word: str) -> bool:
    """Return whether a word means itself to every shell."""
    return _PLAIN.fullmatch(word) is not None


def keys_of(manifest: Path) -> list[str]:
    """Return the keys of a manifest's looks; none where it is not valid."""
    return list(_names(manifest, tags=False))


def _names(manifest: object, *, tags: bool) -> Iterator[str]:
    if not isinstance(manifest, Path):
        return
    from runner.manifest import load

    with suppress(Exception):  # as above
        campaign = load(manifest, hints=False).campaign
        looks = campaign.looks if campaign is not None else ()
        yield from (look.key for look in looks)
        if tags:
            yield from dict.fromkeys(f"tag:{tag}" for look in looks for tag in look.tags)
