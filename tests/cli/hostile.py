"""An account that tries everything with its words, and what a terminal must never be handed."""

import io
import json
import re
import unicodedata
from typing import Any

import httpx
from PIL import Image

__all__ = ["EVIL", "FORGED", "SNEAKY", "HostileApi", "find_dangers"]

FORGED = "FORGED"
"""A word that no line may begin with: whoever wrote it wanted a line of its own."""

EVIL = (
    "\x1b[2J\x1b]0;title\x07\x9b31m\x00\x08\u202eevil\u2066\u200b\U000e0041\r\n"
    f"{FORGED} Nothing was charged.\n::set-output name=a::b\n ::add-mask::x\u2028{FORGED}\n"
    "##[error]done ##vso[task.setvariable variable=x]y\x1b[8m##teamcity[x]\x1b[31mred"
)
SNEAKY = "\u202eevil\u2066\u200b ##[error]x ::set-env name=a::b ##vso[task.x]\ufeff"
"""As much of it as a manifest may hold, which takes no control characters."""


def find_dangers(text: str) -> list[str]:
    """Return what a terminal or a CI that is handed this text would carry out, or be fooled by."""
    found = [
        f"{ord(char):#x} in {line!r}"
        for line in text.replace("\r\n", "\n").split("\n")
        for char in line
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char != "\t"
    ]
    found += [line for line in text.split("\n") if line.startswith(FORGED)]
    found += [line for line in text.split("\n") if line.lstrip().startswith("::")]
    found += re.findall(r"##(?:\[|vso\[|teamcity\[)", text)
    return found


class HostileApi:
    """Answers every request in the API's own form, with hostile words wherever there are any.

    The name of a look says what becomes of it. A picture is a picture.
    """

    def __init__(self) -> None:
        self.looks: dict[str, dict[str, Any]] = {}
        self.consent_url = "https://app.example/consent?x=1"
        picture = io.BytesIO()
        Image.new("RGB", (512, 512), (90, 120, 150)).save(picture, "PNG")
        self.picture = picture.getvalue()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, method = request.url.path, request.method
        if request.url.host == "pictures.example":
            return httpx.Response(200, content=self.picture, headers={"Content-Type": "image/png"})
        if path == "/v3/users/me":
            return self._data(self._user())
        if path == "/v3/assets":
            return self._data({"asset_id": "asset_1", "mime_type": EVIL})
        if path == "/v3/avatars" and method == "POST":
            return self._create(json.loads(request.content))
        if path == "/v3/avatars":
            return self._list([self._group()])
        if path == "/v3/avatars/looks":
            return self._list(list(self.looks.values()))
        if path.endswith("/consent"):
            return self._data({"url": self.consent_url})
        if path.startswith("/v3/avatars/looks/"):
            look = self.looks.get(path.rpartition("/")[2])
            return self._refuse(404, "avatar_not_found") if look is None else self._data(look)
        return self._data(self._group())

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        name = str(body.get("name", ""))
        if "refused" in name:
            return self._refuse(400, "moderation")
        if "lost" in name:
            return httpx.Response(500, content=EVIL.encode())
        look: dict[str, Any] = {
            "id": f"look_{len(self.looks)}",
            "name": name,
            "group_id": "group_1",
            "avatar_type": EVIL,
            "status": "completed",
            "preview_image_url": "https://pictures.example/a.png",
            "image_width": 512,
            "image_height": 512,
        }
        if "failed" in name:
            look |= {"status": "failed", "error": {"code": EVIL, "message": EVIL}}
        self.looks[look["id"]] = look
        return self._data({"avatar_item": look, "avatar_group": self._group()})

    def stranger(self) -> None:
        """Add a look that nobody here knows, with a hostile name."""
        self.looks["stranger_1"] = {
            "id": "stranger_1",
            "name": EVIL,
            "group_id": "group_1",
            "avatar_type": EVIL,
            "status": EVIL,
            "error": EVIL,
        }

    @staticmethod
    def _group() -> dict[str, Any]:
        return {"id": "group_1", "name": EVIL, "created_at": 1, "consent_status": EVIL}

    def _user(self) -> dict[str, Any]:
        premium = {"remaining": 5, "resets_at": EVIL}
        return {
            "username": "me",
            "billing_type": EVIL,
            "wallet": {"currency": "usd", "remaining_balance": 50.0 - len(self.looks)},
            "subscription": {"plan": EVIL, "credits": {"premium_credits": premium}},
        }

    @staticmethod
    def _data(data: Any) -> httpx.Response:
        return httpx.Response(200, json={"data": data}, headers=[(b"X-Request-Id", b"\x9b31mreq")])

    @staticmethod
    def _list(data: list[Any]) -> httpx.Response:
        return httpx.Response(200, json={"data": data, "has_more": False})

    @staticmethod
    def _refuse(status: int, code: str) -> httpx.Response:
        error = {"code": f"{code}{EVIL}", "message": EVIL, "param": EVIL}
        return httpx.Response(status, json={"error": error})
