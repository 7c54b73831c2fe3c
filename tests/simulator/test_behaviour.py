"""Behaviours: what each switch changes, that all are off by default, and how they are spelled."""

from dataclasses import fields
from pathlib import Path

import pytest

from runner.cli.commands.simulator import command
from runner.simulator.behaviour import SWITCHES, Behaviour
from tests.simulator.client import DAY, MakeSimulator, SimulatorClient, error_of

pytestmark = pytest.mark.anyio


async def charged(simulator: SimulatorClient) -> int:
    return len((await simulator.stats())["charges"])


async def wallet(simulator: SimulatorClient) -> float:
    answer = await simulator.get("/v3/users/me")
    return float(answer.json()["data"]["wallet"]["remaining_balance"])


async def listed(simulator: SimulatorClient, path: str = "/v3/avatars/looks") -> list[str]:
    answer = await simulator.get(path, params={"ownership": "private"})
    return [row["id"] for row in answer.json()["data"]]


@pytest.mark.parametrize(("value", "consents"), [("", 2), ("=avatars", 1)])
async def test_an_ignored_key_acts_and_charges_again(
    make: MakeSimulator, value: str, consents: int
) -> None:
    simulator = make(behave=[f"ignore-keys{value}"])
    first, again = await simulator.create(key="k"), await simulator.create(key="k")
    assert first.content != again.content
    assert await charged(simulator) == 2
    assert simulator.sim.account.counted("keys", "ignored") == 1
    group = first.json()["data"]["avatar_group"]["id"]
    await simulator.post(f"/v3/avatars/{group}/consent", key="c")
    simulator.wait(10)
    await simulator.post(f"/v3/avatars/{group}/consent", key="c")
    assert (await simulator.stats())["replays"] == 2 - consents


async def test_a_list_that_lags_shows_a_look_and_its_group_together(make: MakeSimulator) -> None:
    simulator = make(behave=["lists-lag=30"])
    first = await simulator.made()
    simulator.wait(29)
    assert (await listed(simulator), await listed(simulator, "/v3/avatars")) == ([], [])
    assert (await simulator.look(first["id"]))["id"] == first["id"]
    simulator.wait(1)
    second = await simulator.made(avatar_id=first["id"])
    assert await listed(simulator) == [first["id"]]
    assert await listed(simulator, "/v3/avatars") == [first["group_id"]]
    simulator.wait(30)
    assert await listed(simulator) == [second["id"], first["id"]]


async def test_what_is_forbidden_is_a_403_by_its_words_or_everything(make: MakeSimulator) -> None:
    simulator = make(behave=["forbid=at night"])
    await simulator.made()
    assert error_of(await simulator.create(name="A walk at night")) == (403, "forbidden", None)
    of_it = {"type": "prompt", "name": "Walk", "prompt": "Wearing a coat, at night"}
    assert error_of(await simulator.create(**of_it)) == (403, "forbidden", None)
    assert await charged(simulator) == 1
    assert (await simulator.get("/v3/users/me")).status_code == 200
    assert error_of(await make(behave=["forbid"]).create()) == (403, "forbidden", None)


async def test_a_read_that_lags_is_404_in_the_api_s_own_words(make: MakeSimulator) -> None:
    simulator = make(behave=["reads-lag=20"])
    look = await simulator.made()
    path = f"/v3/avatars/looks/{look['id']}"
    assert error_of(await simulator.get(path)) == (404, "avatar_not_found", None)
    simulator.wait(20)
    assert (await simulator.get(path)).status_code == 200


async def test_a_wallet_that_lags_refuses_by_what_is_really_left(make: MakeSimulator) -> None:
    simulator = make(behave=["wallet-lag=15"], balance=2)
    await simulator.made()
    simulator.wait(10)
    await simulator.made()
    assert await wallet(simulator) == 2
    assert (await simulator.create()).status_code == 402
    simulator.wait(5)
    assert await wallet(simulator) == 1
    simulator.wait(10)
    assert await wallet(simulator) == 0


async def test_each_kind_may_have_a_price_of_its_own(make: MakeSimulator) -> None:
    simulator = make(behave=["photo-price=3", "prompt-price=0.25"], balance=10)
    image = {"type": "url", "url": "https://example.com/a.png"}
    await simulator.made(type="photo", file=image)
    await simulator.made()
    assert await wallet(simulator) == 6.75


async def test_a_charge_at_completion_takes_nothing_before_and_nothing_for_a_failure(
    make: MakeSimulator,
) -> None:
    for fault, left in (("fail-generation:0", 4), ("fail-generation:1", 5)):
        simulator = make(
            behave=["charge-at-completion"], faults=[fault], balance=5, latency="fixed:20"
        )
        await simulator.made()
        simulator.wait(19)
        assert await wallet(simulator) == 5
        simulator.wait(1)
        assert await wallet(simulator) == left


async def test_a_look_that_was_just_completed_may_be_refused_as_a_reference(
    make: MakeSimulator,
) -> None:
    simulator = make(behave=["reference-lag=30"])
    look = await simulator.made()
    simulator.wait(2)
    answers = [await simulator.create(avatar_id=look["id"]) for _ in range(12)]
    assert {error_of(answer) for answer in answers} == {
        (404, "AVATAR_NOT_FOUND", "avatar_id"),
        (400, "INVALID_PARAMETER", "avatar_id"),
        (400, "avatar_not_synced", None),
    }
    simulator.wait(30)
    assert (await simulator.create(avatar_id=look["id"])).status_code == 200


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("capitals", "PROCESSING", "COMPLETED"),
        ("unlisted", "queued", "completed"),
        ("absent", "processing", None),
    ],
)
async def test_a_status_may_be_spelled_otherwise(
    make: MakeSimulator, word: str, before: str, after: str | None
) -> None:
    simulator = make(behave=[f"statuses={word}"])
    look = await simulator.made()
    assert look["status"] == before
    simulator.wait(60)
    done = await simulator.look(look["id"])
    assert done["status"] == after
    assert done["preview_image_url"]
    assert (await simulator.create(avatar_id=look["id"])).status_code == 200


async def test_a_gateway_s_page_answers_everything_for_as_long_as_it_lasts(
    make: MakeSimulator,
) -> None:
    simulator = make(behave=["gateway-lasts=90"], faults=["gateway-404:1"])
    first = await simulator.create()
    assert first.status_code == 404
    assert first.headers["Content-Type"] == "text/html"
    simulator.sim.settings = make(behave=["gateway-lasts=90"]).sim.settings
    simulator.wait(89)
    assert (await simulator.get("/v3/users/me")).content == first.content
    simulator.wait(1)
    assert (await simulator.get("/v3/users/me")).status_code == 200
    assert await charged(simulator) == 0


async def test_looks_may_name_no_group(make: MakeSimulator) -> None:
    simulator = make(behave=["no-group-ids"])
    answer = (await simulator.create()).json()["data"]
    group_id = answer["avatar_group"]["id"]
    look_id = answer["avatar_item"]["id"]
    assert answer["avatar_item"]["group_id"] is None
    assert (await simulator.look(look_id))["group_id"] is None
    there = (await simulator.get(f"/v3/avatars/looks?group_id={group_id}")).json()["data"]
    assert [(look["id"], look["group_id"]) for look in there] == [(look_id, None)]


@pytest.mark.parametrize("who", ["lists-404", "lists-gateway-404"])
async def test_lists_may_be_not_found_for_minutes(make: MakeSimulator, who: str) -> None:
    simulator = make(behave=[f"{who}=240"])
    look = await simulator.finished()
    lists = ["/v3/avatars", "/v3/avatars/looks", f"/v3/avatars/looks?group_id={look['group_id']}"]
    simulator.wait(600 - simulator.clock.now % 600)
    for path in lists:
        answer = await simulator.get(path)
        assert answer.status_code == 404
        envelope = answer.headers["Content-Type"] == "application/json"
        assert envelope == (who == "lists-404")
        assert not envelope or error_of(answer)[1] == "not_found"
    assert (await simulator.look(look["id"]))["status"] == "completed"
    assert (await simulator.get(f"/v3/avatars/{look['group_id']}")).status_code == 200
    simulator.wait(240)
    assert [(await simulator.get(path)).status_code for path in lists] == [200, 200, 200]


async def test_an_empty_wallet_may_be_told_under_another_status(make: MakeSimulator) -> None:
    answer = await make(behave=["money-status=403"], balance=0).create()
    assert error_of(answer) == (403, "insufficient_credit", None)


async def test_an_odd_status_stays_for_a_day(make: MakeSimulator) -> None:
    simulator = make(faults=["odd-status:1"])
    look = await simulator.finished()
    assert look["status"] == "under_review"
    simulator.wait(DAY)
    assert (await simulator.look(look["id"]))["status"] == "completed"


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
