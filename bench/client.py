"""Requests a second of our client against bare httpx at the same gate.

The bare side is one ``httpx.AsyncClient`` as everybody uses it, with as many requests under way as
our gate lets through, the same headers, and the answer read as JSON. Ours has lanes, a deadline, a
bounded body, and reads the answer into checked values. Both ask a simulator in a process of its own
for the same looks, by turns.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

import httpx

from bench.report import Row
from bench.server import Simulator
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.replies import Answer

GOAL = 0.9
AT_A_TIME = 16
LOOKS = 100

Ask = Callable[[int], Awaitable[None]]


def body(number: int) -> bytes:
    prompt = "Wearing a navy blazer, modern office with plants, warm morning light"
    return f'{{"name":"Look {number}","prompt":"{prompt}","type":"prompt"}}'.encode()


async def rate(ask: Ask, requests: int) -> tuple[float, float]:
    """Requests a second, and CPU seconds of one."""
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            await ask(number)

    begun, used = perf_counter(), process_time()
    await asyncio.gather(*(worker() for _ in range(AT_A_TIME)))
    return requests / (perf_counter() - begun), (process_time() - used) / requests


async def compare(url: str, rounds: int, requests: int) -> list[Row]:
    key = Credentials("bench", "the benchmark")
    headers = {"X-Api-Key": key.key, "Accept": "application/json"}
    unique = iter(range(10**9))
    async with HeyGen(key, url) as api, httpx.AsyncClient(headers=headers) as client:

        async def made(number: int) -> str:
            reply = await api.create_avatar(body(number), f"first-{number}")
            assert isinstance(reply, Answer)
            return reply.data.look.id

        looks = [await made(number) for number in range(LOOKS)]

        async def our_look(number: int) -> None:
            assert isinstance(await api.look(looks[number % LOOKS]), Answer)

        async def bare_look(number: int) -> None:
            answer = await client.get(f"{url}/v3/avatars/looks/{looks[number % LOOKS]}")
            assert answer.json()["data"]

        async def our_post(number: int) -> None:
            reply = await api.create_avatar(body(number), f"ours-{next(unique)}")
            assert isinstance(reply, Answer)

        async def bare_post(number: int) -> None:
            head = {
                "Content-Type": "application/json", "Idempotency-Key": f"bare-{next(unique)}"
            }  # fmt: skip
            answer = await client.post(f"{url}/v3/avatars", content=body(number), headers=head)
            assert answer.json()["data"]

        return [
            await row("POST", our_post, bare_post, rounds, requests),
            await row("GET", our_look, bare_look, rounds, requests),
        ]


async def row(method: str, ours: Ask, bare: Ask, rounds: int, requests: int) -> Row:
    turns: list[Any] = [
        (await rate(ours, requests), await rate(bare, requests)) for _ in range(rounds)
    ]
    return Row(
        f"client: {method}s a second, against bare httpx, {AT_A_TIME} at a time",
        median(mine[0] / bare[0] for mine, bare in turns),
        goal=GOAL,
        better="higher",
        detail=f"{median(mine[0] for mine, _ in turns):,.0f}/s; CPU of a request "
        f"{median(mine[1] for mine, _ in turns) * 1e3:.2f} ms, "
        f"bare {median(bare[1] for _, bare in turns) * 1e3:.2f} ms",
    )


def measure(*, quick: bool) -> list[Row]:
    """Measure ours and the bare one by turns, at the same simulator."""
    rounds, requests = (3, 200) if quick else (9, 500)
    # A proxy that is set for the machine is not what is measured here.
    os.environ["NO_PROXY"] = "127.0.0.1"
    with Simulator("--latency", "fixed:0", "--concurrency", "1000000") as simulator:
        return asyncio.run(compare(simulator.url, rounds, requests))
