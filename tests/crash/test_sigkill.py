"""A real process, ended by SIGKILL at every commit point, then resumed; the simulator counts."""

import json
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from runner.simulator.server import Embedded
from runner.simulator.settings import Fault, Latency, SimulatorSettings
from tests.launcher import COMMAND, Launcher

pytestmark = [pytest.mark.crash, pytest.mark.slow]

DYING = "tests.crash.dying_run:main"
Done = subprocess.CompletedProcess[str]
LOOKS = ("base", "office", "night", "street", "solo", "shelf")
MANIFEST = """\
version: 1
campaign: crash
base: {name: Sarah, photo: sarah.png}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
  night: {prompt: "The same blazer at night, city lights", avatar_id: {look: office}}
  street: {prompt: "Wearing a trench coat, rainy street, dusk", reference_images: [style.png]}
  solo: {prompt: "Man, 40s, smiling, brown jacket, bookshop, warm light", avatar_id: null}
  shelf: {prompt: "Woman, 30s, calm, white shirt, studio, soft light", avatar_id: null,
          avatar_group_id: {look: base}}
"""
EVERY_RUN = (
    "run_started",
    "asset_saved",
    "intended",
    "accepted",
    "completed",
    "picked",
    "fetched",
    "wallet",
    "run_ended",
)
"""Events that every run commits."""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for name, colour in (("sarah", (200, 150, 120)), ("style", (90, 120, 90))):
        Image.new("RGB", (512, 512), colour).save(tmp_path / f"{name}.png")
    path = tmp_path / "crash.yaml"
    path.write_text(MANIFEST)
    return path


class Account:
    """A simulator over real HTTP, and the environment of processes that use it."""

    def __init__(self, url: str, environment: dict[str, str], launcher: Launcher) -> None:
        self.url = url
        self._launcher = launcher
        self.environment = {
            **environment,
            "HEYGEN_API_BASE": url,
            "HEYGEN_API_KEY": "sk-a-key-of-nobody-0123456789",
            "HEYGEN_MAX_RETRIES": "4",
        }

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/__simulator__/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def _start(self, target: str, *arguments: str | Path) -> Done:
        process = self._launcher.start(
            *arguments, cwd=Path.cwd(), environment=self.environment, target=target
        )
        out, err = process.communicate(timeout=300)
        assert process.returncode is not None
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def run(self, manifest: Path) -> Done:
        """Run the command on this account, as a process."""
        return self._start(COMMAND, "run", manifest, "--yes", "--format", "json")

    def die(self, manifest: Path, point: str, occurrence: int = 1) -> Done:
        """Run it in a process that ends by SIGKILL when it meets this point so often."""
        return self._start(DYING, manifest, point, str(occurrence))

    def resume(self, manifest: Path, most: int = 12) -> dict[str, Any]:
        """Run the command until it is done; return its results."""
        done = None
        for _ in range(most):
            done = self.run(manifest)
            if done.returncode == 0:
                results: dict[str, Any] = json.loads(done.stdout)
                return results
        assert done is not None
        raise AssertionError(f"never done: {done.returncode}\n{done.stderr}\n{done.stdout[-3000:]}")


class Accounts:
    """Fresh accounts with the same faults, each with a seed of its own."""

    def __init__(self, environment: dict[str, str], launcher: Launcher, stack: ExitStack) -> None:
        self.environment, self.launcher, self.stack = environment, launcher, stack

    def open(self, faults: Sequence[str] = (), seed: int = 7, places: int = 4) -> Account:
        settings = SimulatorSettings(
            seed=seed,
            latency=Latency.parse("fixed:0.15"),
            pictures=False,
            faults=tuple(Fault.parse(text) for text in faults),
            concurrency=places,
        )
        url = self.stack.enter_context(Embedded(settings)).url
        return Account(url, self.environment, self.launcher)

    def where_a_run_dies(
        self, faults: Sequence[str], manifest: Path, point: str, *, places: int = 4
    ) -> Account:
        """The account on which a run met this point and was killed there.

        Requests race, so a seed alone does not say which of them a fault hits: an account that
        spared the run is left, and the next one is tried from the beginning.
        """
        for seed in range(20):
            account = self.open(faults, seed, places)
            died = account.die(manifest, point)
            if died.returncode == -signal.SIGKILL:
                return account
            shutil.rmtree(manifest.with_name("crash.lookbook"))
        raise AssertionError(f"no run met {point}")


@pytest.fixture
def accounts(process_env: dict[str, str], launcher: Launcher) -> Iterator[Accounts]:
    with ExitStack() as stack:
        yield Accounts(process_env, launcher, stack)


@pytest.fixture
def account(accounts: Accounts) -> Account:
    """An account without faults."""
    return accounts.open()


def check(account: Account, results: dict[str, Any], manifest: Path) -> None:
    """Every look is done and on disk, and the simulator charged once for each."""
    assert {look["look"]: look["state"] for look in results["looks"]} == dict.fromkeys(
        LOOKS, "fetched"
    )
    stats = account.stats()
    kept = [charge for charge in stats["charges"] if not charge["refunded_usd"]]
    assert sorted(charge["look_id"] for charge in kept) == sorted(
        look["avatar_id"] for look in results["looks"]
    )
    keys = [charge["idempotency_key"] for charge in stats["charges"]]
    assert len(set(keys)) == len(keys) == len(LOOKS)
    assert stats["peak_in_progress"] <= 4
    for look in results["looks"]:
        assert (manifest.with_name("crash.lookbook") / look["image"]).is_file()
    assert results["totals"]["cost_usd"] == len(LOOKS)


def sometimes(values: Iterable[str], always: Collection[str]) -> list[Any]:
    """Return values for tests: ``always`` in every run of the suite, the others in a long one."""
    assert set(always) <= set(values)
    return [one if one in always else pytest.param(one, marks=pytest.mark.long) for one in values]


POINTS = [f"{kind}:{when}-commit" for kind in EVERY_RUN for when in ("before", "after")]
POINTS += ["image:before-rename", "image:after-rename"]


ALWAYS = ("intended:after-commit", "accepted:before-commit", "image:after-rename")
"""Bought and not known yet, known and not written yet, fetched and not written yet."""


@pytest.mark.parametrize("point", sometimes(POINTS, ALWAYS))
def test_a_run_killed_at_a_commit_point_is_resumed_and_pays_once(
    point: str, account: Account, manifest: Path
) -> None:
    once = ("run_started", "wallet", "run_ended")
    occurrence = 1 if point.split(":", maxsplit=1)[0] in once else 2
    died = account.die(manifest, point, occurrence)
    assert died.returncode == -signal.SIGKILL, died.stderr
    check(account, account.resume(manifest), manifest)


STORMS = {
    "lost answers": ["drop-response:0.3"],
    "requests lost": ["drop-request:0.3"],
    "truncated bodies": ["truncate:0.3"],
    "garbage": ["garbage:0.3"],
    "5xx after the work": ["error-500-after:0.3"],
    "5xx before the work": ["error-500:0.2", "error-503:0.2"],
    "429 storms": ["rate-limit:0.3"],
    "expired links": ["expired-link:0.5"],
    "all at once": [
        "drop-request:0.06",
        "drop-response:0.08",
        "truncate:0.06",
        "garbage:0.06",
        "error-500:0.05",
        "error-503:0.05",
        "error-500-after:0.08",
        "rate-limit:0.05",
        "expired-link:0.1",
    ],
}


@pytest.mark.parametrize("storm", sometimes(STORMS, ["lost answers", "all at once"]))
def test_a_faulty_account_charges_once_for_each_look(
    storm: str, accounts: Accounts, manifest: Path
) -> None:
    account = accounts.open(STORMS[storm])
    check(account, account.resume(manifest), manifest)


@pytest.mark.parametrize(
    "point",
    sometimes(
        ["lost:before-commit", "lost:after-commit", "resent:before-commit", "resent:after-commit"],
        ["resent:before-commit"],
    ),
)
def test_a_run_killed_while_an_outcome_is_unknown_pays_once(
    point: str, accounts: Accounts, manifest: Path
) -> None:
    storm = "lost answers" if point.startswith("lost") else "requests lost"
    account = accounts.where_a_run_dies(STORMS[storm], manifest, point)
    check(account, account.resume(manifest), manifest)


@pytest.mark.parametrize(
    "point", sometimes(["intended:after-commit", "accepted:before-commit"], ALWAYS[1:2])
)
def test_a_run_killed_again_and_again_in_a_storm_pays_once(
    point: str, accounts: Accounts, manifest: Path
) -> None:
    account = accounts.where_a_run_dies(STORMS["all at once"], manifest, point)
    for occurrence in (2, 1, 1):  # it dies again wherever the storm lets it come so far
        account.die(manifest, point, occurrence)
    check(account, account.resume(manifest), manifest)


# --- commit points that only some runs pass -------------------------------------------------------


def paid_once(account: Account, results: dict[str, Any]) -> None:
    """Every charge belongs to exactly one take, and every accepted take to exactly one charge."""
    looks = [*results["looks"], *results["orphans"]]
    takes = [take for look in looks for take in look["takes"] if take["accepted_at"]]
    charges = account.stats()["charges"]
    assert sorted(charge["look_id"] for charge in charges) == sorted(
        take["avatar_id"] for take in takes if take["kind"] != "existing"
    )
    assert len({charge["idempotency_key"] for charge in charges}) == len(charges)


@pytest.mark.parametrize("when", sometimes(["before", "after"], ["before"]))
@pytest.mark.parametrize(
    "kind", sometimes(["renamed", "moved", "mislaid", "adopted", "imported"], ["imported"])
)
def test_a_later_run_killed_at_its_own_commit_points_buys_nothing_twice(
    kind: str, when: str, account: Account, manifest: Path
) -> None:
    first = account.resume(manifest)
    state = manifest.with_name("crash.lookbook")
    ids = {look["look"]: look["avatar_id"] for look in first["looks"]}
    text = manifest.read_text()
    if kind == "renamed":
        text = text.replace("street: {", 'street: {title: "A rainy street", ')
    elif kind == "moved":
        text = text.replace("street: {", "alley: {")
    elif kind == "mislaid":
        (state / first["looks"][0]["image"]).unlink()
    elif kind == "adopted":
        text += f"  hired: {{existing: {ids['solo']}}}\n"
    else:
        for path in state.glob("ledger.sqlite*"):
            path.unlink()
    manifest.write_text(text)
    died = account.die(manifest, f"{kind}:{when}-commit")
    assert died.returncode == -signal.SIGKILL, died.stderr
    results = account.resume(manifest)
    assert {look["state"] for look in results["looks"]} == {"fetched"}
    assert len(account.stats()["charges"]) == len(LOOKS)


TROUBLES: dict[str, tuple[list[str], int]] = {
    "deferred": ([], 1),  # a full account refuses generations alone, never what is free
    "failed": (["fail-generation:0.6"], 4),
    "refunded": (["fail-generation:0.6"], 4),
    "consent": (["consent:1"], 4),
}
"""What an account does to a run, and how many generations it takes at once."""


@pytest.mark.parametrize("when", sometimes(["before", "after"], ["before"]))
@pytest.mark.parametrize("kind", sometimes(TROUBLES, ["deferred", "consent"]))
def test_a_run_killed_in_its_troubles_pays_once(
    kind: str, when: str, accounts: Accounts, manifest: Path
) -> None:
    faults, places = TROUBLES[kind]
    point = f"{kind}:{when}-commit"
    account = accounts.where_a_run_dies(faults, manifest, point, places=places)
    for _ in range(3):
        done = account.run(manifest)
        results = json.loads(done.stdout)
        paid_once(account, results)
    charged = len(account.stats()["charges"])
    account.run(manifest)
    assert len(account.stats()["charges"]) == charged
