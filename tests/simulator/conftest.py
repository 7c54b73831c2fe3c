"""Simulators for tests, each closed when its test ends."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.client import MakeWorld, SimulatorClient, settings_of


@pytest.fixture
def make() -> Iterator[MakeWorld]:
    """Make as many simulators as the test wants: ``make(concurrency=2, faults=["slow:1"])``."""
    worlds: list[SimulatorClient] = []

    def make(**options: Any) -> SimulatorClient:
        worlds.append(SimulatorClient(settings_of(**options)))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make: MakeWorld) -> SimulatorClient:
    """One simulator with the settings of a test."""
    return make()


@pytest.fixture(params=["asyncio", "trio"])
def any_loop(request: pytest.FixtureRequest) -> str:
    """Name both event loops, for tests that say so."""
    return str(request.param)
