"""Commands of the real command line on a scripted account, in this process and without a server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.cli.account import open_account
from runner.cli.context import Console, Context
from runner.cli.run_attempt import execute
from runner.cli.session import OpenSession, open_session
from runner.ledger.ledger import LedgerFile
from runner.ledger.state_dirs import StateDirs
from runner.model import Campaign
from runner.plan.request import Request
from runner.policy.lifecycle import Event
from runner.replies import Answer, Reply, UserData
from runner.takes import Account, Take
from tests.executor.harness import Counting, FakeApi, FakeImages, VirtualClock, run_virtual
from tests.executor.harness import campaign as make_campaign
from tests.ledger.names import Ticking, intent

ACCOUNT = Account("api.example", "me")


class AtOnce(FakeApi):
    """An account whose free requests take no time: here the clock is real."""

    owner: Callable[[], UserData]
    address = SimpleNamespace(host=ACCOUNT.host, is_private=False)

    async def me(self) -> Reply[UserData]:
        return Answer(self.owner())

    async def _free(self, call: str) -> Reply[Any] | None:
        self.calls.append(call)
        return self.free_replies.popleft() if self.free_replies else None


class Person(Console):
    """Somebody at the terminal who answers every question the same; ``asked`` has them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, says_yes: bool) -> None:
        self.asked: list[str] = []

        def confirm(question: str, **_more: Any) -> bool:
            self.asked.append(question)
            return says_yes

        monkeypatch.setattr("click.confirm", confirm)

    def can_answer(self) -> bool:
        return True


class Office:
    """One manifest's folder, the account behind it, and a ledger to write by hand."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.manifest = folder / "spring.yaml"
        self.api = AtOnce(VirtualClock())
        self.ticking = Ticking()
        self.entropy = Counting()
        self.user = UserData("me", "usd", None)
        self.api.owner = lambda: self.user
        self.context = Context(
            environment={"HEYGEN_API_KEY": "key", "HEYGEN_MAX_RETRIES": "1"}, home=str(folder)
        )
        monkeypatch.setattr("runner.heygen.client.HeyGen", self._connect)
        monkeypatch.setattr("runner.images.downloader.Downloader", self._fetch)

    def campaign(self, *looks: Any, name: str = "spring") -> Campaign:
        made = make_campaign(*looks)
        return Campaign(name, self.manifest, made.looks)

    @property
    def ledger_path(self) -> Path:
        return StateDirs(self.manifest).root / "ledger.sqlite"

    def ledger(self) -> LedgerFile:
        return LedgerFile(self.ledger_path, now=self.ticking.now, entropy=self.ticking, inline=True)

    async def bought(self, ledger: LedgerFile, look: str, **more: Any) -> Take:
        """Write down a take that the account has."""
        made = self.api.add_by_hand(more.pop("name", f"name of {look}"), "group-1")
        take = await ledger.intend(intent(look, key=ledger._entropy.key(), name=made.name, **more))
        facts = {"avatar_id": made.id, "group_id": "group-1", "accepted_at": 4.0}
        await ledger.record(take.uid, Event.ACCEPTED, facts)
        return await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})

    async def lost(self, ledger: LedgerFile, look: str, **more: Any) -> Take:
        """Write down a send that got no answer."""
        more = {"key": ledger._entropy.key(), "group_wanted": "group-1"} | more
        take = await ledger.intend(intent(look, **more))
        return await ledger.record(take.uid, Event.LOST, {"error_message": "reset"})

    def run(self, campaign: Campaign, *, person: Console | None = None, **asked: Any) -> int:
        """Run a campaign as ``lookbook run`` does, in virtual time; return the exit code.

        Without a ``person`` it is a job's, with ``--yes``.
        """
        context = self.context._replace(
            clock=self.api.clock, entropy=self.entropy, inline=True, handles_signals=False
        )
        if person is not None:
            context = context._replace(console=person)
        request = Request(manifest=self.manifest, **{"yes": person is None} | asked)

        async def go() -> int:
            try:
                return await execute(context, campaign, request)
            finally:
                self.api.clock.begun = self.api.clock.now()

        return run_virtual(go)

    @asynccontextmanager
    async def _connect(self, *_given: Any, **_named: Any) -> AsyncIterator[FakeApi]:
        yield self.api

    @asynccontextmanager
    async def _fetch(self, *_given: Any, **_named: Any) -> AsyncIterator[Any]:
        yield FakeImages()

    @asynccontextmanager
    async def open_session(self, campaign: Campaign) -> AsyncIterator[OpenSession]:
        """Open the account and the campaign's ledger, as commands do."""
        async with open_account(self.context) as opened:
            state = opened.make_state(campaign)
            async with open_session(opened, campaign, state) as work:
                yield work
