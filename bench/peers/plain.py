"""The peer that everybody writes first: asyncio and httpx, a semaphore, and three more tries."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from look import POLL_SECONDS, read_work, request_of

TRIES = 4


async def generate(client: httpx.AsyncClient, look: dict[str, Any], reference: str | None) -> str:
    """Make one look; return its id."""
    answer = await client.post("/v3/avatars", json=request_of(look, reference))
    made = answer.raise_for_status().json()["data"]["avatar_item"]
    while made["status"] == "processing":
        await asyncio.sleep(POLL_SECONDS)
        answer = await client.get(f"/v3/avatars/looks/{made['id']}")
        made = answer.raise_for_status().json()["data"]
    picture = (await client.get(made["preview_image_url"])).raise_for_status().content
    Path("images", f"{look['key']}.png").write_bytes(picture)  # noqa: ASYNC240 - as everybody does
    return str(made["id"])


async def main() -> None:
    """Make every look as soon as its reference is there."""
    work = read_work()
    rate_gate = asyncio.Semaphore(work["at_once"])
    tasks: dict[str, asyncio.Task[str]] = {}
    async with httpx.AsyncClient(
        base_url=work["url"], headers={"X-Api-Key": "bench"}, timeout=60
    ) as client:

        async def one(look: dict[str, Any]) -> str:
            reference = look["reference"] and await tasks[look["reference"]]
            async with rate_gate:
                for attempt in range(TRIES):
                    try:
                        return await generate(client, look, reference)
                    except httpx.HTTPError:
                        if attempt == TRIES - 1:
                            raise
                raise AssertionError

        for look in work["looks"]:
            tasks[look["key"]] = asyncio.create_task(one(look))
        await asyncio.gather(*tasks.values())


if __name__ == "__main__":
    asyncio.run(main())
