"""Behaviours: what each switch changes, that all are off by default, and how they are spelled."""

from dataclasses import fields
from pathlib import Path

import pytest

from runner.cli.commands.simulator import command
from runner.simulator.behaviour import SWITCHES, Behaviour
from tests.simulator.client import DAY, MakeWorld, SimulatorClient, error_of

pytestmark = pytest.mark.anyio


async def charged(world: SimulatorClient) -> int:
    return len((await world.stats())["charges"])


async def wallet(world: SimulatorClient) -> float:
    answer = await world.get("/v3/users/me")
    return float(answer.json()["data"]["wallet"]["remaining_balance"])


async def listed(world: SimulatorClient, path: str = "/v3/avatars/looks") -> list[str]:
    answer = await world.get(path, params={"ownership": "private"})
    return [row["id"] for row in answer.json()["data"]]


@pytest.mark.parametrize(("value", "consents"), [("", 2), ("=avatars", 1)])
async def test_an_ignored_key_acts_and_charges_again(
    make: MakeWorld, value: str, consents: int
) -> None:
    world = make(behave=[f"ignore-keys{value}"])
    first, again = await world.create(key="k"), await world.create(key="k")
    assert first.content != again.content
    assert await charged(world) == 2
    assert world.sim.account.counted("keys", "ignored") == 1
    group = first.json()["data"]["avatar_group"]["id"]
    await world.post(f"/v3/avatars/{group}/consent", key="c")
    world.wait(10)
    await world.post(f"/v3/avatars/{group}/consent", key="c")
    assert (await world.stats())["replays"] == 2 - consents


async def test_a_list_that_lags_shows_a_look_and_its_group_together(make: MakeWorld) -> None:
    world = make(behave=["lists-lag=30"])
    first = await world.made()
    world.wait(29)
    assert (await listed(world), await listed(world, "/v3/avatars")) == ([], [])
    assert (await world.look(first["id"]))["id"] == first["id"]
    world.wait(1)
    second = await world.made(avatar_id=first["id"])
    assert await listed(world) == [first["id"]]
    assert await listed(world, "/v3/avatars") == [first["group_id"]]
    world.wait(30)
    assert await listed(world) == [second["id"], first["id"]]


async def test_what_is_forbidden_is_a_403_by_its_words_or_everything(make: MakeWorld) -> None:
    world = make(behave=["forbid=at night"])
    await world.made()
    assert error_of(await world.create(name="A walk at night")) == (403, "forbidden", None)
    of_it = {"type": "prompt", "name": "Walk", "prompt": "Wearing a coat, at night"}
    assert error_of(await world.create(**of_it)) == (403, "forbidden", None)
    assert await charged(world) == 1
    assert (await world.get("/v3/users/me")).status_code == 200
    assert error_of(await make(behave=["forbid"]).create()) == (403, "forbidden", None)


async def test_a_read_that_lags_is_404_in_the_api_s_own_words(make: MakeWorld) -> None:
    world = make(behave=["reads-lag=20"])
    look = await world.made()
    path = f"/v3/avatars/looks/{look['id']}"
    assert error_of(await world.get(path)) == (404, "avatar_not_found", None)
    world.wait(20)
    assert (await world.get(path)).status_code == 200


async def test_a_wallet_that_lags_refuses_by_what_is_really_left(make: MakeWorld) -> None:
    world = make(behave=["wallet-lag=15"], balance=2)
    await world.made()
    world.wait(10)
    await world.made()
    assert await wallet(world) == 2
    assert (await world.create()).status_code == 402
    world.wait(5)
    assert await wallet(world) == 1
    world.wait(10)
    assert await wallet(world) == 0


async def test_each_kind_may_have_a_price_of_its_own(make: MakeWorld) -> None:
    world = make(behave=["photo-price=3", "prompt-price=0.25"], balance=10)
    image = {"type": "url", "url": "https://example.com/a.png"}
    await world.made(type="photo", file=image)
    await world.made()
    assert await wallet(world) == 6.75


async def test_a_charge_at_completion_takes_nothing_before_and_nothing_for_a_failure(
    make: MakeWorld,
) -> None:
    for fault, left in (("fail-generation:0", 4), ("fail-generation:1", 5)):
        world = make(behave=["charge-at-completion"], faults=[fault], balance=5, latency="fixed:20")
        await world.made()
        world.wait(19)
        assert await wallet(world) == 5
        world.wait(1)
        assert await wallet(world) == left


async def test_a_look_that_was_just_completed_may_be_refused_as_a_reference(
    make: MakeWorld,
) -> None:
    world = make(behave=["reference-lag=30"])
    look = await world.made()
    world.wait(2)
    answers = [await world.create(avatar_id=look["id"]) for _ in range(12)]
    assert {error_of(answer) for answer in answers} == {
        (404, "AVATAR_NOT_FOUND", "avatar_id"),
        (400, "INVALID_PARAMETER", "avatar_id"),
        (400, "avatar_not_synced", None),
    }
    world.wait(30)
    assert (await world.create(avatar_id=look["id"])).status_code == 200


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("capitals", "PROCESSING", "COMPLETED"),
        ("unlisted", "queued", "completed"),
        ("absent", "processing", None),
    ],
)
async def test_a_status_may_be_spelled_otherwise(
    make: MakeWorld, word: str, before: str, after: str | None
) -> None:
    world = make(behave=[f"statuses={word}"])
    look = await world.made()
    assert look["status"] == before
    world.wait(60)
    done = await world.look(look["id"])
    assert done["status"] == after
    assert done["preview_image_url"]
    assert (await world.create(avatar_id=look["id"])).status_code == 200


async def test_a_gateway_s_page_answers_everything_for_as_long_as_it_lasts(
    make: MakeWorld,
) -> None:
    world = make(behave=["gateway-lasts=90"], faults=["gateway-404:1"])
    first = await world.create()
    assert first.status_code == 404
    assert first.headers["Content-Type"] == "text/html"
    world.sim.settings = make(behave=["gateway-lasts=90"]).sim.settings
    world.wait(89)
    assert (await world.get("/v3/users/me")).content == first.content
    world.wait(1)
    assert (await world.get("/v3/users/me")).status_code == 200
    assert await charged(world) == 0


async def test_looks_may_name_no_group(make: MakeWorld) -> None:
    world = make(behave=["no-group-ids"])
    answer = (await world.create()).json()["data"]
    group_id = answer["avatar_group"]["id"]
    look_id = answer["avatar_item"]["id"]
    assert answer["avatar_item"]["group_id"] is None
    assert (await world.look(look_id))["group_id"] is None
    there = (await world.get(f"/v3/avatars/looks?group_id={group_id}")).json()["data"]
    assert [(look["id"], look["group_id"]) for look in there] == [(look_id, None)]


@pytest.mark.parametrize("who", ["lists-404", "lists-gateway-404"])
async def test_lists_may_be_not_found_for_minutes(make: MakeWorld, who: str) -> None:
    world = make(behave=[f"{who}=240"])
    look = await world.finished()
    lists = ["/v3/avatars", "/v3/avatars/looks", f"/v3/avatars/looks?group_id={look['group_id']}"]
    world.wait(600 - world.clock.now % 600)
    for path in lists:
        answer = await world.get(path)
        assert answer.status_code == 404
        envelope = answer.headers["Content-Type"] == "application/json"
        assert envelope == (who == "lists-404")
        assert not envelope or error_of(answer)[1] == "not_found"
    assert (await world.look(look["id"]))["status"] == "completed"
    assert (await world.get(f"/v3/avatars/{look['group_id']}")).status_code == 200
    world.wait(240)
    assert [(await world.get(path)).status_code for path in lists] == [200, 200, 200]


async def test_an_empty_wallet_may_be_told_under_another_status(make: MakeWorld) -> None:
    answer = await make(behave=["money-status=403"], balance=0).create()
    assert error_of(answer) == (403, "insufficient_credit", None)


async def test_an_odd_status_stays_for_a_day(make: MakeWorld) -> None:
    world = make(faults=["odd-status:1"])
    look = await world.finished()
    assert look["status"] == "under_review"
    world.wait(DAY)
    assert (await world.look(look["id"]))["status"] == "completed"


def test_every_switch_is_a_field_is_documented_and_is_offered() -> None:
    names = {one.name.replace("_", "-") for one in fields(Behaviour)}
    assert names == set(SWITCHES)
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    table = text.partition("## Behaviours")[2].partition("\n## ")[0]
    rows = {
        line.split("`")[1].partition("=")[0] for line in table.splitlines() if line[:3] == "| `"
    }
    assert rows == names
    behave = next(one for one in command.params if one.name == "behaviours")
    offered = getattr(behave, "help", "")
    assert [name for name in names if name not in offered] == []


@pytest.mark.parametrize(
    "text",
    ["", "lag", "lists-lag", "lists-lag=-1", "lists-lag=nan", "photo-price=x", "max-groups=1.5",
     "ignore-keys=some", "money-status=500", "auto-reload=75", "no-group=maybe", "billing=gold"],
)  # fmt: skip
def test_a_wrong_behaviour_is_refused_in_words_that_quote_it(text: str) -> None:
    with pytest.raises(ValueError, match="behaviour") as caught:
        Behaviour.parse([text])
    assert repr(text) in str(caught.value)


def test_a_behaviour_is_given_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Behaviour.parse(["no-group", "no-group=off"])
    assert Behaviour.parse([]) == Behaviour()
    assert Behaviour.parse(["no-group=off"]).texts() == []
