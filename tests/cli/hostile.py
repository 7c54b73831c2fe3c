"""An account that tries everything with its words, and what a terminal must never be handed."""

import io
import json
import re
import unicodedata
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

import runner.cli.boundary
from runner.cli.context import Context
from runner.policy.retry import RetryLimits

__all__ = [
    "EVIL",
    "FORGED",
    "NAME",
    "SNEAKY",
    "HostileApi",
    "find_dangers",
    "list_tries",
    "refuse_to_serve",
    "stand_in",
    "write_manifest",
    "write_spoiled",
]

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

    def __init__(self, words: str = EVIL) -> None:
        self.words = words
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
            return self._data({"asset_id": "asset_1", "mime_type": self.words})
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
            return httpx.Response(500, content=self.words.encode("utf-8", "surrogatepass"))
        look: dict[str, Any] = {
            "id": f"look_{len(self.looks)}",
            "name": name,
            "group_id": "group_1",
            "avatar_type": self.words,
            "status": "completed",
            "preview_image_url": "https://pictures.example/a.png",
            "image_width": 512,
            "image_height": 512,
        }
        if "failed" in name:
            look |= {"status": "failed", "error": {"code": self.words, "message": self.words}}
        self.looks[look["id"]] = look
        return self._data({"avatar_item": look, "avatar_group": self._group()})

    def stranger(self) -> None:
        """Add a look that nobody here knows, with a hostile name."""
        self.looks["stranger_1"] = {
            "id": "stranger_1",
            "name": self.words,
            "group_id": "group_1",
            "avatar_type": self.words,
            "status": self.words,
            "error": self.words,
        }

    def _group(self) -> dict[str, Any]:
        return {"id": "group_1", "name": self.words, "created_at": 1, "consent_status": self.words}

    def _user(self) -> dict[str, Any]:
        premium = {"remaining": 5, "resets_at": self.words}
        return {
            "username": "me",
            "billing_type": self.words,
            "wallet": {"currency": "usd", "remaining_balance": 50.0 - len(self.looks)},
            "subscription": {"plan": self.words, "credits": {"premium_credits": premium}},
        }

    @staticmethod
    def _data(data: Any) -> httpx.Response:
        return httpx.Response(200, json={"data": data}, headers=[(b"X-Request-Id", b"\x9b31mreq")])

    @staticmethod
    def _list(data: list[Any]) -> httpx.Response:
        return httpx.Response(200, json={"data": data, "has_more": False})

    def _refuse(self, status: int, code: str) -> httpx.Response:
        error = {"code": f"{code}{self.words}", "message": self.words, "param": self.words}
        return httpx.Response(status, json={"error": error})


NAME = "it's $(touch pwned) `id` \u202e;.yaml"
"""A file's name, which comes with a repository."""


def write_manifest(sneaky: str = SNEAKY) -> str:
    """Return a manifest with words in whatever it says to people, as YAML quotes them."""
    return f"""\
version: 1
campaign: spring
base: {{name: Sarah, photo: sarah.png}}
looks:
  office: {{prompt: "Wearing a navy blazer, office, {sneaky}", title: "office {sneaky}"}}
  failed: {{prompt: "Wearing a coat, street, dusk", title: "failed {sneaky}", tags: ["{sneaky}"]}}
  refused:
    title: "refused {sneaky}"
    prompt: |
      Wearing a dress, garden, noon
      {FORGED} line
      ::set-output name=a::b
  lost: {{prompt: "Wearing a suit, stage, night", title: "lost {sneaky}"}}
"""


def write_spoiled(sneaky: str = SNEAKY) -> str:
    """Return a manifest that is wrong in several ways, with words in each."""
    return f"""\
version: 1
campaign: "\\e[31m{sneaky}"
{sneaky}: 1
base: {{name: Sarah, photo: "{sneaky}.png"}}
looks:
  office: {{prompt: "${{{sneaky}}}", "\\e[2J": 1, title: "\\e]0;x\\a"}}
"""


def list_tries(evil: str = EVIL) -> dict[str, list[list[str]]]:
    """Return what is tried of every command after ``run`` went through once."""
    return {
        "validate": [[NAME], [NAME, "--format", "json"], ["spoiled.yaml"]]
        + [["spoiled.yaml", "--format", form] for form in ("json", "sarif")],
        "plan": [
            [NAME],
            [NAME, "--format", "json"],
            [NAME, "-o", "saved it's.json"],
            ["spoiled.yaml"],
        ],
        "status": [[NAME, "--takes"], [NAME, "--format", "json"]],
        "explain": [[NAME, look] for look in ("office", "failed", "refused", "lost", f"no{evil}")],
        "money": [[NAME], [NAME, "--format", "csv"], [NAME, "--format", "json"]],
        "retry": [[NAME], [NAME, "--yes", "--format", "json"]],
        "reroll": [[NAME, "office", "--yes"], [NAME, f"no{evil}"]],
        "pick": [[NAME, "office#1"], [NAME, "failed#1"], [NAME, evil]],
        "fetch": [[NAME]],
        "faces": [[NAME], [NAME, "--format", "json"]],
        "looks": [[], [NAME], ["--format", "json"]],
        "adopt": [[], [NAME], ["adopted.yaml"], ["adopted.yaml", "--group", "group_1"]],
        "refresh": [[NAME], [NAME, "--record"]],
        "prune": [[NAME], [NAME, "--yes"], [NAME, "--local"]],
        "reconcile": [
            [NAME],
            [NAME, "--nothing-bought", "lost"],
            [NAME, "--adopt", f"lost#1={evil}"],
        ],
        "export": [[NAME], *([NAME, "--format", form] for form in ("jsonl", "csv"))],
        "review": [
            [NAME],
            [NAME, "--list"],
            [NAME, "--reject", "office#1", "--reason", evil, "--as", evil],
            [NAME, "--approve", evil],
        ],
        "catalog": [[NAME], [NAME, "--pictures", "--contact-sheet", "png"]],
        "worker": [["--on", evil], ["--account", evil]],
        "cluster": [[], ["--on", evil], ["cancel", evil], ["ceiling", evil, evil]],
        "doctor": [[], [NAME], ["--format", "json"]],
        "completion": [["bash"], ["zsh"], ["fish"]],
        "graph": [[NAME], [NAME, "--format", "dot"]],
        "schema": [[], ["results"]],
        "simulator": [
            ["--state", f"{evil}.state".replace("\0", "").replace("/", "")],
            ["--port", evil],
        ],
        "init": [["new it's.yaml"], ["sheet.yaml", "--from-csv", "sheet.csv"], [NAME]],
        "run": [
            [NAME, "--yes"],
            [NAME],
            [NAME, "--yes", "--format", "json"],
            [NAME, "--plan", "x"],
        ],
    }


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Shorten what commands wait for an account that is late."""
    patch.setattr("runner.executor.context.backoff", lambda *_given, **_named: 0.0)
    patch.setattr("runner.executor.gone.GONE_PAUSE", 0.0)
    patch.setattr("runner.policy.retry.MIN_POLL", 0.0)
    patch.setattr("runner.executor.refunds.SETTLING", ())
    limits = RetryLimits(retries=0, unanswered=0.0, processing=1.0, listed=0.0)
    patch.setattr("runner.cli.account._retry_limits", lambda *_given: limits)


def stand_in(patch: pytest.MonkeyPatch, api: HostileApi, home: Path) -> None:
    """Put an account that is none of HeyGen's before the commands of this process."""
    hurry(patch)
    outside = partial(
        Context,
        transport=httpx.MockTransport(api),
        environment={"HEYGEN_API_KEY": "sk_0123456789", "HEYGEN_MAX_RETRIES": "0"},
        home=str(home),
    )
    patch.setattr(runner.cli.boundary, "Context", outside)


def refuse_to_serve(*_given: Any, **_named: Any) -> None:
    """Raise OSError, as a port does that is taken."""
    raise OSError(f"no port {EVIL}")
