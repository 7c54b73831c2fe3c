"""One look of the common work: send it, wait for it, fetch its picture. For peers that run steps.

Every peer but the plain script and the shell uses this, inside its own kind of step: as a process
(``python look.py KEY``) or as a function. It is written as such a step usually is, without more: no
idempotency key, no record but its result. Needs httpx and nothing of ours.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

POLL_SECONDS = 0.5


def read_work() -> dict[str, Any]:
    """The looks to make, from ``work.json`` in the present folder, or in ``BENCH_WORK``."""
    folder = Path(os.environ.get("BENCH_WORK", "."))
    work: dict[str, Any] = json.loads((folder / "work.json").read_text("utf-8"))
    return work


def request_of(look: dict[str, Any], reference: str | None) -> dict[str, Any]:
    """The body of ``POST /v3/avatars``."""
    body = {"type": "prompt", "name": look["name"], "prompt": look["prompt"]}
    return body if reference is None else {**body, "avatar_id": reference}


def generate(url: str, look: dict[str, Any], reference: str | None) -> str:
    """Make one look; return its id. Raises httpx's errors: trying again is the caller's part."""
    with httpx.Client(base_url=url, headers={"X-Api-Key": "bench"}, timeout=60) as client:
        answer = client.post("/v3/avatars", json=request_of(look, reference)).raise_for_status()
        made = answer.json()["data"]["avatar_item"]
        while made["status"] == "processing":
            time.sleep(POLL_SECONDS)
            answer = client.get(f"/v3/avatars/looks/{made['id']}").raise_for_status()
            made = answer.json()["data"]
        if made["status"] != "completed":
            raise RuntimeError(f"{look['key']}: {made['status']}")
        picture = client.get(made["preview_image_url"]).raise_for_status().content
    folder = Path(os.environ.get("BENCH_WORK", "."))
    (folder / "images" / f"{look['key']}.png").write_bytes(picture)
    return str(made["id"])


def main(key: str) -> None:
    """Make the look of this key, and leave its id in ``ids/KEY``."""
    work = read_work()
    look = next(look for look in work["looks"] if look["key"] == key)
    reference = look["reference"]
    folder = Path(os.environ.get("BENCH_WORK", "."))
    known = None if reference is None else (folder / "ids" / reference).read_text("utf-8")
    made = generate(work["url"], look, known)
    (folder / "ids" / key).write_text(made, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
