"""The contract: one row for each fact of HeyGen's v3 API that the simulator stands in for.

A row names the fact and does something that would come out otherwise if it did not hold.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from hashlib import sha256

import httpx
import pytest

from tests.simulator.client import (
    DAY,
    MP4,
    START,
    MakeSimulator,
    SimulatorClient,
    error_of,
    jpeg_header,
    png,
)

Check = Callable[[MakeSimulator], Awaitable[None]]
FACTS: list[tuple[str, Check]] = []


def fact(text: str) -> Callable[[Check], Check]:
    """Enter a check into the table under the fact that it shows."""

    def enter(check: Check) -> Check:
        FACTS.append((text, check))
        return check

    return enter


# Service ------------------------------------------------------------------------------------------


@fact("the key goes into X-Api-Key; without one the answer is 401 unauthorized")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    for headers in ({}, {"X-Api-Key": ""}, {"X-Api-Key": "  "}):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))
        answer = await client.get("http://simulator.test/v3/users/me", headers=headers)
        assert error_of(answer) == (401, "unauthorized", None)
    assert (await simulator.get("/v3/users/me")).status_code == 200


@fact("a success is {data}, a list adds has_more and next_token")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    assert set((await simulator.get("/v3/users/me")).json()) == {"data"}
    answer = (await simulator.get("/v3/avatars/looks")).json()
    assert set(answer) == {"data", "has_more", "next_token"}
    assert answer["has_more"] is False
    assert answer["next_token"] is None


@fact("a refusal is {error: {code, message, param?}}")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    error = (await simulator.create(prompt=7)).json()["error"]
    assert set(error) == {"code", "message", "param"}
    error = (await simulator.get("/v3/avatars/looks/none")).json()["error"]
    assert set(error) == {"code", "message"}


@fact("limit is 1 to 50, 20 if nothing is said")
async def _(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:0")
    for index in range(52):
        await simulator.made(name=f"Look {index}")
    for path in ("/v3/avatars/looks", "/v3/avatars"):
        assert len((await simulator.get(path)).json()["data"]) == 20
        assert len((await simulator.get(path, params={"limit": 50})).json()["data"]) == 50
        assert len((await simulator.get(path, params={"limit": 1})).json()["data"]) == 1
        for wrong in ("0", "51", "-1", "x", "1.5", "", "٣"):
            answer = await simulator.get(path, params={"limit": wrong})
            assert error_of(answer) == (400, "invalid_parameter", "limit")


@fact("token is the last answer's next_token, opaque, and good for its own listing only")
async def _(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:0")
    made = [(await simulator.made(name=f"Look {index}"))["id"] for index in range(5)]
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2", "ownership": "private"}
    while True:
        answer = (await simulator.get("/v3/avatars/looks", params=query)).json()
        seen += [look["id"] for look in answer["data"]]
        if not answer["has_more"]:
            break
        query["token"] = answer["next_token"]
    assert seen == made[::-1]
    for wrong in ("x", "", "AAAA", query["token"] + "A", "é"):
        answer = await simulator.get("/v3/avatars/looks", params={**query, "token": wrong})
        assert error_of(answer) == (400, "invalid_parameter", "token")
    answer = await simulator.get("/v3/avatars/looks", params={"token": query["token"]})
    assert error_of(answer) == (400, "invalid_parameter", "token")


@fact("looks made or deleted while paging are neither repeated nor cause others to be missed")
async def _(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:0")
    made = [(await simulator.made())["id"] for _ in range(4)]
    query = {"limit": "2", "ownership": "private"}
    first = (await simulator.get("/v3/avatars/looks", params=query)).json()
    await simulator.made()
    await simulator.client.delete(f"/v3/avatars/looks/{made[3]}")
    await simulator.client.delete(f"/v3/avatars/looks/{made[1]}")
    token = first["next_token"]
    rest = (await simulator.get("/v3/avatars/looks", params={**query, "token": token})).json()
    assert [look["id"] for look in first["data"]] == [made[3], made[2]]
    assert [look["id"] for look in rest["data"]] == [made[0]]


@fact("Idempotency-Key is 1 to 255 characters of [A-Za-z0-9_:.-]")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    for good in ("a", "A-Z_a:z.0-9", "x" * 255):
        assert (await simulator.create(key=good)).status_code == 200
    for wrong in ("", "a b", "x" * 256, "a/b", "a,b"):
        answer = await simulator.create(key=wrong)
        assert error_of(answer) == (400, "invalid_parameter", "Idempotency-Key")


@fact("the same key within 24 hours replays the first answer, even when the body differs")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    first = await simulator.create(key="k")
    simulator.wait(DAY - 1)
    again = await simulator.create(key="k", name="Another name")
    assert again.content == first.content
    figures = await simulator.stats()
    assert len(figures["charges"]) == 1
    assert figures["replays"] == 1
    simulator.wait(1)
    assert (await simulator.create(key="k")).content != first.content
    assert len((await simulator.stats())["charges"]) == 2


@fact("a replay shows the look as it was at creation, though it is completed or deleted by now")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    first = await simulator.create(key="k")
    look_id = first.json()["data"]["avatar_item"]["id"]
    simulator.wait(60)
    assert (await simulator.look(look_id))["status"] == "completed"
    again = (await simulator.create(key="k")).json()["data"]["avatar_item"]
    assert again["status"] == "processing"
    await simulator.client.delete(f"/v3/avatars/looks/{look_id}")
    assert (await simulator.create(key="k")).content == first.content


@fact("while the first call is under way a second with its key gets 409 request_in_progress")
async def _(make: MakeSimulator) -> None:
    simulator = make(faults=["slow:1"])
    during: list[httpx.Response | None] = []

    async def sleep(_: float) -> None:
        if not during:
            during.append(None)
            during[0] = await simulator.create(key="k")

    simulator.sim.sleep = sleep
    first = await simulator.create(key="k")
    assert first.status_code == 200
    second = during[0]
    assert second is not None
    assert error_of(second) == (409, "request_in_progress", None)
    assert len((await simulator.stats())["charges"]) == 1
    assert (await simulator.create(key="k")).content == first.content


@fact("a key's scope is its endpoint and path parameter")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    one, other = await simulator.made(), await simulator.made()
    urls = []
    for look in (one, other, one):
        answer = await simulator.post(f"/v3/avatars/{look['group_id']}/consent", key="k")
        urls.append(answer.json()["data"]["url"])
    assert urls[0] == urls[2] != urls[1]
    assert (await simulator.create(key="k")).status_code == 200


@fact("a key is looked up before wallet and limits")
async def _(make: MakeSimulator) -> None:
    simulator = make(balance=1, concurrency=1)
    first = await simulator.create(key="k")
    assert (await simulator.create(key="new")).status_code == 429
    assert (await simulator.create(key="k")).content == first.content
    simulator.wait(60)
    assert (await simulator.create(key="new")).status_code == 402
    assert (await simulator.create(key="k")).content == first.content


@fact("only answers that created something are stored: a refused key may be used again")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    assert (await simulator.create(key="k", prompt="")).status_code == 400
    assert (await simulator.create(key="k")).status_code == 200


@fact("whether refusals are stored is not documented: an option stores them")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["store-refusals"])
    first = await simulator.create(key="k", prompt="")
    again = await simulator.create(key="k")
    assert (again.status_code, again.content) == (400, first.content)
    assert (await simulator.create(key="other")).status_code == 200


@fact("what was created is stored also when the client saw a 5xx or nothing")
async def _(make: MakeSimulator) -> None:
    for kind in ("drop-response", "error-500-after", "truncate", "garbage"):
        simulator = make(faults=[f"{kind}:1"])
        with suppress(httpx.TransportError):
            await simulator.create(key="k")
        simulator.sim.settings = make().sim.settings
        answer = await simulator.create(key="k")
        assert answer.status_code == 200
        figures = await simulator.stats()
        assert [charge["look_id"] for charge in figures["charges"]] == [
            answer.json()["data"]["avatar_item"]["id"]
        ]


@fact("above the concurrent jobs of the account: 429 rate_limit_exceeded with Retry-After")
async def _(make: MakeSimulator) -> None:
    simulator = make(concurrency=2, latency="fixed:30")
    await simulator.made()
    simulator.wait(10)
    await simulator.made()
    forms = set()
    for _ in range(12):
        answer = await simulator.create()
        assert error_of(answer) == (429, "rate_limit_exceeded", None)
        after = answer.headers["Retry-After"]
        if after.isdigit():
            assert int(after) == 20
        else:
            assert parsedate_to_datetime(after).timestamp() == START + 30
        forms.add(after.isdigit())
    assert forms == {True, False}
    simulator.wait(20)
    await simulator.made()
    assert (await simulator.stats())["peak_in_progress"] == 2


@fact("a generation costs USD 1.00 from a prepaid wallet; nothing else does")
async def _(make: MakeSimulator) -> None:
    simulator = make(balance=3)

    async def balance() -> float:
        wallet = (await simulator.get("/v3/users/me")).json()["data"]["wallet"]
        assert wallet["currency"] == "usd"
        return float(wallet["remaining_balance"])

    assert await balance() == 3
    asset = await simulator.asset(png())
    assert await balance() == 3
    photo = {"type": "photo", "file": {"type": "asset_id", "asset_id": asset}}
    look = await simulator.made(**photo)
    assert await balance() == 2
    await simulator.client.patch(f"/v3/avatars/looks/{look['id']}", json={"name": "Free"})
    await simulator.made()
    await simulator.client.delete(f"/v3/avatars/looks/{look['id']}")
    assert await balance() == 1
    await simulator.made()
    assert error_of(await simulator.create()) == (402, "insufficient_credit", None)
    assert await balance() == 0


@fact("the price is a setting")
async def _(make: MakeSimulator) -> None:
    simulator = make(balance=1, price="0.35")
    await simulator.made()
    assert (await simulator.stats())["charges"][0]["amount_usd"] == 0.35
    assert (await simulator.stats())["remaining_usd"] == 0.65


@fact("answers carry an X-Request-Id, each its own")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    answers = [await simulator.get("/v3/users/me"), await simulator.get("/v3/avatars/none")]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 2


# POST /v3/avatars ---------------------------------------------------------------------------------


@fact("type is photo, prompt or digital_twin")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    for wrong in ("video", "", 7, None, "PROMPT"):
        answer = await simulator.create(type=wrong)
        assert error_of(answer) == (400, "invalid_parameter", "type")


@fact("photo and digital_twin need name and file, prompt needs name and prompt")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    file = {"type": "url", "url": "https://example.com/a.png"}
    for kind, fields, missing in (
        ("photo", {"name": "A"}, "file"),
        ("photo", {"file": file}, "name"),
        ("digital_twin", {"name": "A"}, "file"),
        ("digital_twin", {"file": file}, "name"),
        ("prompt", {"name": "A"}, "prompt"),
        ("prompt", {"prompt": "A"}, "name"),
    ):
        answer = await simulator.post("/v3/avatars", {"type": kind, **fields})
        assert error_of(answer) == (400, "invalid_parameter", missing)


@fact("unknown fields are refused by their name, at every level")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    image = {"type": "url", "url": "https://example.com/a.png"}
    for fields, param in (
        ({"size": 3}, "size"),
        ({"file": image}, "file"),
        ({"reference_images": [image, {**image, "weight": 1}]}, "reference_images[1].weight"),
    ):
        assert error_of(await simulator.create(**fields)) == (400, "invalid_parameter", param)
    answer = await simulator.get("/v3/avatars/looks", params={"group": "x"})
    assert error_of(answer) == (400, "invalid_parameter", "group")
    answer = await simulator.get("/v3/avatars/looks?limit=1&limit=2")
    assert error_of(answer) == (400, "invalid_parameter", "limit")


@fact("a prompt has at most 1000 characters; a longer one is 500, makes nothing, costs nothing")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    answer = await simulator.create(prompt="a" * 1001, key="k")
    assert error_of(answer) == (500, "internal_error", None)
    assert (await simulator.stats())["charges"] == []
    assert (await simulator.create(prompt="ä" * 1000, key="k")).status_code == 200


@fact("a name has at most 255 characters, when a look is made and when it is renamed")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.made(name="ä" * 255)
    path = f"/v3/avatars/looks/{look['id']}"
    assert (await simulator.client.patch(path, json={"name": "b" * 255})).status_code == 200
    for answer in (
        await simulator.create(name="a" * 256),
        await simulator.client.patch(path, json={"name": "a" * 256}),
    ):
        assert error_of(answer) == (400, "invalid_parameter", "name")


@fact("there are at most 3 reference images, each of the three forms")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    asset = await simulator.asset(png(8, 8))
    images = [
        {"type": "url", "url": "https://example.com/style.jpg"},
        {"type": "asset_id", "asset_id": asset},
        {"type": "base64", "media_type": "image/png", "data": b64encode(png(8, 8)).decode()},
    ]
    assert (await simulator.create(reference_images=images)).status_code == 200
    answer = await simulator.create(reference_images=[*images, images[0]])
    assert error_of(answer) == (400, "invalid_parameter", "reference_images")
    for wrong in ("x", {"type": "url"}, [7]):
        assert (await simulator.create(reference_images=wrong)).status_code == 400


@fact("each form of a file has its own fields, and they must hold what they say")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    data = b64encode(png(8, 8)).decode()
    for image, param in (
        ({}, "type"),
        ({"type": "file"}, "type"),
        ({"type": "url"}, "url"),
        ({"type": "url", "url": "http://example.com/a.png"}, "url"),
        ({"type": "url", "url": "https://"}, "url"),
        ({"type": "url", "url": "https://[broken"}, "url"),
        ({"type": "url", "url": "https://example.com/a.png", "asset_id": "x"}, "asset_id"),
        ({"type": "asset_id"}, "asset_id"),
        ({"type": "base64", "data": data}, "media_type"),
        ({"type": "base64", "media_type": "image/gif", "data": data}, "media_type"),
        ({"type": "base64", "media_type": "image/jpeg", "data": data}, "data"),
        ({"type": "base64", "media_type": "image/png", "data": "%%%"}, "data"),
        (
            {"type": "base64", "media_type": "image/png", "data": b64encode(b"x" * 9).decode()},
            "data",
        ),
    ):
        answer = await simulator.create(reference_images=[image])
        assert error_of(answer) == (400, "invalid_parameter", f"reference_images[0].{param}")
    assert (await simulator.stats())["charges"] == []


@fact("a URL: download_failed, a declared type that is not its bytes', or 504 where it is slow")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    param = "reference_images[0].url"
    for host, expected in (
        ("gone.invalid", (400, "download_failed", param)),
        ("mislabelled.invalid", (400, "invalid_parameter", param)),
        ("very.slow.invalid", (504, "gateway_timeout", param)),
    ):
        image = {"type": "url", "url": f"https://{host}/a.png"}
        assert error_of(await simulator.create(reference_images=[image])) == expected


@fact("an asset must exist, be complete, and be of the right type")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    video = await simulator.asset(MP4)
    promise = {"filename": "a.png", "content_type": "image/png", "size_bytes": 9}
    pending = (await simulator.post("/v3/assets/direct-uploads", promise)).json()["data"][
        "asset_id"
    ]
    param = "file.asset_id"
    for asset_id, expected in (
        ("asset_unknown", (404, "asset_not_found", param)),
        (video, (400, "invalid_parameter", param)),
        (pending, (400, "invalid_parameter", param)),
    ):
        file = {"type": "asset_id", "asset_id": asset_id}
        answer = await simulator.post("/v3/avatars", {"type": "photo", "name": "A", "file": file})
        assert error_of(answer) == expected
    file = {"type": "asset_id", "asset_id": video}
    answer = await simulator.post(
        "/v3/avatars", {"type": "digital_twin", "name": "A", "file": file}
    )
    assert answer.json()["data"]["avatar_item"]["avatar_type"] == "digital_twin"


@fact("a photo is a JPEG or PNG of at least 512 x 512")
async def _(make: MakeSimulator) -> None:
    simulator = make()

    async def photo(content: bytes, media_type: str) -> int:
        data = b64encode(content).decode()
        file = {"type": "base64", "media_type": media_type, "data": data}
        body = {"type": "photo", "name": "A", "file": file}
        return (await simulator.post("/v3/avatars", body)).status_code

    assert await photo(png(512, 512), "image/png") == 200
    assert await photo(png(511, 600), "image/png") == 400
    assert await photo(jpeg_header(512, 700), "image/jpeg") == 200
    assert await photo(jpeg_header(512, 511), "image/jpeg") == 400
    for content, status in ((png(512, 512), 200), (png(600, 511), 400)):
        file = {"type": "asset_id", "asset_id": await simulator.asset(content)}
        body = {"type": "photo", "name": "A", "file": file}
        assert (await simulator.post("/v3/avatars", body)).status_code == status


@fact("neither id: purely from the prompt, saved to a new group")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    one, other = await simulator.finished(), await simulator.finished()
    assert one["group_id"] != other["group_id"]
    assert face(simulator, one) != face(simulator, other)


@fact("avatar_group_id alone: purely from the prompt, saved to that group")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    base = await simulator.finished()
    look = await simulator.finished(avatar_group_id=base["group_id"])
    assert look["group_id"] == base["group_id"]
    assert face(simulator, look) != face(simulator, base)


@fact("avatar_id alone: the look's image is the reference, saved to its group")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    base = await simulator.finished()
    look = await simulator.finished(avatar_id=base["id"])
    chained = await simulator.finished(avatar_id=look["id"])
    assert chained["group_id"] == look["group_id"] == base["group_id"]
    assert face(simulator, chained) == face(simulator, look) == face(simulator, base)


@fact("both ids: the look's image is the reference, saved to the group it must belong to")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    base, other = await simulator.finished(), await simulator.finished()
    look = await simulator.finished(avatar_id=base["id"], avatar_group_id=base["group_id"])
    assert look["group_id"] == base["group_id"]
    assert face(simulator, look) == face(simulator, base)
    answer = await simulator.create(avatar_id=base["id"], avatar_group_id=other["group_id"])
    assert error_of(answer) == (400, "INVALID_PARAMETER", "avatar_id")


@fact("reference images guide any row, and alone they give no face")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    image = {"type": "url", "url": "https://example.com/style.jpg"}
    base = await simulator.finished()
    guided = await simulator.finished(avatar_id=base["id"], reference_images=[image])
    alone = await simulator.finished(reference_images=[image])
    assert face(simulator, guided) == face(simulator, base)
    assert face(simulator, alone) != face(simulator, base)
    plain = await simulator.finished(avatar_id=base["id"])
    scenes = [simulator.sim.account.looks[look["id"]].scene for look in (guided, plain)]
    assert scenes[0] != scenes[1]


@fact("an unknown avatar_id is 404 AVATAR_NOT_FOUND")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    answer = await simulator.create(avatar_id="look_unknown")
    assert error_of(answer) == (404, "AVATAR_NOT_FOUND", "avatar_id")
    gone = await simulator.finished()
    await simulator.client.delete(f"/v3/avatars/looks/{gone['id']}")
    answer = await simulator.create(avatar_id=gone["id"])
    assert error_of(answer) == (404, "AVATAR_NOT_FOUND", "avatar_id")


@fact("an avatar_id whose image is unfinished, rejected or without consent is 400")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    unfinished = await simulator.made()
    answer = await simulator.create(avatar_id=unfinished["id"])
    assert error_of(answer) == (400, "INVALID_PARAMETER", "avatar_id")
    for kind in ("fail-generation", "moderation", "consent"):
        simulator = make(faults=[f"{kind}:1"])
        rejected = await simulator.finished()
        answer = await simulator.create(avatar_id=rejected["id"])
        assert error_of(answer) == (400, "INVALID_PARAMETER", "avatar_id")


@fact("an unknown avatar_group_id is 404 avatar_group_not_found")
async def _(make: MakeSimulator) -> None:
    answer = await make().create(avatar_group_id="group_unknown")
    assert error_of(answer) == (404, "avatar_group_not_found", "avatar_group_id")


@fact("the answer is {avatar_item, avatar_group}, and the item's id is what avatar_id takes")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    data = (await simulator.create()).json()["data"]
    assert set(data) == {"avatar_item", "avatar_group"}
    assert data["avatar_item"]["group_id"] == data["avatar_group"]["id"]
    simulator.wait(60)
    assert (await simulator.create(avatar_id=data["avatar_item"]["id"])).status_code == 200


@fact("creation is asynchronous: processing first, a picture and its size only when completed")
async def _(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:30")
    look = await simulator.made()
    simulator.wait(29.9)
    early = await simulator.look(look["id"])
    for shown in (look, early):
        assert shown["status"] == "processing"
        assert shown["preview_image_url"] is None
        assert shown["image_width"] is shown["image_height"] is None
        assert shown["preferred_orientation"] is None
    simulator.wait(0.1)
    done = await simulator.look(look["id"])
    assert done["status"] == "completed"
    assert done["preferred_orientation"] == "portrait"
    assert done["image_width"] < done["image_height"]
    assert (await simulator.get(done["preview_image_url"])).headers["Content-Type"] == "image/png"


@fact("even with no latency at all the creating answer says processing")
async def _(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:0")
    look = await simulator.made()
    assert look["status"] == "processing"
    assert (await simulator.look(look["id"]))["status"] == "completed"


LOOK_FIELDS = {
    "id", "name", "avatar_type", "group_id", "status", "error", "preview_image_url",
    "preview_video_url", "image_width", "image_height", "preferred_orientation", "gender",
    "default_voice_id", "supported_api_engines", "tags",
}  # fmt: skip
GROUP_FIELDS = {
    "id", "name", "created_at", "looks_count", "status", "error", "consent_status",
    "preview_image_url", "preview_video_url", "gender", "default_voice_id",
}  # fmt: skip


@fact("a LOOK has the listed fields, lists that are never null, and no creation time")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    for look in (await simulator.made(), await simulator.finished()):
        assert set(look) == LOOK_FIELDS
        assert look["tags"] == []
        assert look["supported_api_engines"] == (
            ["avatar_iv", "avatar_v"] if look["status"] == "completed" else []
        )
        assert look["avatar_type"] == "photo_avatar"


@fact("a GROUP has the listed fields, counts its looks, and knows when it was made")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    base = await simulator.finished(name="Sarah")
    await simulator.made(avatar_id=base["id"], name="Sarah — office")
    group = (await simulator.get(f"/v3/avatars/{base['group_id']}")).json()["data"]
    assert set(group) == GROUP_FIELDS
    assert (group["name"], group["looks_count"]) == ("Sarah", 2)
    assert group["created_at"] == int(START)


@fact("a failed look has an error {code, message}, no picture, and its money back")
async def _(make: MakeSimulator) -> None:
    for kind, code in (
        ("fail-generation", "generation_failed"),
        ("moderation", "moderation_failed"),
    ):
        simulator = make(faults=[f"{kind}:1"], balance=1)
        look = await simulator.made()
        assert look["error"] is None
        simulator.wait(60)
        look = await simulator.look(look["id"])
        assert (look["status"], look["error"]["code"]) == ("failed", code)
        assert set(look["error"]) == {"code", "message"}
        assert look["preview_image_url"] is None
        figures = await simulator.stats()
        assert figures["charges"][0]["amount_usd"] == figures["charges"][0]["refunded_usd"] == 1
        assert figures["remaining_usd"] == 1


@fact("whether failures are refunded is an option, since the API does not say")
async def _(make: MakeSimulator) -> None:
    simulator = make(faults=["fail-generation:1"], behave=["no-refunds"])
    await simulator.finished()
    assert (await simulator.stats())["charges"][0]["refunded_usd"] == 0
    assert (await simulator.stats())["spent_usd"] == 1


@fact("time does not run backwards: what is completed stays so")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.finished()
    simulator.wait(-3600)
    assert (await simulator.look(look["id"]))["status"] == "completed"


@fact("preview URLs are signed, need no key, expire after 7 days, and are fresh when asked again")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.finished()
    link = look["preview_image_url"]
    anyone = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))
    assert (await anyone.get(link)).status_code == 200
    assert (await anyone.get(link.replace("expires=1", "expires=2"))).status_code == 403
    assert (await anyone.get(link.partition("?")[0])).status_code == 403
    simulator.wait(7 * DAY - 1)
    assert (await anyone.get(link)).status_code == 200
    simulator.wait(1)
    assert (await anyone.get(link)).status_code == 403
    fresh = (await simulator.look(look["id"]))["preview_image_url"]
    assert (await anyone.get(fresh)).status_code == 200


# The rest -----------------------------------------------------------------------------------------


@fact("looks are filtered by group_id, avatar_type and ownership, alone and together")
async def _(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:0")
    prompt = await simulator.made()
    file = {"type": "asset_id", "asset_id": await simulator.asset(MP4)}
    body = {"type": "digital_twin", "name": "Twin", "file": file}
    twin = (await simulator.post("/v3/avatars", body)).json()["data"]["avatar_item"]

    async def ids(**query: str) -> set[str]:
        answer = await simulator.get("/v3/avatars/looks", params=query)
        assert answer.status_code == 200, answer.text
        return {look["id"] for look in answer.json()["data"]}

    assert await ids(ownership="private") == {prompt["id"], twin["id"]}
    assert await ids(avatar_type="digital_twin") == {twin["id"]}
    assert await ids(avatar_type="photo_avatar") == {prompt["id"]}
    assert await ids(group_id=twin["group_id"]) == {twin["id"]}
    assert await ids(group_id=twin["group_id"], avatar_type="photo_avatar") == set()
    assert await ids(group_id=twin["group_id"], ownership="public") == set()
    assert await ids(group_id="group_unknown") == set()
    public = await ids(ownership="public", avatar_type="studio_avatar")
    assert public
    assert public.isdisjoint({prompt["id"], twin["id"]})
    assert await ids() == public | {prompt["id"], twin["id"]}
    for name in ("avatar_type", "ownership"):
        answer = await simulator.get("/v3/avatars/looks", params={name: "other"})
        assert error_of(answer) == (400, "invalid_parameter", name)


@fact("groups are filtered by ownership")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.made()
    private = (await simulator.get("/v3/avatars", params={"ownership": "private"})).json()["data"]
    public = (await simulator.get("/v3/avatars", params={"ownership": "public"})).json()["data"]
    every = (await simulator.get("/v3/avatars")).json()["data"]
    assert [group["id"] for group in private] == [look["group_id"]]
    assert [group["id"] for group in every] == [group["id"] for group in [*private, *public]]


@fact("what belongs to HeyGen can be read, and neither changed nor built on: 403")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    answer = await simulator.get("/v3/avatars/looks", params={"ownership": "public"})
    look = answer.json()["data"][0]
    group = look["group_id"]
    denied = (403, "resource_access_denied")
    assert (await simulator.get(f"/v3/avatars/looks/{look['id']}")).status_code == 200
    path = f"/v3/avatars/looks/{look['id']}"
    assert error_of(await simulator.client.patch(path, json={"name": "Mine"}))[:2] == denied
    assert error_of(await simulator.client.delete(path))[:2] == denied
    assert error_of(await simulator.client.delete(f"/v3/avatars/{group}"))[:2] == denied
    assert error_of(await simulator.post(f"/v3/avatars/{group}/consent"))[:2] == denied
    assert error_of(await simulator.create(avatar_id=look["id"])) == (*denied, "avatar_id")
    assert error_of(await simulator.create(avatar_group_id=group)) == (*denied, "avatar_group_id")


@fact("one look and one group are answered bare in data; unknown ones are 404")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.made()
    assert (await simulator.get(f"/v3/avatars/looks/{look['id']}")).json()["data"]["id"] == look[
        "id"
    ]
    answer = await simulator.get(f"/v3/avatars/{look['group_id']}")
    assert answer.json()["data"]["id"] == look["group_id"]
    assert error_of(await simulator.get("/v3/avatars/looks/x")) == (404, "avatar_not_found", None)
    assert error_of(await simulator.get("/v3/avatars/x")) == (404, "avatar_group_not_found", None)


@fact("PATCH of a look takes a name, is free, and answers the LOOK itself")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.made()
    path = f"/v3/avatars/looks/{look['id']}"
    answer = await simulator.client.patch(path, json={"name": "Renamed"})
    assert answer.json()["data"]["name"] == "Renamed"
    assert (await simulator.look(look["id"]))["name"] == "Renamed"
    for body, param in (({}, "name"), ({"name": ""}, "name"), ({"name": "A", "tags": []}, "tags")):
        answer = await simulator.client.patch(path, json=body)
        assert error_of(answer) == (400, "invalid_parameter", param)
    answer = await simulator.client.patch("/v3/avatars/looks/x", json={"name": "A"})
    assert error_of(answer) == (404, "avatar_not_found", None)


@fact("DELETE of a look answers its id; with the last look the group is gone as well")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    base = await simulator.finished()
    look = await simulator.made(avatar_id=base["id"])
    answer = await simulator.client.delete(f"/v3/avatars/looks/{look['id']}")
    assert answer.json() == {"data": {"id": look["id"]}}
    group = await simulator.get(f"/v3/avatars/{base['group_id']}")
    assert group.json()["data"]["looks_count"] == 1
    await simulator.client.delete(f"/v3/avatars/looks/{base['id']}")
    answer = await simulator.get(f"/v3/avatars/{base['group_id']}")
    assert error_of(answer) == (404, "avatar_group_not_found", None)
    answer = await simulator.client.delete(f"/v3/avatars/looks/{base['id']}")
    assert error_of(answer) == (404, "avatar_not_found", None)


@fact("deleting a group deletes its looks")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    base = await simulator.finished()
    look = await simulator.made(avatar_id=base["id"])
    assert (await simulator.client.delete(f"/v3/avatars/{base['group_id']}")).status_code == 200
    for look_id in (base["id"], look["id"]):
        assert (await simulator.get(f"/v3/avatars/looks/{look_id}")).status_code == 404
    answer = await simulator.get("/v3/avatars/looks", params={"ownership": "private"})
    assert answer.json()["data"] == []


@fact("consent: a look waits in pending_consent until a person opens the URL in a browser")
async def _(make: MakeSimulator) -> None:
    simulator = make(faults=["consent:1"])
    look = await simulator.finished()
    assert look["status"] == "pending_consent"
    assert look["preview_image_url"] is None
    answer = await simulator.post(f"/v3/avatars/{look['group_id']}/consent")
    data = answer.json()["data"]
    assert set(data) == {"url", "avatar_group"}
    assert data["avatar_group"]["consent_status"] == "pending"
    browser = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))
    assert (await browser.get(data["url"][:-1] + "0x")).status_code == 403
    opened = await browser.get(data["url"])
    assert opened.headers["Content-Type"].startswith("text/html")
    assert (await simulator.look(look["id"]))["status"] == "completed"
    group = (await simulator.get(f"/v3/avatars/{look['group_id']}")).json()["data"]
    assert group["consent_status"] == "approved"


@fact("assets: the type is found from the bytes, and the answer has exactly four fields")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    for content, kind in (
        (png(8, 8), "image/png"),
        (jpeg_header(8, 8), "image/jpeg"),
        (MP4, "video/mp4"),
        (b"\x1a\x45\xdf\xa3" + bytes(9), "video/webm"),
        (b"ID3" + bytes(9), "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
    ):
        data = (await simulator.upload(content)).json()["data"]
        assert set(data) == {"asset_id", "url", "mime_type", "size_bytes"}
        assert (data["mime_type"], data["size_bytes"]) == (kind, len(content))
        assert (await simulator.get(data["url"])).content == content
    for wrong in (b"GIF89a" + bytes(9), b"", b"<svg/>"):
        assert error_of(await simulator.upload(wrong)) == (400, "invalid_parameter", "file")


@fact("assets: the form has one part, which is called file")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    answer = await simulator.client.post("/v3/assets", files={"photo": ("a", png(8, 8))})
    assert error_of(answer) == (400, "invalid_parameter", "photo")
    answer = await simulator.client.post("/v3/assets", json={"file": "x"})
    assert error_of(answer) == (400, "invalid_parameter", "Content-Type")
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await simulator.client.post("/v3/assets", content=b"--x\r\nbroken", headers=headers)
    assert answer.status_code == 400


@fact("assets: at most 32 MB, beyond which the answer is 413 payload_too_large")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    most = 32 * 1024 * 1024
    content = png(8, 8)
    assert (await simulator.upload(content + bytes(most - len(content)))).status_code == 200
    for size in (most + 1, most + 1024 * 1024):
        answer = await simulator.upload(content + bytes(size - len(content)))
        assert error_of(answer)[:2] == (413, "payload_too_large")


@fact("one asset can be read and deleted; unknown ones are 404")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    asset = await simulator.asset(png(8, 8))
    path = f"/v3/assets/{asset}"
    assert (await simulator.get(path)).json()["data"]["asset_id"] == asset
    link = (await simulator.get(path)).json()["data"]["url"]
    assert (await simulator.client.delete(path)).json() == {"data": {"id": asset}}
    assert error_of(await simulator.get(path)) == (404, "asset_not_found", None)
    assert (await simulator.get(link)).status_code == 404


@fact("an asset may be gone later: asset_not_found, wherever it is named")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["asset-life=60"])
    asset = await simulator.asset(png())
    image = {"type": "asset_id", "asset_id": asset}
    assert (await simulator.create(reference_images=[image])).status_code == 200
    simulator.wait(60)
    param = "reference_images[0].asset_id"
    answer = await simulator.create(reference_images=[image])
    assert error_of(answer) == (404, "asset_not_found", param)
    assert error_of(await simulator.get(f"/v3/assets/{asset}"))[:2] == (404, "asset_not_found")


async def begin(simulator: SimulatorClient, content: bytes, **more: object) -> dict[str, object]:
    """Start a direct upload of these bytes."""
    promise = {"filename": "a.png", "content_type": "image/png", "size_bytes": len(content), **more}
    answer = await simulator.post("/v3/assets/direct-uploads", promise)
    assert answer.status_code == 200, answer.text
    data: dict[str, object] = answer.json()["data"]
    return data


async def put(
    simulator: SimulatorClient, upload: dict[str, object], content: bytes, **more: str
) -> int:
    """Send the bytes of a direct upload, without a key."""
    headers = upload["upload_headers"]
    assert isinstance(headers, dict)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))
    url = str(upload["upload_url"])
    return (await client.put(url, content=content, headers={**headers, **more})).status_code


@fact("direct uploads: announce, PUT with exactly those headers and no key, complete, use")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    content = png()
    upload = await begin(simulator, content, checksum_sha256=sha256(content).hexdigest())
    assert set(upload) == {
        "asset_id", "upload_url", "upload_headers", "expires_in_seconds", "max_bytes", "status",
    }  # fmt: skip
    assert upload["status"] == "pending_upload"
    path = f"/v3/assets/{upload['asset_id']}"
    assert error_of(await simulator.post(f"{path}/complete"))[0] == 400
    assert await put(simulator, upload, content) == 200
    first = await simulator.post(f"{path}/complete")
    assert first.json()["data"]["mime_type"] == "image/png"
    assert (await simulator.post(f"{path}/complete")).json()["data"]["asset_id"] == upload[
        "asset_id"
    ]
    file = {"type": "asset_id", "asset_id": upload["asset_id"]}
    answer = await simulator.post("/v3/avatars", {"type": "photo", "name": "A", "file": file})
    assert answer.status_code == 200
    assert (await simulator.stats())["keys_sent_to_uploads"] == 0


@fact("direct uploads: other headers, sizes or bytes than agreed are refused, and so is a late PUT")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    content = png(8, 8)
    upload = await begin(simulator, content, checksum_sha256=sha256(content).hexdigest())
    other = content[:-1] + b"!"
    assert await put(simulator, upload, content, **{"Content-Type": "image/jpeg"}) == 403
    assert await put(simulator, upload, content, **{"X-Upload-Token": "x"}) == 403
    assert await put(simulator, upload, content[:-1]) == 400
    assert await put(simulator, upload, content + b"!") == 413
    assert await put(simulator, upload, other) == 400
    late = await begin(simulator, content)
    assert await put(simulator, upload, content) == 200
    simulator.wait(3600)
    assert await put(simulator, late, content) == 403


@fact("direct uploads: completion finds the type from the bytes")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    upload = await begin(simulator, MP4)
    assert await put(simulator, upload, MP4) == 200
    answer = await simulator.post(f"/v3/assets/{upload['asset_id']}/complete")
    assert error_of(answer) == (400, "invalid_parameter", "content_type")


@fact("direct uploads: the announcement is checked field by field")
async def _(make: MakeSimulator) -> None:
    simulator = make()
    good = {"filename": "a.png", "content_type": "image/png", "size_bytes": 9}
    for change, param in (
        ({"filename": ""}, "filename"),
        ({"content_type": "image/gif"}, "content_type"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": True}, "size_bytes"),
        ({"size_bytes": "9"}, "size_bytes"),
        ({"checksum_sha256": "beef"}, "checksum_sha256"),
        ({"md5": "x"}, "md5"),
    ):
        answer = await simulator.post("/v3/assets/direct-uploads", {**good, **change})
        assert error_of(answer) == (400, "invalid_parameter", param)
    answer = await simulator.post("/v3/assets/direct-uploads", {**good, "size_bytes": 10**12})
    assert error_of(answer) == (413, "payload_too_large", "size_bytes")


@fact("users/me has four texts always, of which three may be null, and at most one way of paying")
async def _(make: MakeSimulator) -> None:
    texts = {"username", "email", "first_name", "last_name", "billing_type"}
    for behave, billing, paying in (
        ("billing=wallet", "wallet", {"wallet"}),
        ("billing=credits", "wallet", {"wallet"}),
        ("billing=subscription", "subscription", {"subscription"}),
        ("billing=usage-based", "usage_based", {"usage_based"}),
        ("billing=none", None, set()),
    ):
        user = (await make(behave=[behave]).get("/v3/users/me")).json()["data"]
        assert set(user) == texts | paying
        assert (user["username"], user["billing_type"]) == ("simulated", billing)


@fact("users/me: a wallet in usd or credits, with auto_reload or null")
async def _(make: MakeSimulator) -> None:
    async def wallet(*behave: str) -> dict[str, object]:
        answer = await make(behave=behave, balance=3).get("/v3/users/me")
        shown: dict[str, object] = answer.json()["data"]["wallet"]
        return shown

    plain = {"currency": "usd", "remaining_balance": 3, "auto_reload": None}
    assert await wallet() == plain
    assert await wallet("billing=credits") == {**plain, "currency": "credits"}
    reload = {"enabled": True, "amount_usd": 75, "threshold_usd": 5}
    assert await wallet("auto-reload=75,5") == {**plain, "auto_reload": reload}


@fact("users/me: a subscription's credits, and the cap of an account that pays by usage")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["billing=subscription"], balance=5)
    await simulator.made()
    plan = (await simulator.get("/v3/users/me")).json()["data"]["subscription"]
    assert set(plan) == {"plan", "credits"}
    assert set(plan["credits"]) == {"premium_credits", "add_on_credits"}
    assert plan["credits"]["premium_credits"] == {"remaining": 4, "resets_at": None}
    simulator = make(behave=["billing=usage-based"], balance=5)
    await simulator.made()
    usage = (await simulator.get("/v3/users/me")).json()["data"]["usage_based"]
    assert (usage["spending_cap_usd"], usage["spending_current_usd"]) == (5, 1)
    assert usage.keys() - {"spending_cap_usd", "spending_current_usd"} == {
        "included_credits", "remaining_credits",
    }  # fmt: skip


@fact("slots count groups: resource_limit_exceeded, until a group is deleted; not a look")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["max-groups=2"])
    first = await simulator.finished()
    await simulator.finished()
    answer = await simulator.create()
    assert error_of(answer) == (400, "resource_limit_exceeded", None)
    assert "You have exceeded your limit of 2 photo avatars" in answer.text
    second = await simulator.made(avatar_id=first["id"])
    await simulator.client.delete(f"/v3/avatars/looks/{second['id']}")
    assert error_of(await simulator.create())[:2] == (400, "resource_limit_exceeded")
    await simulator.client.delete(f"/v3/avatars/{first['group_id']}")
    assert (await simulator.create()).status_code == 200


@fact("a group may be full (500 looks, seen once): resource_limit_reached")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["max-looks=2"], latency="fixed:0")
    base = await simulator.made()
    await simulator.made(avatar_id=base["id"])
    answer = await simulator.create(avatar_id=base["id"])
    assert error_of(answer) == (400, "resource_limit_reached", None)
    assert (await simulator.create()).status_code == 200


@fact("quota_exceeded is 429 as well, and about a day, not about a moment")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["daily-quota=1"])
    await simulator.made()
    answer = await simulator.create()
    assert error_of(answer) == (429, "quota_exceeded", None)
    assert "Retry-After" not in answer.headers
    simulator.wait(3600)
    assert (await simulator.create()).status_code == 429
    simulator.wait(DAY)
    assert (await simulator.create()).status_code == 200


@fact("409 conflict and resource_not_ready are refusals, not about a request under way")
async def _(make: MakeSimulator) -> None:
    for kind, code in (("conflict", "conflict"), ("not-ready", "resource_not_ready")):
        simulator = make(faults=[f"{kind}:1"])
        assert error_of(await simulator.create(key="k")) == (409, code, None)
        assert (await simulator.get("/v3/users/me")).status_code == 200
        simulator.sim.settings = make().sim.settings
        assert (await simulator.create(key="k")).status_code == 200


@fact("avatar_group and the look's group_id are nullable: the look's id is what was paid for")
async def _(make: MakeSimulator) -> None:
    simulator = make(behave=["no-group"])
    data = (await simulator.create()).json()["data"]
    assert data["avatar_group"] is data["avatar_item"]["group_id"] is None
    assert (await simulator.look(data["avatar_item"]["id"]))["group_id"]


def face(simulator: SimulatorClient, look: dict[str, str]) -> str:
    """Return whom the picture of a look shows."""
    return simulator.sim.account.looks[look["id"]].face


@pytest.mark.anyio
@pytest.mark.parametrize("check", [check for _, check in FACTS], ids=[text for text, _ in FACTS])
async def test_fact(check: Check, make: MakeSimulator) -> None:
    await check(make)
