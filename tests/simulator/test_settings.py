"""Settings: how they are spelled, what they mean, and what is said about a wrong one."""

from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest

from runner.simulator.settings import FAULT_KINDS, Fault, Latency, SimulatorSettings


@pytest.mark.parametrize("text", ["fixed:2", "uniform:1,3", "lognormal:4,0.4", "fixed:0"])
def test_a_latency_is_written_as_it_is_read(text: str) -> None:
    assert str(Latency.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "2", "fixed", "fixed:", "fixed:x", "fixed:1,2", "fixed:-1", "fixed:nan", "fixed:inf",
     "uniform:1", "uniform:3,1", "lognormal:0,1", "lognormal:4", "normal:1,2"],
)  # fmt: skip
def test_a_wrong_latency_is_refused_in_words_that_quote_it(text: str) -> None:
    with pytest.raises(ValueError, match="latency") as caught:
        Latency.parse(text)
    assert repr(text) in str(caught.value)


def test_latencies_follow_their_distribution() -> None:
    quantiles = [index / 1000 for index in range(1000)]
    assert {Latency.parse("fixed:2").sample(q) for q in quantiles} == {2.0}
    uniform = [Latency.parse("uniform:1,3").sample(q) for q in quantiles]
    assert min(uniform) == 1
    assert max(uniform) < 3
    assert median(uniform) == pytest.approx(2, abs=0.01)
    log = [Latency.parse("lognormal:4,0.4").sample(q) for q in quantiles]
    assert median(log) == pytest.approx(4, rel=0.01)
    assert sum(log) / len(log) == pytest.approx(4 * 2.718281828 ** (0.4**2 / 2), rel=0.02)
    assert min(log) > 0


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_every_fault_has_a_kind_and_a_probability(kind: str) -> None:
    fault = Fault.parse(f"{kind}:0.25")
    assert (fault.kind, fault.probability) == (kind, 0.25)
    assert str(fault) == f"{kind}:0.25"


@pytest.mark.parametrize(
    "text", ["", "slow", "slow:", "slow:x", "slow:-0.1", "slow:1.1", "slow:nan", "fast:1"]
)
def test_a_wrong_fault_is_refused_in_words_that_quote_it(text: str) -> None:
    with pytest.raises(ValueError, match="fault") as caught:
        Fault.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"balance": Decimal(-1)},
        {"balance": Decimal("nan")},
        {"price": Decimal("inf")},
        {"slow_seconds": -1.0},
        {"faults": (Fault("slow", 0.1), Fault("slow", 0.2))},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SimulatorSettings(**options)  # type: ignore[arg-type] # the point is what is wrong with them


def test_the_documentation_names_every_fault_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    table = text.partition("## Faults")[2].partition("##")[0]
    named = {
        kind.strip("`")
        for line in table.splitlines()
        if line.startswith("| `")
        for kind in line.split("|")[1].strip().split(", ")
    }
    assert named == set(FAULT_KINDS)
