"""How much of the account a run leaves unused: its makespan against what no order can beat.

The real executor in virtual time (``bench/scripted.py``), once told at once of every look that is
done, once asking as it does at HeyGen. The bound is max(longest chain, work / concurrency).
"""

from bench.report import Row
from bench.scripted import mixed, run

GOALS = {10: (1.01, 1.04, 2.0), 100: (1.03, 1.06, 0.6), 1000: (1.02, 1.04, 0.5)}
"""By jobs at a time: makespan told, makespan asking against told, status requests for each look."""


def measure(*, quick: bool) -> list[Row]:
    """Measure told, asking, and level by level, at 10, 100 and 1,000 at a time."""
    looks = 2_000 if quick else 10_000
    rows = []
    for concurrency, (goal, asking, requests) in GOALS.items():
        work = mixed(looks, seed=9)
        bound = work.bound(concurrency)
        told = run(work, concurrency, told=True)
        polled = run(work, concurrency)
        assert max(told.account.peak, polled.account.peak) <= concurrency
        size = f"{looks:,} looks of 20 to 60 s, chains of up to 20"
        kinds = f"{polled.account.requests['page']:,} pages"
        rows += [
            Row(
                f"makespan, {concurrency:,} at a time, told at once, against the bound",
                told.makespan / bound,
                goal=goal,
                detail=f"{told.makespan:,.0f} of {bound:,.0f} s; {size}",
            ),
            Row(
                f"makespan, {concurrency:,} at a time, level by level, against the bound",
                work.level_by_level(concurrency) / bound,
                detail="the naive way",
            ),
            Row(
                f"makespan, {concurrency:,} at a time, asking, against told at once",
                polled.makespan / told.makespan,
                goal=asking,
                detail=f"{polled.makespan:,.0f} s",
            ),
            Row(
                f"status requests for each look, {concurrency:,} at a time",
                polled.account.statuses / looks,
                goal=requests,
                unit="",
                detail=f"{kinds}, {polled.account.requests['look']:,} single",
            ),
        ]
    return rows
