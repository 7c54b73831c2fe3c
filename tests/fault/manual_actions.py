"""What a person does by hand between two runs: at HeyGen, to pictures, to the ledger's file."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from runner.errors import LedgerDamaged
from runner.ledger.reading import has_takes, read_snapshot
from runner.model import LookKind
from runner.simulator.records import LookRow
from runner.takes import Take, TakeState
from tests.fault.environment import Environment
from tests.fault.history import Edit, EditKind

__all__ = ["ManualActions"]

UNDER_WAY = (TakeState.PROCESSING, TakeState.PENDING_CONSENT)
DONE = (TakeState.COMPLETED, TakeState.FETCHED)

DAMAGE = b"this was a ledger once " * 200


class ManualActions:
    """What one person does by hand in an environment.

    Of a lost ledger, ``stale`` says that results.json is behind it, ``damaged`` that its file is
    there and cannot be read. It may also lie ``aside``, under the manifest's former name.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.stale = False
        self.damaged = False
        self.aside: Path | None = None

    @property
    def ledger(self) -> Path:
        """The file that everything hangs on, unless a database does."""
        return self._environment.state / "ledger.sqlite"

    @property
    def copies(self) -> Path:
        """Where a person keeps copies."""
        return self._environment.folder / "copies"

    @property
    def results_file(self) -> Path:
        """What the last command told of the ledger."""
        return self._environment.state / RESULTS

    def carry_out(self, edit: Edit) -> None:
        """Do it, if there is anything that it can be done to."""
        act = ACTS.get(edit.kind)
        if act is None or not self._environment.judge.exists() or self._environment.judge.lost:
            return
        done = act(self, Random(f"{edit.kind}/{edit.draw}"))
        if done is not None:
            self._environment.seen[f"edit {edit.kind}"] += 1
            self._environment.say(f"person: {edit.kind}: {done}")

    def find_ledger(self) -> None:
        """See whether a lost ledger is there again."""
        if self._environment.judge.lost:
            try:
                there, self.damaged = has_takes(self.ledger), False
            except LedgerDamaged:
                there = False
            if there:
                self.aside = None
                self._environment.judge.ledger_found()
            elif not self._environment.judge.not_begun():
                self.aside, self.stale = None, False

    # --- at HeyGen ----------------------------------------------------------------------------

    def delete_under_way(self, rng: Random) -> str | None:
        """Delete a look that is still under way."""
        return self._delete(rng, self._looks_of(*UNDER_WAY))

    def delete_done(self, rng: Random) -> str | None:
        """Delete a look that is there, and that others may be made from."""
        return self._delete(rng, self._looks_of(*DONE))

    def rename(self, rng: Random) -> str | None:
        """Return a look that is there another name."""
        looks = self._looks_of(*DONE)
        if not looks:
            return None
        look = rng.choice(looks)
        self._environment.simulator.account.put(replace(look, name=f"Renamed {rng.randrange(9)}"))
        return look.id

    def _delete(self, rng: Random, looks: list[LookRow]) -> str | None:
        if not looks:
            return None
        account, look = self._environment.simulator.account, rng.choice(looks)
        self._environment.faces[look.id] = look.face
        account.drop(look)
        if account.cover(look.group_id)[0] is None:
            account.drop(account.groups[look.group_id])
        self._environment.surprises(look.id, look.group_id)
        return look.id

    def _looks_of(self, *states: TakeState) -> list[LookRow]:
        ids = {t.avatar_id for t in self._takes(*states) if t.kind is not LookKind.EXISTING}
        account = self._environment.simulator.account
        return [look for look_id, look in sorted(account.looks.items()) if look_id in ids]

    # --- on disk ------------------------------------------------------------------------------

    def lose_picture(self, rng: Random) -> str | None:
        """Delete a picture, or paint it over where its folder was not lost."""
        images = sorted(take.image for take in self._takes(TakeState.FETCHED) if take.image)
        if not images:
            return None
        image = rng.choice(images)
        path = self._environment.state / image
        if rng.random() < 0.5 or not path.parent.is_dir():
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(b"painted over")
        self._environment.lost_pictures.add(image)
        return image

    def lose_ledger(self, rng: Random) -> str | None:
        """Delete the ledger, with or without what SQLite keeps beside it."""
        return self._lose(rng, None)

    def damage_ledger(self, rng: Random) -> str | None:
        """Write over the ledger."""
        return self._lose(rng, DAMAGE)

    def _lose(self, rng: Random, content: bytes | None) -> str | None:
        results = self._results()
        if results is None:
            return None  # nothing is left that anybody could start from
        behind = self._behind(results)
        if behind is None:
            return None
        self.stale, self.damaged = behind, content is not None
        self._environment.judge.ledger_lost(results)
        self._unlink_ledger()
        if content is not None:
            self.ledger.write_bytes(content)
        if rng.random() < 0.3:
            Path(f"{self.ledger}-wal").write_bytes(DAMAGE)
        self._environment.seen["results.json behind a lost ledger"] += self.stale
        return "results.json is behind" if self.stale else "results.json knows everything"

    def lose_folder(self, _rng: Random) -> str | None:
        """Delete all that a campaign has, but its manifest; a database is not in the folder."""
        if self._environment.database is not None:
            shutil.rmtree(self._environment.state, ignore_errors=True)
            self._environment.judge.results_lost()
            self._environment.lost_pictures |= self._environment.judge.entered(
                self._environment.state
            )
            return "the ledger is in the database"
        self.stale = self.damaged = False
        self._environment.judge.folder_lost()
        shutil.rmtree(self._environment.state)
        return "nothing is left"

    def keep_copy(self, _rng: Random) -> str | None:
        """Copy the ledger and the results, as a nightly backup does."""
        self.copies.mkdir(exist_ok=True)
        if self._environment.database is not None:
            self._environment.database.copy()
            (self.copies / "ledger.sqlite").touch()
            if self.results_file.exists():
                shutil.copyfile(self.results_file, self.copies / RESULTS)
            return "of the database and the results"
        target = self.copies / "ledger.sqlite"
        with (
            closing(sqlite3.connect(self.ledger)) as there,
            closing(sqlite3.connect(target)) as copy,
        ):
            there.backup(copy)
        if self.results_file.exists():
            shutil.copyfile(self.results_file, self.copies / RESULTS)
        return "of the ledger and the results"

    def restore_ledger(self, _rng: Random) -> str | None:
        """Put an older ledger in the place of a newer one, beside results that know everything."""
        copy = self.copies / "ledger.sqlite"
        results = self._results()
        if results is None or not copy.exists() or self._behind(results) is not False:
            return None
        if self._environment.database is not None:
            self._environment.database.restore()
        else:
            self._unlink_ledger()
            shutil.copyfile(copy, self.ledger)
        pictures = {take.image for take in self._takes(TakeState.FETCHED) if take.image}
        self._environment.lost_pictures |= {
            image for image in pictures if not (self._environment.state / image).exists()
        }
        self._environment.judge.ledger_replaced(results)
        return "an older one, beside newer results"

    def restore_results(self, _rng: Random) -> str | None:
        """Put older results beside a newer ledger, which may not have left any yet."""
        copy = self.copies / RESULTS
        if self._environment.judge.loss.restored:
            return None  # then nothing would name what the ledger lacks
        there = self.results_file
        if not copy.exists() or (there.exists() and copy.read_bytes() == there.read_bytes()):
            return None
        named = copy_results(self.copies, self._environment.state)
        lost = {image for image in named if not (self._environment.state / image).exists()}
        self._environment.lost_pictures |= lost
        return "older ones, beside a newer ledger"

    def rename_manifest(self, _rng: Random) -> str | None:
        """Return the manifest another name: nothing lies beside that one yet."""
        if not has_takes(self.ledger):
            return None
        self.aside = self._environment.folder / f"earlier-{len(self._environment.log)}.lookbook"
        self._environment.judge.ledger_aside()
        self._environment.state.rename(self.aside)
        self.stale = False
        return f"the ledger stays in {self.aside.name}"

    def rename_folder(self) -> None:
        """Rename the folder as well, as a refusal says; what lies there is empty or nothing."""
        if self.aside is None:
            return
        if self._environment.state.exists():
            shutil.rmtree(self._environment.state)
        self.aside.rename(self._environment.state)
        self._environment.say(f"person: renames {self.aside.name} as well")
        self.aside = None
        self._environment.judge.ledger_back()

    def _unlink_ledger(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.ledger}{suffix}").unlink(missing_ok=True)

    def _behind(self, results: Mapping[str, Any]) -> bool | None:
        """Return whether the ledger knows what its results do not.

        None where they tell of nothing.
        """
        known = {_told(take) for take in self._takes(*TakeState) if take.state is not PLANNED}
        looks = [*results["looks"], *results["orphans"]]
        told = {_written(take) for look in looks for take in look["takes"]}
        return known != told if told else None

    def _results(self) -> Mapping[str, Any] | None:
        try:
            results: Mapping[str, Any] = json.loads(self.results_file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        return results

    def _takes(self, *states: TakeState) -> list[Take]:
        snapshot = read_snapshot(self._environment.judge.ledger)
        return [t for of_look in snapshot.takes.values() for t in of_look if t.state in states]


RESULTS = "results.json"


def copy_results(source: Path, target: Path) -> set[str]:
    """Copy what is in version control; return the pictures that it names, which are not."""
    if not (source / RESULTS).exists():
        return set()
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / RESULTS, target / RESULTS)
    results = json.loads((target / RESULTS).read_text("utf-8"))
    looks = [*results["looks"], *results["orphans"]]
    takes = [take for look in looks for take in look["takes"]]
    return {take["image"] for take in takes if take["image"]}


PLANNED = TakeState.PLANNED


def _told(take: Take) -> tuple[object, ...]:
    """Return what must be the same in the ledger and in results.json: what money depends on."""
    return (take.key, str(take.state), str(take.billing), take.avatar_id)


def _written(take: Mapping[str, Any]) -> tuple[object, ...]:
    return (take["idempotency_key"], take["state"], take["billing"], take["avatar_id"])


ACTS: dict[EditKind, Callable[[ManualActions, Random], str | None]] = {
    EditKind.DELETE_AT_HEYGEN: ManualActions.delete_under_way,
    EditKind.DELETE_DONE: ManualActions.delete_done,
    EditKind.RENAME_AT_HEYGEN: ManualActions.rename,
    EditKind.LOSE_PICTURE: ManualActions.lose_picture,
    EditKind.LOSE_FOLDER: ManualActions.lose_folder,
    EditKind.LOSE_LEDGER: ManualActions.lose_ledger,
    EditKind.DAMAGE_LEDGER: ManualActions.damage_ledger,
    EditKind.KEEP_COPY: ManualActions.keep_copy,
    EditKind.RESTORE_LEDGER: ManualActions.restore_ledger,
    EditKind.RENAME_MANIFEST: ManualActions.rename_manifest,
    EditKind.RESTORE_RESULTS: ManualActions.restore_results,
}
