"""What may be asked: the state of a campaign, its news as they come, and what a person decides."""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast
from urllib.parse import quote

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from runner.canonical import parse_json
from runner.catalog.pictures import Unusable, load_full, load_thumb
from runner.errors import LookbookError
from runner.files import read_file
from runner.review.desk import Declined, Desk
from runner.review.guard import collect_body

LOOK_EVERY = 0.5
"""Seconds between two looks for news."""

KEEP_ALIVE = 15.0
"""Seconds after which an open stream of news gets an empty line, so that both ends stay sure."""

MAX_WAITING = 200
"""News that a slow page may be behind; then it reads everything anew."""

MAX_STREAMS = 50
"""Pages that may be open at once."""

MAX_COPY = 1024 * 1024 * 1024
"""Bytes of a page for a client: some hundred pictures."""

DAY = "private, max-age=86400, immutable"
"""Pictures are named by their content: a page keeps them."""


def create_review_app(desk: Desk) -> Starlette:
    """Return the application of one campaign; ``runner.review.guard`` stands in front of it."""
    service = _Service(desk)
    posts = {
        "/api/review": desk.review,
        "/api/pick": desk.pick,
        "/api/consequences": desk.consequences,
        "/api/charges": desk.list_charges,
        "/api/take-in": desk.take_in,
        "/api/prompt": desk.list_prompt,
        "/api/propose-edit": desk.propose_edit,
        "/api/write-edit": desk.write_edit,
        "/api/undo-edit": desk.undo_edit,
        "/api/basket": desk.fill_basket,
        "/api/buy": desk.buy,
        "/api/pause": lambda _asked: desk.pause(),
    }
    routes = [
        Route("/api/state", service.show_state),
        Route("/api/events", service.stream),
        Route("/api/client-copy", service.make_client_copy, methods=["POST"]),
        Route("/client-copy", service.show_client_copy),
        Route("/pictures/{look}/{take:int}", partial(service.show_picture, load=load_full)),
        Route("/thumbs/{look}/{take:int}", partial(service.show_picture, load=load_thumb)),
        *(
            Route(path, partial(service.change, method), methods=["POST"])
            for path, method in posts.items()
        ),
    ]
    return Starlette(routes=routes, lifespan=service.run)


class _Service:
    """The requests of one application, and who hears its news."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # One thread: a ledger is read and written in turn, and nothing is decided twice at once.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lookbook-review")
        self._streams: set[_Stream] = set()
        self._version = 0  # of what pages were told; one that missed any reads everything anew

    @asynccontextmanager
    async def run(self, _app: Starlette) -> AsyncIterator[None]:
        """Look for news as long as the application runs."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                self._worker.shutdown(wait=True)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the desk in its own thread."""
        import asyncio

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, partial(function, *arguments))

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(LOOK_EVERY)
            with suppress(LookbookError, OSError):  # the next look may find it mended
                await self._tell_news()

    async def _tell_news(self) -> None:
        news = await self._call(self._desk.news)
        if news is not None:
            self._version += 1
            text = json.dumps({**news, "version": self._version}, ensure_ascii=False)
            for stream in [*self._streams]:
                stream.push(text)

    async def show_state(self, _request: WebRequest) -> Response:
        """Answer with everything that the page shows."""
        try:
            await self._tell_news()
            state = await self._call(self._desk.state)
            return JSONResponse({**state, "version": self._version})
        except LookbookError as error:
            return _decline(error.message, error.hint, 409)

    async def change(self, method: Callable[[Any], Any], request: WebRequest) -> Response:
        """Carry out what a page posted, and tell every page what changed."""
        return await self._answer(partial(self._call, method), request)

    async def make_client_copy(self, request: WebRequest) -> Response:
        """Write a page for a client, beside everything else: it takes a while."""
        write = partial(cast("Any", anyio.to_thread.run_sync), self._desk.make_client_copy)
        return await self._answer(write, request)

    async def show_client_copy(self, _request: WebRequest) -> Response:
        """Answer with the page that was made for a client, as a file to keep."""
        path = self._desk.find_client_copy()
        try:
            data = await anyio.to_thread.run_sync(read_file, path, MAX_COPY) if path else None
        except OSError as error:
            return _decline(str(error), None, 404)
        if path is None or data is None:
            return _decline("None was made yet.", None, 404)
        name = quote(path.name)
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def _answer(self, work: Callable[[Any], Awaitable[Any]], request: WebRequest) -> Response:
        """Do what a page posted, and tell every page what changed; or say why not."""
        try:
            answer = await work(dict(parse_json(await collect_body(request.receive))))
        except (ValueError, KeyError, TypeError) as error:
            return _decline(f"That cannot be read: {error}.", None, 400)
        except Declined as refused:
            return _decline(refused.message, refused.hint, refused.status)
        except LookbookError as error:
            return _decline(error.message, error.hint, 409)
        await self._tell_news()
        return JSONResponse(answer)

    async def show_picture(
        self, request: WebRequest, *, load: Callable[..., tuple[bytes, str]]
    ) -> Response:
        """Answer with a take's picture, whole or small."""
        found = self._desk.find_picture(request.path_params["look"], request.path_params["take"])
        if found is None:
            return _decline("There is no such picture.", None, 404)
        try:
            data, kind = await anyio.to_thread.run_sync(load, *found)
        except (Unusable, OSError) as error:
            return _decline(str(error), None, 404)
        return Response(data, media_type=kind, headers={"cache-control": DAY})

    async def stream(self, _request: WebRequest) -> Response:
        """Send news as they come, as server-sent events."""
        if len(self._streams) >= MAX_STREAMS:
            return _decline("Too many pages are open.", None, 503)
        stream = _Stream()
        self._streams.add(stream)

        async def lines() -> AsyncIterator[str]:
            try:
                yield f'retry: 1000\ndata: {{"version": {self._version}}}\n\n'
                while True:
                    text = None
                    with anyio.move_on_after(KEEP_ALIVE):
                        text = await stream.next()
                    yield ": \n\n" if text is None else f"data: {text}\n\n"
            finally:
                self._streams.discard(stream)

        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


class _Stream:
    """The news that one page has not read yet."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._changed = anyio.Event()

    def push(self, text: str) -> None:
        if len(self._waiting) >= MAX_WAITING:  # it is far behind, and reads everything anew
            self._waiting.clear()
        self._waiting.append(text)
        self._changed.set()

    async def next(self) -> str:
        while not self._waiting:
            self._changed = anyio.Event()
            await self._changed.wait()
        return self._waiting.popleft()


def _decline(message: str, hint: str | None, status: int) -> Response:
    return JSONResponse({"error": {"message": message, "hint": hint}}, status_code=status)
