"""One generation alone: what the probe reads around it, and what it commits of that."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

import pytest

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.executor.price_probe import PriceProbe, SingleSend
from runner.executor.refunds import BalanceReading, Wallet
from runner.model import LookKind
from runner.replies import AutoReload, UserData
from runner.takes import Billing, MeasuredPrice, PriceState, Snapshot, Take, TakeState
from tests.executor.harness import run_virtual

PROMPT = LookKind.PROMPT
ONE = Decimal(1)
SETTLING = (4.0, 6.0)
USER = UserData("me", "usd", Decimal(100))


@dataclass
class Account:
    """What a probe reaches: a context, its ledger, its observer, and the wallet.

    ``shows`` are the balances of the next readings, the last one for good; None: it cannot be read.
    """

    shows: list[float | None]
    takes: list[Take] = field(default_factory=list)
    prices: dict[LookKind, MeasuredPrice] = field(default_factory=dict)
    left: Decimal | None = None
    run: str | None = "r"
    settling: tuple[float, ...] = SETTLING
    stops: bool = False
    readings: int = 0
    pauses: list[float] = field(default_factory=list)
    noted: list[tuple[MeasuredPrice, tuple[str, ...]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> "Account":
        return self

    @property
    def observer(self) -> "Account":
        return self

    def snapshot(self) -> Snapshot:
        return Snapshot(takes={"a": tuple(self.takes)}, prices=self.prices)

    def room(self) -> Decimal | None:
        return self.left

    async def note_price(
        self, kind: LookKind, price: MeasuredPrice, *, takes: Sequence[str] = ()
    ) -> None:
        self.noted.append((price, tuple(takes)))
        self.prices[kind] = price

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.stops:
            raise RunStopped

    def said(self, words: str) -> None:
        self.words.append(words)

    def stop_for_price(self, reason: str) -> None:
        self.stopped.append(reason)

    async def read(self) -> BalanceReading | None:
        self.readings += 1
        shown = self.shows.pop(0) if len(self.shows) > 1 else self.shows[0]
        if shown is None:
            return None
        return BalanceReading(0.0, None if shown < 0 else Decimal(str(shown)))

    def probe(
        self, *, opening: float | None = 100, user: UserData = USER, **more: Any
    ) -> PriceProbe:
        probe = PriceProbe(cast("RunContext", self), cast("Wallet", self), user, **more)
        probe.begin(BalanceReading(0.0, None if opening is None else Decimal(str(opening))))
        return probe


def take(number: int = 1, **more: Any) -> Take:
    known = Take(
        *(f"uid-{number}", "a", number, PROMPT, "i", "{}", "n", TakeState.FETCHED, Billing.BILLED),
        price=ONE,
        run="r",
        avatar_id=f"look-{number}",
    )
    return replace(known, **more)


def send(probe: PriceProbe, *sent: Take) -> list[SingleSend]:
    """Send takes alone, one after the other, each read at its acceptance and at its end."""

    async def go() -> list[SingleSend]:
        singles = []
        for one in sent:
            assert probe.start_check(PROMPT, ONE)
            single = await probe.open(PROMPT)
            accepted = one if one.unresolved else replace(one, state=TakeState.PROCESSING)
            await probe.look(single, accepted)
            await probe.close(single, one)
            singles.append(single)
        return singles

    return run_virtual(go)


CONFIRMED = MeasuredPrice(ONE, PriceState.CONFIRMED, ONE)


def test_a_wallet_that_falls_at_acceptance_settles_the_price_with_one_reading() -> None:
    account = Account([100, 99])
    probe = account.probe()
    (single,) = send(probe, take())
    assert (single.concluded, probe.charged_at_once, probe.is_late) == (True, True, False)
    assert account.noted == [(CONFIRMED, ())]
    assert (account.readings, account.pauses) == (2, [])  # before, and at acceptance: no more
    assert not probe.start_check(PROMPT, ONE)
    assert (account.words, account.stopped, probe.notes) == ([], [], [])


@pytest.mark.parametrize(
    ("shows", "pauses"),
    [
        ([100, 100, 99], [0.0]),
        ([100, 100, 100, 99], [0.0, 4.0]),
        ([100, 100, 100, 100, 99], [0.0, 4.0, 6.0]),
    ],
)
def test_a_wallet_that_is_late_is_read_at_completion_and_some_seconds_more(
    shows: list[float | None], pauses: list[float]
) -> None:
    account = Account(shows)
    probe = account.probe()
    send(probe, take())
    assert account.noted == [(CONFIRMED, ())]
    assert (account.pauses, probe.charged_at_once) == (pauses, False)


FAILED = take(state=TakeState.FAILED, billing=Billing.ASSUMED)


@pytest.mark.parametrize(
    ("sent", "shows"),
    [
        (FAILED, [100]),  # it may never be charged
        (take(avatar_id=None, state=TakeState.FAILED, billing=Billing.NONE), [100]),
        (take(state=TakeState.UNKNOWN, billing=Billing.UNKNOWN, avatar_id=None), [100, 99]),
        (take(resent_at=5.0), [100, 98]),  # it may have been charged twice
        (take(), [None, 99]),  # nobody knows what there was before
        (take(), [100, None]),
        (take(), [100, -1]),  # no dollars are shown any more
    ],
)
def test_a_send_that_tells_nothing_leaves_the_next_one_alone(
    sent: Take, shows: list[float | None]
) -> None:
    account, unread = Account([*shows]), shows[0] is None
    probe = account.probe()
    send(probe, sent)
    assert (account.noted, account.words, account.stopped, probe.notes) == ([], [], [], [])
    assert not probe.is_late
    assert probe.start_check(PROMPT, ONE)
    assert not (unread and account.pauses)  # there is nothing to wait for


@pytest.mark.parametrize(
    ("sent", "shows", "phase"),
    [
        (FAILED, [100, 99], CONFIRMED),  # a failure that was charged tells the price
        (FAILED, [100, 100, 99], CONFIRMED),
        (take(resent_at=5.0), [100, 99], CONFIRMED),  # charged once, although it was sent twice
    ],
)
def test_a_fall_by_the_price_confirms_it_whatever_became_of_the_look(
    sent: Take, shows: list[float | None], phase: MeasuredPrice
) -> None:
    account = Account(shows)
    send(account.probe(), sent)
    assert account.noted == [(phase, ())]


@pytest.mark.parametrize("sent", [take(), take(resent_at=5.0)])
def test_a_wallet_that_never_moves_is_told_once_and_confirms_nothing(sent: Take) -> None:
    account = Account([100])
    probe = account.probe()
    send(probe, sent)
    assert (account.noted, probe.is_late, account.stopped) == ([], True, [])
    assert len(probe.notes) == 1
    assert "did not fall for a#1 in time" in probe.notes[0]
    assert not probe.start_check(PROMPT, ONE)  # the run goes on


def test_a_look_that_failed_before_the_wallet_was_read_is_not_waited_for_as_late() -> None:
    account = Account([100])
    probe = account.probe()

    async def go() -> bool:
        assert probe.start_check(PROMPT, ONE)
        single = await probe.open(PROMPT)
        return await probe.look(single, FAILED)  # it is over when its answer is here

    assert run_virtual(go) is False
    assert account.readings == 1


def test_a_stop_ends_the_reading_and_concludes_nothing() -> None:
    account = Account([100], stops=True)
    probe = account.probe()
    (single,) = send(probe, take())
    assert (single.concluded, account.noted, probe.notes) == (False, [], [])


def test_another_price_is_suspected_then_contradicted_and_both_takes_count_at_it() -> None:
    account = Account([100, 96, 96, 92], takes=[take(1), take(2)])
    send(account.probe(), take(1), take(2))
    suspected = MeasuredPrice(Decimal(4), PriceState.SUSPECTED, ONE, 1, "uid-1")
    settled = MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, ONE, 2)
    assert account.noted == [(suspected, ()), (settled, ("uid-1", "uid-2"))]
    (said,) = account.words
    assert said.startswith("the wallet fell by $4.00 for a prompt look, and the plan counts $1.00;")
    (reason,) = account.stopped
    assert reason.endswith("two generations agree")


def test_two_other_falls_that_differ_stop_the_run_and_change_no_take() -> None:
    account = Account([100, 93, 93, 89])
    probe = account.probe()
    send(probe, take(1), take(2))
    told = MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, ONE, 1, "uid-2")
    assert account.noted[-1] == (told, ())
    assert [reason.endswith("$1.00") for reason in account.stopped] == [True]
    assert not probe.charged_at_once


def test_without_room_for_a_second_send_the_first_one_stops_the_run() -> None:
    account = Account([100, 96], left=Decimal("3.99"))
    send(account.probe(), take(1))
    assert (len(account.stopped), account.words) == (1, [])
    assert account.noted[-1] == (SHOWN, ())


SUSPECTED = MeasuredPrice(Decimal(4), PriceState.SUSPECTED, ONE, 1, "uid-9")
SHOWN = MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, ONE, 1, "uid-1")


@pytest.mark.parametrize(("left", "stops"), [(None, False), ("4", False), ("3.99", True)])
def test_a_second_send_leaves_only_where_the_suspected_price_has_room(
    left: str | None, *, stops: bool
) -> None:
    """The suspicion may be another run's, whose ceilings were others."""
    room = None if left is None else Decimal(left)
    account = Account([100], left=room, prices={PROMPT: SUSPECTED})
    probe = account.probe()
    assert probe.start_check(PROMPT, ONE)
    if not stops:
        run_virtual(lambda: probe.open(PROMPT))
        assert (account.noted, account.stopped) == ([], [])
        return
    with pytest.raises(RunStopped):
        run_virtual(lambda: probe.open(PROMPT))
    assert account.noted == [(replace(SHOWN, take="uid-9"), ())]
    (reason,) = account.stopped
    assert reason == "the wallet fell by $4.00 for a prompt look, and the plan counts $1.00"


def test_what_another_run_bought_counts_as_it_cost_once_a_second_send_agrees() -> None:
    account = Account([100, 96], takes=[take(9, run="earlier"), take(1)])
    account.prices = {PROMPT: SUSPECTED}
    send(account.probe(), take(1))
    settled = MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, ONE, 2)
    assert account.noted == [(settled, ("uid-9", "uid-1"))]


@pytest.mark.parametrize("state", [PriceState.SUSPECTED, PriceState.CONTRADICTED])
def test_what_a_person_says_is_what_the_take_that_showed_it_counts_at(state: PriceState) -> None:
    account = Account([100, 96], takes=[take(9, run="earlier")])
    account.prices = {PROMPT: replace(SUSPECTED, state=state)}
    probe = account.probe()
    assert probe.start_check(PROMPT, Decimal(4))
    run_virtual(lambda: probe.open(PROMPT))  # before the ceilings are asked for room
    assert account.noted == [(replace(SUSPECTED, state=state, take=None), ("uid-9",))]


def test_a_fall_that_others_caused_changes_no_take() -> None:
    account = Account([100, 99], takes=[take(9, run="earlier"), take(1)])
    account.prices = {PROMPT: SUSPECTED}
    send(account.probe(), take(1))
    assert account.noted == [(CONFIRMED, ())]


def test_a_reload_between_two_readings_is_no_other_price() -> None:
    filled = replace(USER, auto_reload=AutoReload(Decimal(75), Decimal(5)))
    account = Account([5, 79])
    send(account.probe(user=filled), take())
    assert account.noted == [(CONFIRMED, ())]
    account = Account([5, 79])
    send(account.probe(), take())
    assert account.noted == []


@pytest.mark.parametrize(
    ("bought", "before", "after", "known"),
    [
        (1, 100, 98, [CONFIRMED]),  # the wallet shows both at once
        (1, 100, 99, []),  # only the base, late
        (1, 99, 98, [CONFIRMED]),  # the base showed before this send
        (0, 99, 98, [CONFIRMED]),  # somebody else bought before: nothing is owed
    ],
)
def test_what_a_late_wallet_owes_is_no_part_of_the_next_price(
    bought: int, before: float, after: float, known: list[MeasuredPrice]
) -> None:
    """The base's photo was bought and the wallet did not move: it may show that any time."""
    base = take(9, kind=LookKind.PHOTO)
    account = Account([100])
    probe = account.probe()

    async def go() -> None:
        assert probe.start_check(LookKind.PHOTO, ONE)
        await probe.close(await probe.open(LookKind.PHOTO), base)
        account.takes = [base, take(8, run="earlier")] if bought else [take(8, run="earlier")]
        account.shows = [before, after]
        assert probe.start_check(PROMPT, ONE)
        await probe.close(await probe.open(PROMPT), take())

    run_virtual(go)
    assert probe.is_late
    assert [price for price, _ in account.noted] == known


def test_only_a_late_wallet_whose_balance_is_known_owes_anything() -> None:
    account = Account([98], takes=[take(7), take(8), take(9)])
    probe = account.probe()
    assert probe.start_check(PROMPT, ONE)
    assert run_virtual(lambda: probe.open(PROMPT)).owed == 0  # in time
    account.shows = [100]
    send(probe, take())
    assert probe.is_late
    account.shows = [98]
    assert run_virtual(lambda: probe.open(PROMPT)).owed == 1
    account.shows = [None]
    assert run_virtual(lambda: probe.open(PROMPT)) == SingleSend(PROMPT, None, Decimal(0))
    account.shows = [98]
    unknown = account.probe(opening=None)
    assert not unknown.start_check(PROMPT, ONE)
    assert unknown.is_late
    assert run_virtual(lambda: unknown.open(PROMPT)).owed == 0


def test_a_confirmed_price_is_checked_again_only_where_it_is_doubted() -> None:
    known = {PROMPT: CONFIRMED}
    assert not Account([100], prices=known).probe().start_check(PROMPT, ONE)
    assert (
        not Account([100], prices=known).probe(doubtful=[LookKind.PHOTO]).start_check(PROMPT, ONE)
    )
    account = Account([100, 99], prices=known)
    probe = account.probe(doubtful=[PROMPT])
    send(probe, take())
    assert account.noted == [(CONFIRMED, ())]
    assert not probe.start_check(PROMPT, ONE)  # once
    suspected = {PROMPT: MeasuredPrice(Decimal(4), PriceState.SUSPECTED, ONE)}
    account = Account([100, 96], prices=suspected)
    send(account.probe(doubtful=[PROMPT]), take())  # the doubt forgets no suspicion
    assert len(account.stopped) == 1


def test_an_account_without_dollars_is_told_once_and_not_checked() -> None:
    account = Account([-1])
    probe = account.probe(opening=None)
    assert [probe.start_check(PROMPT, ONE) for _ in range(2)] == [False, False]
    assert len(probe.notes) == 1
    assert "no wallet in dollars, so the price of $1.00 for a prompt look" in probe.notes[0]


def test_a_probe_that_has_not_begun_yet_checks_and_owes_nothing() -> None:
    account = Account([100, 99])
    probe = PriceProbe(cast("RunContext", account), cast("Wallet", account), USER)
    send(probe, take())
    assert account.noted == [(CONFIRMED, ())]
