"""What it costs not to know the account's limit: found by refusals, against known beforehand.

The real executor in virtual time, asked for far more at a time than the account takes. The whole
makespan is compared, with the pauses that the server ordered still in it: what is lost to them and
to everything else together has to stay below 3 %.
"""

from bench.report import Row
from bench.scripted import Ran, ScriptedAccount, VirtualTime, Work, mixed, run

CASES = ((10, 100, 5.0), (10, 100, 30.0), (100, 1000, 5.0), (7, 10, 20.0))
"""The account's limit, what the run was asked for, and the pause in seconds that a 429 orders."""


def measure(*, quick: bool) -> list[Row]:
    """Makespan with the limit unknown against known, refusals, and probes at a time."""
    rows = []
    for limit, asked, pause in CASES:
        work = mixed(2_000 if quick else 10_000, seed=9)
        known, unknown = paced(work, limit, limit, pause), paced(work, limit, asked, pause)
        assert unknown.account.peak == limit
        refused = unknown.account.requests["refused"]
        rows += [
            Row(
                f"makespan, limit of {limit} unknown, {asked:,} asked for, against known",
                unknown.makespan / known.makespan,
                goal=1.03,
                detail=f"{refused} refusals of {pause:g} s, {in_pauses(unknown, limit):,.0f} s "
                f"of the whole account in them; {unknown.makespan:,.0f} s",
            ),
            Row(
                f"probing requests at a time after a refusal, limit of {limit} of {asked:,}",
                unknown.account.probes_peak,
                goal=1,
                unit="",
            ),
        ]
    return rows


def paced(work: Work, limit: int, asked: int, pause: float) -> Ran:
    """Run on an account of that limit."""

    def account(clock: VirtualTime) -> ScriptedAccount:
        return ScriptedAccount(clock, work.seconds, latency=0.1, limit=limit, retry_after=pause)

    return run(work, asked, account=account)


def in_pauses(ran: Ran, limit: int) -> float:
    """Return how long the account stood still in the pauses, as seconds of all its slots."""
    pauses = joined(ran.account.ordered)
    idle = sum(end - begin for begin, end in pauses)
    busy = sum(
        max(0.0, min(end, done) - max(begin, since))
        for since, done in ran.account.jobs
        for begin, end in pauses
        if since < end and done > begin
    )
    return idle - busy / limit


def joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans that overlap as one."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
