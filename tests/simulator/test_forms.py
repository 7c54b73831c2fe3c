"""What is wrong with a request is answered: the first thing, in the order of the published form."""

import json
from typing import Any

import pytest

from tests.simulator.client import SimulatorClient, error_of

URL = {"type": "url", "url": "https://pictures.test/a.jpg"}
PROMPT = {"type": "prompt", "name": "office", "prompt": "navy blazer"}
JSON = {"Content-Type": "application/json"}
TOO_DEEP: Any = "end"
for _ in range(900):
    TOO_DEEP = [TOO_DEEP]

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "type", "type is required."),
    ({"type": 3}, "type", "type must be photo, prompt or digital_twin."),
    ({"type": "photo"}, "name", "name is required."),
    ({"type": "photo", "name": None, "file": URL}, "name", "name is required."),
    ({"type": "photo", "name": " ", "file": 3}, "name", "name must be a text that is not empty"),
    ({"type": "photo", "name": TOO_DEEP, "file": URL}, "name", "name must be a string."),
    ({"type": "photo", "name": "a", "file": "x"}, "file", "file must be an object."),
    (
        {"type": "photo", "name": "a", "file": {"type": "gif"}},
        "file.type",
        "file.type must be url, asset_id or base64.",
    ),
    (
        {"type": "photo", "name": "a", "file": {**URL, "url": "http://a.test"}},
        "file.url",
        "file.url must be an https URL.",
    ),
    ({**PROMPT, "prompt": "a\x01b"}, "prompt", "without control characters"),
    ({**PROMPT, "prompt": "half \ud83d"}, "prompt", "without control characters"),
    ({**PROMPT, "name": "n" * 256}, "name", "has 256 characters; at most 255 are allowed."),
    ({**PROMPT, "reference_images": [URL] * 4}, "reference_images", "takes at most 3 entries."),
    (
        {**PROMPT, "reference_images": [URL, {"type": "base64", "media_type": "image/gif"}]},
        "reference_images[1].media_type",
        "must be image/jpeg or image/png.",
    ),
    (
        {
            "type": "photo",
            "name": "a",
            "file": {"type": "base64", "media_type": "image/png", "data": ""},
        },
        "file.data",
        "file.data must be base64.",
    ),
    ({**PROMPT, "colour": "red"}, "colour", "colour is not a field of this request."),
    ({**PROMPT, "colour": "red", "avatar_id": ""}, "avatar_id", "avatar_id must be a text"),
    ({**PROMPT, "colour": "red", "avatar_id": "look_x"}, "colour", "is not a field"),
]


@pytest.mark.parametrize(("body", "param", "message"), WRONG)
async def test_the_first_thing_that_is_wrong_is_answered_and_nothing_is_bought(
    simulator: SimulatorClient, body: dict[str, Any], param: str, message: str
) -> None:
    answer = await simulator.client.post("/v3/avatars", content=json.dumps(body), headers=JSON)
    assert error_of(answer) == (400, "invalid_parameter", param)
    assert message in answer.json()["error"]["message"]
    assert simulator.sim.account.spent == 0


async def test_what_is_null_counts_as_not_said(simulator: SimulatorClient) -> None:
    answer = await simulator.post("/v3/avatars", {**PROMPT, "reference_images": None})
    assert answer.status_code == 200
