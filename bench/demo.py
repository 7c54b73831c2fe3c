"""``make demo-distributed``: a dozen campaigns, two accounts, three workers, one of them killed.

Nothing of it costs anything or leaves this machine. One screen tells what happens; where there is
no terminal, a line for each thing that happens.
"""

import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from bench.studio import Studio, StudioView, StudioWorker
from runner.queue.port import RunState
from tests.ledger.postgres import missing

ACCOUNTS = ("north", "south")
CAMPAIGNS = 12
LOOKS = 5
LIMIT = 6
WORKERS = 3
WITHIN = 400.0
"""Seconds after which it gives up. No measure of speed: it takes half a minute by itself."""

FOLDER = Path("build") / "demo-distributed"
WIDTH = 18


class Demo:
    """What happened so far, and the screen that tells it."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._begun = time.monotonic()
        self._lines = 0
        self._told: list[str] = []
        self._homes: dict[str, tuple[str, int | None]] = {}
        self._killed: tuple[StudioWorker, float, set[str]] | None = None
        self.handed_on: dict[str, float] = {}

    def say(self, text: str) -> None:
        """Note something that happened."""
        line = f"{time.monotonic() - self._begun:5.1f} s  {text}"
        self._told.append(line)
        if not sys.stdout.isatty():
            print(line, flush=True)

    def follow(self, view: StudioView) -> None:
        """Note what changed, and show all of it."""
        for run in view.runs:
            worker = self._studio.name_worker(run.worker)
            now = (str(run.state), worker)
            if self._homes.get(run.run) == now:
                continue
            before, self._homes[run.run] = self._homes.get(run.run), now
            if (
                run.state is RunState.RUNNING
                and before is not None
                and before[1] not in (None, worker)
            ):
                self._note_handed_on(run.run)
                self.say(f"{run.campaign}: worker {worker} goes on with it")
            elif run.state is RunState.RUNNING:
                self.say(f"{run.campaign}: worker {worker} begins")
            elif run.state is RunState.ENDED:
                self.say(f"{run.campaign}: done, exit code {run.exit_code}")
        if sys.stdout.isatty():
            self._draw(view)

    def _note_handed_on(self, run: str) -> None:
        if self._killed is not None and run in self._killed[2]:
            self.handed_on[run] = time.monotonic() - self._killed[1]

    def kill_one(self, view: StudioView) -> None:
        """Kill the worker that has most to do."""
        has: dict[int, set[str]] = {}
        for run in view.runs:
            number = self._studio.name_worker(run.worker)
            if run.state is RunState.RUNNING and number is not None:
                has.setdefault(number, set()).add(run.run)
        if self._killed is not None or not has:
            return
        number = max(has, key=lambda one: len(has[one]))
        worker = self._studio.workers[number - 1]
        worker.process.send_signal(signal.SIGKILL)
        self._killed = (worker, time.monotonic(), has[number])
        self.say(f"worker {number} (process {worker.pid}) is killed with {len(has[number])} runs")

    def _draw(self, view: StudioView) -> None:
        rows = [
            "",
            f"  {len(view.runs)} campaigns, two accounts, three workers, one PostgreSQL",
            "",
        ]
        for run in view.runs:
            done = view.count_done(run.campaign)
            bar = "#" * round(done / (LOOKS + 1) * WIDTH)
            worker = self._studio.name_worker(run.worker)
            who = f"worker {worker}" if worker and run.state is RunState.RUNNING else ""
            text = f"{bar:.<{WIDTH}} {done:2} of {LOOKS + 1} looks"
            rows.append(f"  {run.campaign:<11} {text}  {run.state:<8} {who}")
        rows += ["", *(f"  {self._tell(worker)}" for worker in self._studio.workers), ""]
        room = shutil.get_terminal_size().lines - len(rows) - 1  # what scrolls is not drawn over
        rows += [f"  {line}" for line in self._told[-max(1, min(8, room)) :]]
        up = f"\x1b[{self._lines}A" if self._lines else ""
        print(up + "\n".join(f"\x1b[2K{row}" for row in rows) + "\x1b[0J", flush=True)
        self._lines = len(rows)

    def _tell(self, worker: StudioWorker) -> str:
        alive = worker.process.poll() is None
        return f"worker {worker.number} (process {worker.pid}): {'works' if alive else 'KILLED'}"


def check(studio: Studio, view: StudioView) -> list[str]:
    """Return what is not as it must be: every look done and charged once, no limit passed."""
    wrong = [f"{run.campaign} ended with {run.exit_code}" for run in view.runs if run.exit_code]
    expected = len(view.runs) // len(ACCOUNTS) * (LOOKS + 1)
    for account in ACCOUNTS:
        stats = studio.stats(account)
        names = {charge["name"] for charge in stats["charges"]}
        if not len(stats["charges"]) == len(names) == expected:
            wrong.append(f"{account}: {len(stats['charges'])} charges for {expected} looks")
        if stats["peak_in_progress"] > LIMIT:
            wrong.append(f"{account}: {stats['peak_in_progress']} at a time, and it takes {LIMIT}")
    return wrong


def demonstrate(studio: Studio, campaigns: int) -> int:
    """Run the demo in a studio that is open; return the exit code."""
    demo = Demo(studio)
    demo.say(f"PostgreSQL answers at {studio.address}")
    for worker in studio.start_workers(WORKERS):
        demo.say(f"worker {worker.number} is ready (process {worker.pid})")
    demo.say("one campaign of each account first: its wallet shows what a look costs")
    names = [(ACCOUNTS[n % 2], f"{ACCOUNTS[n % 2]}-{n // 2 + 1}") for n in range(campaigns)]
    for account, campaign in names[:2]:
        studio.enqueue(account, [campaign], LOOKS)
    for view in studio.watch(within=WITHIN):
        demo.follow(view)
    for account in ACCOUNTS:
        studio.enqueue(account, [name for of, name in names[2:] if of == account], LOOKS)
    view = studio.look()
    for view in studio.watch(within=WITHIN):
        done = sum(view.count_done(campaign) for _, campaign in names)
        if done >= campaigns * (LOOKS + 1) * 0.4:
            demo.kill_one(view)
        demo.follow(view)
    return tell(demo, studio, view)


def tell(demo: Demo, studio: Studio, view: StudioView) -> int:
    """Print what came of it; return the exit code."""
    wrong = check(studio, view)
    if demo.handed_on:
        demo.say(
            f"the killed worker's runs were handed on within {max(demo.handed_on.values()):.1f} s"
        )
    else:
        wrong.append("no run was handed on: the worker was killed too late")
    demo.follow(view)
    looks = len(view.runs) * (LOOKS + 1)
    print()
    if wrong:
        print("\n".join(f"WRONG: {one}" for one in wrong))
        return 1
    pages = sorted((FOLDER / "store").glob("campaigns/*/*/catalog.html"))
    print(f"{len(view.runs)} campaigns, {looks} looks, {looks} charges: each paid for once.")
    print(f"Their catalogs ({len(pages)}) and pictures: {(FOLDER / 'store').absolute().as_uri()}")
    return 0


def main() -> int:
    """Start everything, demonstrate, end everything; an argument says how many campaigns."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else CAMPAIGNS
    if (why := missing()) is not None:
        print(f"The demo needs more than is installed: {why}", file=sys.stderr)
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    store = FOLDER / "store"
    store.mkdir(parents=True)
    settings = {"limit": LIMIT, "latency": 3.0, "pictures": "on", "store": store.absolute()}
    try:
        with Studio(FOLDER.absolute(), ACCOUNTS, **settings) as studio:  # type: ignore[arg-type]
            return demonstrate(studio, campaigns)
    except (RuntimeError, TimeoutError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        with suppress(BrokenPipeError):
            print("\nStopped; everything that was started has ended.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
