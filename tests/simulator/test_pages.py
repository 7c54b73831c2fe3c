"""What a person sees in a browser, and the figures that programs read."""

import json
from pathlib import Path

import httpx
import jsonschema
import pytest

from tests.simulator.client import MakeSimulator, SimulatorClient

pytestmark = pytest.mark.anyio
SCHEMAS = Path(__file__).parents[2] / "schemas"
STATS = json.loads((SCHEMAS / "stats.schema.json").read_text(encoding="utf-8"))


async def browse(simulator: SimulatorClient, path: str = "/") -> httpx.Response:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))
    return await client.get(f"http://simulator.test{path}")


async def test_the_page_shows_the_account_to_a_person(make: MakeSimulator) -> None:
    simulator = make(balance=5, faults=["fail-generation:0.4", "error-503:0.2"])
    for index in range(8):
        await simulator.create(name=f"Look {index}", key=f"key-{index}")
        simulator.wait(20)
    await simulator.create(prompt="")
    figures, page = await simulator.stats(), await browse(simulator)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for charge in figures["charges"]:
        assert charge["name"] in page.text
        assert charge["idempotency_key"] in page.text
        assert charge["look_id"] in page.text
    for text in ("POST /v3/avatars", "error-503", "fail-generation", "The image could not be"):
        assert text in page.text
    assert f"${figures['remaining_usd']:.2f}" in page.text


async def test_looking_at_the_page_and_its_pictures_leaves_no_trace(make: MakeSimulator) -> None:
    simulator = make()
    look = await simulator.finished()
    simulator.sim.settings = make(faults=["drop-request:1"]).sim.settings
    before = await simulator.stats()
    path = f"/__simulator__/looks/{look['id']}"
    assert path in (await browse(simulator)).text
    assert (await browse(simulator, path)).headers["Content-Type"] == "image/png"
    assert (await browse(simulator, f"{path}x")).status_code == 404
    assert await simulator.stats() == before


async def test_an_empty_account_says_how_to_begin(simulator: SimulatorClient) -> None:
    page = await browse(simulator)
    assert "Nothing was made yet" in page.text
    assert "never dry" in page.text


async def test_the_page_escapes_what_came_from_outside_and_asks_nobody_else(
    simulator: SimulatorClient,
) -> None:
    nasty = "<script>alert(1)</script>\"'&"
    await simulator.finished(name=nasty, prompt=nasty)
    page = await browse(simulator)
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "https://" not in page.text


async def test_a_large_account_is_shown_in_part(make: MakeSimulator) -> None:
    simulator = make(latency="fixed:0")
    base = await simulator.finished()
    for index in range(70):
        await simulator.made(avatar_id=base["id"], name=f"Look {index:03}")
    page = await browse(simulator)
    assert "Look 069" in page.text
    assert "… and 11 more" in page.text
    assert len(page.content) < 100_000


async def test_the_figures_have_their_documented_form(make: MakeSimulator) -> None:
    simulator = make(faults=["fail-generation:0.5", "error-500:0.2"], concurrency=2)
    for index in range(12):
        await simulator.create(key=f"key-{index % 9}")
        simulator.wait(0.5)
    figures = await simulator.stats()
    jsonschema.Draft202012Validator.check_schema(STATS)
    jsonschema.validate(figures, STATS)
    assert set(figures) == set(STATS["properties"])
    assert figures["requests"] == {"POST /v3/avatars": 12}
    assert figures["peak_in_progress"] == 2
    assert set(figures["rejected"]) == {"429", "500"}
    spent = sum(charge["amount_usd"] - charge["refunded_usd"] for charge in figures["charges"])
    assert figures["spent_usd"] == spent


async def test_a_key_that_is_sent_to_a_picture_is_noticed(simulator: SimulatorClient) -> None:
    link = (await simulator.finished())["preview_image_url"]
    await browse(simulator, link.removeprefix("http://simulator.test"))
    assert (await simulator.stats())["keys_sent_to_images"] == 0
    await simulator.get(link)
    assert (await simulator.stats())["keys_sent_to_images"] == 1


async def test_what_is_not_there_is_answered_as_the_api_does(simulator: SimulatorClient) -> None:
    missing = await simulator.get("/v3/nothing")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "not_found"
    wrong = await simulator.client.put("/v3/avatars")
    assert wrong.status_code == 405
    assert wrong.headers["Allow"] == "GET, POST"
    assert wrong.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain"),
     (b"NaN", "application/json"), (b'{"name":"\\ud800"}', "application/json"),
     (b"\xff", "application/json"), (b"[" * 100_000, "application/json")],
)  # fmt: skip
async def test_a_body_that_is_no_json_object_is_refused(
    simulator: SimulatorClient, body: bytes, kind: str
) -> None:
    headers = {"Content-Type": kind}
    answer = await simulator.client.post("/v3/avatars", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_parameter"


async def test_links_are_absolute_and_follow_the_host_that_was_asked(
    simulator: SimulatorClient,
) -> None:
    look = await simulator.finished()
    headers = {"Host": "other.test:8080"}
    answer = await simulator.get(f"/v3/avatars/looks/{look['id']}", headers=headers)
    assert answer.json()["data"]["preview_image_url"].startswith("http://other.test:8080/files/")
