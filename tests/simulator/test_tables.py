"""Listings and journals against simple models, with whatever hypothesis thinks of."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.simulator.tables import NumberList
from tests.simulator.client import SimulatorClient, settings_of


@given(
    st.lists(st.integers(0, 60)),
    st.lists(st.integers(0, 60)),
    st.integers(1, 7),
)
def test_paging_visits_every_row_once_newest_first(
    added: list[int], dropped: list[int], limit: int
) -> None:
    listing, model = NumberList(), set(added)
    for seq in sorted(model):
        listing.add(seq)
    for seq in dropped:
        listing.discard(seq)
    model -= set(dropped)
    assert listing.all() == sorted(model)
    assert len(listing) == len(model)
    assert listing.oldest() == min(model, default=None)
    seen: list[int] = []
    before, more = None, True
    while more:
        page, more = listing.page(before, limit)
        assert len(page) <= limit
        seen += page
        before = seen[-1] if seen else None
    assert seen == sorted(model, reverse=True)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, list[Any]]:
    """A journal, and the figures after each of the requests that wrote it."""
    path = tmp_path_factory.mktemp("history") / "state"
    simulator = SimulatorClient(
        settings_of(state=path, latency="fixed:0", faults=["fail-generation:0.3"])
    )
    figures: list[Any] = []

    async def run() -> None:
        figures.append(await simulator.stats())
        for index in range(8):
            look = await simulator.finished(name=f"Look {index}", key=f"k{index}")
            figures.append(await simulator.stats())
            if index % 3 == 0:
                await simulator.client.delete(f"/v3/avatars/looks/{look['id']}")
                figures.append(await simulator.stats())

    anyio.run(run)
    content = path.read_bytes()
    simulator.close()
    return path, content, figures


@given(share=st.floats(0, 1))
def test_a_journal_cut_anywhere_is_the_account_after_some_request(
    history: tuple[Path, bytes, list[Any]], share: float
) -> None:
    path, content, figures = history
    cut = round(share * len(content))
    path.write_bytes(content[:cut])
    simulator = SimulatorClient(settings_of(state=path))
    try:
        account = simulator.sim.account
        found = (len(account.charges), len(account.looks) - 3, len(account.groups) - 1)
        possible = {(len(each["charges"]), each["looks"], each["groups"]) for each in figures}
        assert found in possible
        assert account.spent <= len(account.charges) * 1_000_000
        assert len(account.answers) == len(account.charges)
    finally:
        simulator.close()
