"""One contract for every stand-in for HeyGen: what they all play, they play alike.

A test says which abilities it needs. A stand-in that lacks one refuses to play it, and a test holds
that as well: it must never answer as if it were something else. Sources: ``docs/api-facts.md``.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest

from runner.canonical import sha256_hex
from runner.executor.ports import Api
from runner.model import FileImage
from runner.replies import Answer, CreatedData, GroupData, ListPage, LookData, Refusal, Reply
from tests.contract.accounts import GENERATION, STAND_INS, Lack, StandIn
from tests.executor.harness import run_virtual

T = TypeVar("T")
PHOTO = {"type": "url", "url": "https://example.com/sarah.png"}
DOT = Path(__file__).with_name("dot.png")


class Actor:
    """Somebody who uses an account: numbers the keys, and takes answers apart."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.count = 0

    async def create(self, *, key: str | None = None, **fields: Any) -> Reply[CreatedData]:
        """Buy a look: a photo's where there is no prompt."""
        self.count += 1
        body = {"name": f"Sarah {self.count}", **fields}
        body |= {"type": "prompt"} if "prompt" in fields else {"type": "photo", "file": PHOTO}
        return await self.api.create_avatar(json.dumps(body).encode(), key or f"key-{self.count}")

    async def bought(self, **fields: Any) -> "Made":
        """Buy a look that is accepted."""
        return made_of(await self.create(**fields))

    async def ready(self, **fields: Any) -> LookData:
        """Buy a look and wait until it can be referenced."""
        created = await self.bought(**fields)
        await anyio.sleep(GENERATION + 1)
        return answered(await self.api.look(created.look.id))

    async def root(self) -> LookData:
        """Return a look that can be referenced; the benchmarks' account begins with one."""
        known = answered(await self.api.looks())
        return known.items[0] if known.items else await self.ready()

    async def balance(self) -> Decimal:
        """Return what the wallet shows."""
        shown = answered(await self.api.me()).balance
        if shown is None:
            raise NotImplementedError("this account shows no balance")
        return shown

    async def all_looks(
        self, *, limit: int, group_id: str | None = None
    ) -> list[ListPage[LookData]]:
        """Return every page of a list."""
        pages = [answered(await self.api.looks(limit=limit, group_id=group_id))]
        while pages[-1].next_token is not None:
            token = pages[-1].next_token
            pages.append(
                answered(await self.api.looks(limit=limit, group_id=group_id, token=token))
            )
        return pages


@dataclass(frozen=True, slots=True)
class Made:
    """What an accepted purchase made."""

    look: LookData
    group: GroupData


def made_of(reply: Reply[CreatedData]) -> Made:
    """Return what an answer made: the schema lets it be null, and no stand-in does."""
    created = answered(reply)
    assert created.look is not None
    assert created.group is not None
    return Made(created.look, created.group)


def answered(reply: Reply[T]) -> T:
    """Return what an answer holds."""
    assert isinstance(reply, Answer), reply
    return reply.data


def refused(reply: Reply[Any]) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    assert isinstance(reply, Refusal), reply
    return reply.status, reply.code


Play = Callable[[Actor], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of the contract: what is played, and what a stand-in must not lack for it."""

    play: Play
    needs: frozenset[Lack]
    limit: int


CLAUSES: dict[str, Clause] = {}


def clause(*needs: Lack, limit: int = 10) -> Callable[[Play], Play]:
    """Add a part of the contract."""

    def add(play: Play) -> Play:
        CLAUSES[play.__name__] = Clause(play, frozenset(needs), limit)
        return play

    return add


def carry_out(stand_in: StandIn, clause: Clause) -> None:
    """Play a part of the contract against an empty account."""

    async def go() -> None:
        async with stand_in.open(clause.limit) as api:
            await clause.play(Actor(api))

    run_virtual(go)


# --- what every stand-in plays --------------------------------------------------------------------


@clause()
async def a_look_is_processing_and_then_completed_with_a_picture(actor: Actor) -> None:
    root = await actor.root()
    created = await actor.bought(prompt="in a suit", avatar_id=root.id)
    assert created.look.status == "processing"
    assert not created.look.usable
    now = answered(await actor.api.look(created.look.id))
    assert (now.status, now.usable) == ("processing", False)
    await anyio.sleep(GENERATION + 1)
    now = answered(await actor.api.look(created.look.id))
    assert (now.status, now.usable) == ("completed", True)
    assert (now.id, now.name) == (created.look.id, created.look.name)


@clause()
async def a_reference_alone_saves_to_its_own_group(actor: Actor) -> None:
    root = await actor.root()
    created = await actor.bought(prompt="in a suit", avatar_id=root.id)
    assert created.look.group_id == created.group.id == root.group_id


@clause()
async def ids_of_looks_differ_and_names_are_kept(actor: Actor) -> None:
    root = await actor.root()
    made = [await actor.bought(prompt="x", avatar_id=root.id, name="Same") for _ in range(3)]
    assert len({created.look.id for created in made} | {root.id}) == 4
    assert {created.look.name for created in made} == {"Same"}


@clause()
async def pages_hold_every_look_once(actor: Actor) -> None:
    root = await actor.root()
    made = {root.id}
    made |= {(await actor.bought(prompt="x", avatar_id=root.id)).look.id for _ in range(6)}
    pages = await actor.all_looks(limit=3)
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert {look.id for page in pages for look in page.items} == made
    (whole,) = await actor.all_looks(limit=50)
    assert {look.id for look in whole.items} == made


@clause()
async def a_list_shows_looks_as_they_are_now(actor: Actor) -> None:
    root = await actor.root()
    created = await actor.bought(prompt="x", avatar_id=root.id)
    for usable in (False, True):
        shown = {look.id: look for look in answered(await actor.api.looks()).items}
        assert shown[created.look.id].usable is usable
        await anyio.sleep(GENERATION + 1)


@clause(limit=2)
async def above_the_limit_a_job_is_refused_until_another_is_done(actor: Actor) -> None:
    root = await actor.root()
    for _ in range(2):
        await actor.bought(prompt="x", avatar_id=root.id)
    reply = await actor.create(prompt="x", avatar_id=root.id)
    assert refused(reply) == (429, "rate_limit_exceeded")
    assert isinstance(reply, Refusal)
    assert reply.retry_after is not None
    assert reply.retry_after > 0
    await anyio.sleep(GENERATION + 1)
    await actor.bought(prompt="x", avatar_id=root.id)


@clause()
async def the_account_is_a_wallet_and_has_a_name(actor: Actor) -> None:
    user = answered(await actor.api.me())
    assert user.username
    assert user.currency == "usd"


@clause()
async def an_unknown_look_is_not_found(actor: Actor) -> None:
    status, code = refused(await actor.api.look("look-of-nobody"))
    assert status == 404
    assert code in ("avatar_not_found", "not_found")


# --- the table of avatar_id and avatar_group_id, and its errors -----------------------------------


@clause(Lack.TABLE)
async def a_photo_makes_a_group_or_joins_one(actor: Actor) -> None:
    first = await actor.bought()
    second = await actor.bought()
    assert first.look.group_id == first.group.id != second.group.id
    joined = await actor.bought(avatar_group_id=first.group.id)
    assert joined.look.group_id == first.group.id


@clause(Lack.TABLE)
async def without_a_reference_a_prompt_makes_a_group_or_joins_one(actor: Actor) -> None:
    first = await actor.bought(prompt="a woman")
    second = await actor.bought(prompt="a woman")
    assert first.group.id != second.group.id
    joined = await actor.bought(prompt="a woman", avatar_group_id=first.group.id)
    assert joined.look.group_id == first.group.id


@clause(Lack.TABLE)
async def a_reference_has_to_be_in_the_group_that_is_named(actor: Actor) -> None:
    look, other = await actor.ready(), await actor.ready()
    both = await actor.bought(prompt="x", avatar_id=look.id, avatar_group_id=look.group_id)
    assert both.look.group_id == look.group_id
    reply = await actor.create(prompt="x", avatar_id=look.id, avatar_group_id=other.group_id)
    assert refused(reply) == (400, "invalid_parameter")


@clause(Lack.TABLE)
async def a_reference_has_to_exist_and_to_be_usable(actor: Actor) -> None:
    assert refused(await actor.create(prompt="x", avatar_id="nobody")) == (404, "avatar_not_found")
    unfinished = (await actor.bought()).look.id
    reply = await actor.create(prompt="x", avatar_id=unfinished)
    assert refused(reply) == (400, "invalid_parameter")


@clause(Lack.TABLE)
async def a_group_has_to_exist(actor: Actor) -> None:
    for fields in ({}, {"prompt": "x"}):
        reply = await actor.create(avatar_group_id="no-group", **fields)
        assert refused(reply) == (404, "avatar_group_not_found")


@clause(Lack.TABLE)
async def what_is_refused_makes_no_look(actor: Actor) -> None:
    await actor.create(prompt="x", avatar_id="nobody")
    assert answered(await actor.api.looks()).items == ()


# --- keys and money -------------------------------------------------------------------------------


@clause(Lack.REPLAY)
async def a_key_that_was_answered_gives_the_first_answer_again(actor: Actor) -> None:
    first = await actor.bought(key="once", name="Once")
    await anyio.sleep(GENERATION + 1)
    again = made_of(await actor.create(key="once", name="Once"))
    assert again.look == first.look  # as it was at creation
    assert len(answered(await actor.api.looks()).items) == 1


@clause(Lack.REPLAY, limit=1)
async def a_replay_is_answered_also_above_the_limit(actor: Actor) -> None:
    first = await actor.bought(key="once", name="Once")
    assert refused(await actor.create())[0] == 429
    assert made_of(await actor.create(key="once", name="Once")).look.id == first.look.id


@clause(Lack.REPLAY)
async def a_key_that_was_refused_is_not_spent(actor: Actor) -> None:
    assert refused(await actor.create(key="once", prompt="x", avatar_id="nobody"))[0] == 404
    assert made_of(await actor.create(key="once", prompt="x")).look.id


@clause(Lack.WALLET, Lack.REPLAY)
async def a_look_is_charged_once_and_a_refusal_never(actor: Actor) -> None:
    before = await actor.balance()
    await actor.create(key="once")
    await actor.create(key="once")
    await actor.create(prompt="x", avatar_id="nobody")
    assert before - await actor.balance() == 1


# --- groups, names, consents, uploads -------------------------------------------------------------


@clause(Lack.GROUPS, Lack.TABLE)
async def groups_are_shown_and_listed(actor: Actor) -> None:
    made = [(await actor.bought()).group for _ in range(3)]
    shown = answered(await actor.api.group(made[0].id))
    assert (shown.id, shown.name) == (made[0].id, made[0].name)
    assert shown.created_at == made[0].created_at
    found = answered(await actor.api.groups(limit=2))
    assert len(found.items) == 2
    rest = answered(await actor.api.groups(limit=2, token=found.next_token))
    assert rest.next_token is None
    assert {g.id for g in (*found.items, *rest.items)} == {group.id for group in made}
    assert refused(await actor.api.group("no-group")) == (404, "avatar_group_not_found")


@clause(Lack.GROUPS, Lack.TABLE)
async def a_group_lists_its_own_looks(actor: Actor) -> None:
    one = await actor.bought()
    await actor.bought()
    joined = await actor.bought(avatar_group_id=one.group.id)
    pages = await actor.all_looks(limit=1, group_id=one.group.id)
    assert {look.id for page in pages for look in page.items} == {one.look.id, joined.look.id}


@clause(Lack.CHANGES)
async def a_look_is_renamed_and_stays_what_it_is(actor: Actor) -> None:
    look = await actor.ready()
    assert answered(await actor.api.rename(look.id, "Other")).name == "Other"
    now = answered(await actor.api.look(look.id))
    assert (now.name, now.group_id, now.usable) == ("Other", look.group_id, True)
    assert refused(await actor.api.rename("nobody", "Other")) == (404, "avatar_not_found")


@clause(Lack.CHANGES, Lack.GROUPS)
async def a_group_ends_with_its_last_look(actor: Actor) -> None:
    first = await actor.bought()
    second = await actor.bought(avatar_group_id=first.group.id)
    group_id = first.group.id
    assert answered(await actor.api.delete_look(first.look.id)) == first.look.id
    assert answered(await actor.api.group(group_id)).id == group_id
    assert answered(await actor.api.delete_look(second.look.id)) == second.look.id
    assert refused(await actor.api.group(group_id)) == (404, "avatar_group_not_found")
    assert refused(await actor.api.look(first.look.id)) == (404, "avatar_not_found")
    assert refused(await actor.api.delete_look(first.look.id)) == (404, "avatar_not_found")
    assert refused(await actor.create(avatar_group_id=group_id))[0] == 404
    assert answered(await actor.api.groups()).items == ()


@clause(Lack.GROUPS)
async def a_consent_is_a_page_for_a_person(actor: Actor) -> None:
    group_id = (await actor.bought()).group.id
    assert answered(await actor.api.consent(group_id, "consent-1")).url.startswith("http")
    reply = await actor.api.consent("no-group", "consent-2")
    assert refused(reply) == (404, "avatar_group_not_found")


@clause(Lack.UPLOADS)
async def an_upload_can_be_named_and_nothing_else_can(actor: Actor) -> None:
    content = DOT.read_bytes()
    image = FileImage(DOT, DOT.name, sha256_hex(content), "image/png", len(content), 1, 1)
    asset = answered(await actor.api.upload(image, "upload-1"))
    named = {"type": "asset_id", "asset_id": asset.asset_id}
    await actor.bought(prompt="x", reference_images=[named])
    missing = {"type": "asset_id", "asset_id": "asset-of-nobody"}
    reply = await actor.create(prompt="x", reference_images=[missing])
    assert refused(reply) == (404, "asset_not_found")


REFUSES = "^this account|has no attribute '(group|groups|rename|delete_look|upload|consent)'$"
"""How a stand-in says that it does not play something: in words, or by having no such call."""

# --- the contract is kept -------------------------------------------------------------------------


@pytest.mark.parametrize("stand_in", STAND_INS, ids=lambda stand_in: stand_in.name)
@pytest.mark.parametrize("name", CLAUSES)
def test_a_stand_in_keeps_the_contract_or_refuses_to_play(stand_in: StandIn, name: str) -> None:
    part = CLAUSES[name]
    if not part.needs & stand_in.lacks:
        carry_out(stand_in, part)
        return
    with pytest.raises((NotImplementedError, AttributeError), match=REFUSES):
        carry_out(stand_in, part)


def test_what_is_declared_to_be_lacking_is_needed_somewhere() -> None:
    needed = {need for part in CLAUSES.values() for need in part.needs}
    assert needed == set(Lack)
