"""Simulators for tests, each closed when its test ends."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.client import MakeSimulator, SimulatorClient, settings_of


@pytest.fixture
def make() -> Iterator[MakeSimulator]:
    """Make as many simulators as the test wants: ``make(concurrency=2, faults=["slow:1"])``."""
    simulators: list[SimulatorClient] = []

    def make(**options: Any) -> SimulatorClient:
        simulators.append(SimulatorClient(settings_of(**options)))
        return simulators[-1]

    yield make
    for simulator in simulators:
        simulator.close()


@pytest.fixture
def simulator(make: MakeSimulator) -> SimulatorClient:
    """One simulator with the settings of a test."""
    return make()


@pytest.fixture(params=["asyncio", "trio"])
def any_loop(request: pytest.FixtureRequest) -> str:
    """Name both event loops, for tests that say so."""
    return str(request.param)
