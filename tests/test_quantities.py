"""Money and time are written in one way, on the terminal and in the catalog."""

from decimal import Decimal

import pytest

from runner.quantities import (
    format_age,
    format_amount,
    format_duration,
    format_estimate,
    format_usd,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (1.0, "$1.00"),
        (100, "$100.00"),
        (Decimal("0.5"), "$0.50"),
        (0.125, "$0.125"),
        (Decimal("0.0333"), "$0.0333"),
        (1234.5, "$1,234.50"),
        (0.1 + 0.2, "$0.30"),
        (Decimal(-2), "$-2.00"),
        (Decimal("1e30"), f"${10**30:,}.00"),
        (None, "—"),
    ],
)
def test_an_amount_has_cents_and_more_only_where_there_is_more(
    amount: Decimal | float | None, text: str
) -> None:
    assert format_usd(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(3.0, "3.00"), (Decimal("1234.5"), "1234.50"), (0.0333, "0.0333")]
)
def test_an_amount_for_an_option_can_be_read_back_and_is_not_less(
    amount: Decimal | float, text: str
) -> None:
    assert format_amount(amount) == text
    assert Decimal(text) == Decimal(str(amount))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (48, "48 s"), (84, "1 min 24 s"), (3600, "1 h 0 min"), (7530, "2 h 5 min")],
)
def test_a_measured_time_is_written_to_its_second(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "a few seconds"),
        (12, "about 10 s"),
        (53, "about 55 s"),
        (56, "about 1 min"),
        (89, "about 1 min"),
        (600, "about 10 min"),
        (5400, "about 1 h 30 min"),
        (7190, "about 2 h"),
        (100_000, "about 27 h 50 min"),
    ],
)
def test_an_expected_time_is_written_as_roughly_as_it_is_known(seconds: float, text: str) -> None:
    assert format_estimate(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "less than a minute ago"),
        (600, "10 min ago"),
        (7200, "2 h ago"),
        (48 * 3600, "2 days ago"),
        (200 * 3600, "8 days ago"),
    ],
)
def test_how_long_ago_is_written_roughly(seconds: float, text: str) -> None:
    assert format_age(seconds) == text
