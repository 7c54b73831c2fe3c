"""What every request goes through: figures, faults, key, idempotency, body, operation, answer.

The order is the contract. Whatever an operation changed is in the journal before its answer leaves,
and is done whether or not a fault then loses the answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.types import Receive, Scope, Send

from runner.simulator import wire
from runner.simulator.behaviour import LISTS_PERIOD
from runner.simulator.bodies import Hangup, idempotency_key, read_query, receive_body
from runner.simulator.records import StoredAnswer
from runner.simulator.refusals import ApiError
from runner.simulator.service import ApiCall, Handler, HttpAnswer, Simulator, json_bytes
from runner.simulator.settings import Fault, FaultKind

IGNORED_BODY = 64 * 1024

Area = Literal["api", "file", "own"]

ERRORS_BEFORE: Mapping[FaultKind, Callable[[], ApiError]] = {
    "error-500": lambda: ApiError(500, "internal_error", "Something broke; nothing was done."),
    "conflict": lambda: ApiError(409, "conflict", "The resource was changed; nothing was done."),
    "not-ready": lambda: ApiError(409, "resource_not_ready", "The resource is not ready yet."),
    "deny": lambda: ApiError(403, "resource_access_denied", "This request is not allowed."),
    "error-503": lambda: ApiError(503, "service_unavailable", "The service is away; try again."),
    "rate-limit": lambda: ApiError(
        429, "rate_limit_exceeded", "Too many requests.", headers={"Retry-After": "1"}
    ),
}
ONLY_GENERATIONS: frozenset[FaultKind] = frozenset({"conflict", "not-ready", "deny", "error-body"})
"""Faults of ``POST /v3/avatars`` alone; in the table above, all but the first three strike all."""

GATEWAYS: Mapping[FaultKind, int] = {"gateway-403": 403, "gateway-404": 404, "gateway-502": 502}
TITLES = {403: "Forbidden", 404: "Not Found", 502: "Bad Gateway", 504: "Gateway Time-out"}

ERROR_AFTER = ApiError(500, "internal_error", "Something went wrong.")
GARBAGE = b"<!doctype html><title>Gateway</title><p>An intermediary answered instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one route.

    ``area`` says which rules hold: the API needs a key and suffers faults, files suffer faults, the
    simulator's own pages neither. ``body_limit`` is in bytes; None leaves reading to the handler.
    A body that an operation has no use for is read and ignored, as far as it is short.
    """

    method: str
    route: str
    handler: Handler
    query: frozenset[str] = frozenset()
    body_limit: int | None = IGNORED_BODY
    area: Area = "api"

    @property
    def label(self) -> str:
        """How the figures call it."""
        return f"{self.method} {self.route}"

    @property
    def generates(self) -> bool:
        """Return whether it is the one that costs money."""
        return self.label == "POST /v3/avatars"

    @property
    def lists(self) -> bool:
        """Return whether it lists looks or groups."""
        return self.label in ("GET /v3/avatars", "GET /v3/avatars/looks")


class RequestPipeline:
    """An ASGI application for all operations of one route."""

    def __init__(self, sim: Simulator, operations: list[Operation]) -> None:
        self._sim = sim
        self._operations = {operation.method: operation for operation in operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI has it."""
        operation = self._operations.get(scope["method"])
        if operation is None:
            await wire.send_whole(send, refused(_no_method(self._operations)), "req_none")
        else:
            await _Exchange(self._sim, operation, scope, receive, send).run()


def _no_method(known: Mapping[str, Operation]) -> ApiError:
    headers = {"Allow": ", ".join(sorted(known))}
    return ApiError(405, "method_not_allowed", "This method is not allowed here.", headers=headers)


def refused(refusal: ApiError) -> HttpAnswer:
    """Return the answer that carries a refusal."""
    return HttpAnswer(refusal.status, json_bytes(refusal.envelope()), headers=refusal.headers)


def gateway_page(status: int) -> HttpAnswer:
    """Return what something in between answers: a page, without the API's envelope."""
    title = f"{status} {TITLES[status]}"
    text = f"<!doctype html><title>{title}</title><h1>{title}</h1>"
    return HttpAnswer(status, text.encode(), "text/html")


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, sim: Simulator, operation: Operation, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._sim = sim
        self._operation = operation
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self._now = sim.now()
        self._number = 0
        self._faults: frozenset[FaultKind] = frozenset()
        self._claim: str | None = None

    async def run(self) -> None:
        """Answer the request, or lose it as the faults say."""
        sim, account = self._sim, self._sim.account
        account.advance(self._now)
        if self._operation.area != "own":
            self._number = account.count("last", "request")
            account.count("requests", self._operation.label)
            self._faults = self._applicable(strikes(sim, self._number))
        try:
            if self._strike("drop-request"):
                account.commit()
                await wire.hang_up(self._scope, self._receive)
                return
            answer = await self._answer()
            account.commit()
            if self._strike("slow"):
                account.commit()
                await sim.sleep(sim.settings.slow_seconds)
            await self._deliver(answer)
        except Hangup:
            account.commit()
        finally:
            if self._claim is not None:
                sim.in_flight.discard(self._claim)

    def _applicable(self, drawn: frozenset[FaultKind]) -> frozenset[FaultKind]:
        """Return the drawn faults without those that this kind of request cannot have."""
        if not self._operation.generates:
            drawn -= ONLY_GENERATIONS
        return drawn if self._operation.area == "api" else drawn - GATEWAYS.keys() - {"gateway-504"}

    def _strike(self, kind: FaultKind) -> bool:
        """Count a fault if it was drawn for this request; return whether it was."""
        struck = kind in self._faults
        if struck:
            self._sim.account.count("faults", kind)
        return struck

    async def _answer(self) -> HttpAnswer:
        try:
            answer = self._in_between() or await self._do()
        except ApiError as refusal:
            answer = refused(refusal)
        if answer.status >= 400 and self._operation.area == "api":
            self._sim.account.count("rejected", str(answer.status))
        return answer

    def _in_between(self) -> HttpAnswer | None:
        """Return or raise what is answered before anything happened; None where nothing is."""
        sim = self._sim
        for kind, status in GATEWAYS.items():
            if self._strike(kind):
                sim.gateway = (self._now + sim.behaviour.gateway_lasts, status)
                return gateway_page(status)
        until, status = sim.gateway
        if self._operation.area == "api" and self._now < until:
            return gateway_page(status)
        if self._operation.lists and self._now % LISTS_PERIOD < sim.behaviour.lists_gateway_404:
            return gateway_page(404)
        if self._operation.lists and self._now % LISTS_PERIOD < sim.behaviour.lists_404:
            raise ApiError(404, "not_found", "The requested resource was not found.")
        for kind, refusal in ERRORS_BEFORE.items():
            if self._strike(kind):
                raise refusal()
        if self._strike("error-body"):
            text = "Nothing was done, whatever the status says."
            return HttpAnswer(200, refused(ApiError(500, "internal_error", text)).body)
        return None

    async def _do(self) -> HttpAnswer:
        """Check the key, replay what was answered before, read the body, and act."""
        operation = self._operation
        if operation.area == "api" and not self._headers.get("x-api-key", "").strip():
            raise ApiError(401, "unauthorized", "The header X-Api-Key is missing or empty.")
        stored = self._recall() if operation.method == "POST" and operation.area == "api" else None
        if stored is not None:
            self._sim.account.count("replays", "all")
            return HttpAnswer(stored.status, stored.body.encode())
        body = b""
        if operation.body_limit is not None:
            body = await receive_body(self._receive, self._headers, operation.body_limit)
        try:
            call = self._call(body)
            result = operation.handler(call)
            answer = await result if isinstance(result, Awaitable) else result
        except ApiError as refusal:
            if self._sim.behaviour.store_refusals:
                self._remember(refused(refusal))
            raise
        self._remember(answer)
        return answer

    def _recall(self) -> StoredAnswer | None:
        """Return the answer stored under the request's key; without one the key is claimed."""
        key = idempotency_key(self._headers)
        if key is None:
            return None
        params = self._scope.get("path_params", {})
        claim = "\n".join([self._operation.label, *map(str, params.values()), key])
        if self._ignores_keys():
            self._sim.account.count("keys", "ignored", int(claim in self._sim.account.answers))
            self._claim = claim
            return None
        if claim in self._sim.in_flight:
            message = "The first request with this Idempotency-Key is still in progress."
            raise ApiError(409, "request_in_progress", message)
        stored = self._sim.account.answers.get(claim)
        if stored is None:
            self._sim.in_flight.add(claim)
            self._claim = claim
        return stored

    def _ignores_keys(self) -> bool:
        ignored = self._sim.behaviour.ignore_keys
        return ignored == "all" or (ignored == "avatars" and self._operation.generates)

    def _remember(self, answer: HttpAnswer) -> None:
        if self._claim is not None:
            text = answer.body.decode()
            row = StoredAnswer(id=self._claim, at=self._now, status=answer.status, body=text)
            self._sim.account.put(row)

    def _call(self, body: bytes) -> ApiCall:
        scope = self._scope
        host = self._headers.get("host") or ":".join(
            map(str, scope.get("server") or ("localhost",))
        )
        return ApiCall(
            sim=self._sim,
            number=self._number,
            now=self._now,
            base_url=f"{scope.get('scheme', 'http')}://{host}",
            params=scope.get("path_params", {}),
            query=read_query(scope["query_string"].decode("latin-1"), self._operation.query),
            headers=self._headers,
            body=body,
            receive=self._receive,
            faults=self._faults,
        )

    async def _deliver(self, answer: HttpAnswer) -> None:
        """Send the answer, or what a fault makes of it."""
        request_id = self._sim.dice.name("req_", self._number)
        if self._strike("error-500-after"):
            answer = refused(ERROR_AFTER)
        elif self._strike("gateway-504"):
            answer = gateway_page(504)
        elif self._strike("garbage"):
            answer = HttpAnswer(answer.status, GARBAGE, "text/html")
        if self._strike("drop-response"):
            self._sim.account.commit()
            await wire.hang_up(self._scope, self._receive)
        elif self._strike("truncate"):
            self._sim.account.commit()
            await wire.send_cut_short(self._scope, self._receive, self._send, answer, request_id)
        else:
            self._sim.account.commit()
            await wire.send_whole(self._send, answer, request_id)


def strikes(sim: Simulator, number: int) -> frozenset[FaultKind]:
    """Return the kinds of trouble that the seed has in store for this request."""
    return frozenset(fault.kind for fault in sim.settings.faults if _hits(sim, fault, number))


def _hits(sim: Simulator, fault: Fault, number: int) -> bool:
    return sim.dice.fraction("fault", fault.kind, number) < fault.probability
