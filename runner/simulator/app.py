"""The ASGI application: every route of the API and of the simulator's own pages."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.simulator import avatars, looks, pages, uploads
from runner.simulator.bodies import JSON_LIMIT
from runner.simulator.forms import AVATAR_FILTER, PAGING
from runner.simulator.gate import Operation, RequestPipeline, refused
from runner.simulator.media import MAX_BYTES
from runner.simulator.records import GroupRow, LookRow
from runner.simulator.refusals import ApiError
from runner.simulator.service import Now, Simulator, Sleep
from runner.simulator.settings import SimulatorSettings

FORM_OVERHEAD = 64 * 1024
"""What a multipart form may add around its file."""

AVATAR_LIMIT = MAX_BYTES * 4 // 3 + JSON_LIMIT
"""A request for a generation: a file of the largest size in base64, and everything else."""

OPERATIONS: tuple[Operation, ...] = (
    Operation(method="GET", route="/v3/avatars/looks/{look_id}", handler=looks.get_look),
    Operation(
        method="PATCH",
        route="/v3/avatars/looks/{look_id}",
        handler=looks.rename_look,
        body_limit=JSON_LIMIT,
    ),
    Operation(method="DELETE", route="/v3/avatars/looks/{look_id}", handler=looks.delete_look),
    Operation(
        method="GET",
        route="/v3/avatars/looks",
        handler=looks.list_looks,
        query=frozenset(AVATAR_FILTER),
    ),
    Operation(
        method="POST", route="/v3/avatars", handler=avatars.create_avatar, body_limit=AVATAR_LIMIT
    ),
    Operation(
        method="GET", route="/v3/avatars", handler=looks.list_groups, query=frozenset(PAGING)
    ),
    Operation(
        method="POST",
        route="/v3/avatars/{group_id}/consent",
        handler=looks.start_consent,
        body_limit=JSON_LIMIT,
    ),
    Operation(method="GET", route="/v3/avatars/{group_id}", handler=looks.get_group),
    Operation(method="DELETE", route="/v3/avatars/{group_id}", handler=looks.delete_group),
    Operation(
        method="POST",
        route="/v3/assets",
        handler=uploads.create_asset,
        body_limit=MAX_BYTES + FORM_OVERHEAD,
    ),
    Operation(
        method="POST",
        route="/v3/assets/direct-uploads",
        handler=uploads.start_direct_upload,
        body_limit=JSON_LIMIT,
    ),
    Operation(
        method="POST",
        route="/v3/assets/{asset_id}/complete",
        handler=uploads.complete_upload,
        body_limit=JSON_LIMIT,
    ),
    Operation(method="GET", route="/v3/assets/{asset_id}", handler=uploads.get_asset),
    Operation(method="DELETE", route="/v3/assets/{asset_id}", handler=uploads.delete_asset),
    Operation(method="GET", route="/v3/users/me", handler=looks.get_user),
    Operation(
        method="GET",
        route="/files/looks/{look_id}",
        handler=pages.look_image,
        query=pages.LINK_QUERY,
        area="file",
    ),
    Operation(
        method="GET",
        route="/files/assets/{asset_id}",
        handler=uploads.asset_file,
        query=pages.LINK_QUERY,
        area="file",
    ),
    Operation(
        method="PUT",
        route="/files/uploads/{asset_id}",
        handler=uploads.receive_upload,
        query=pages.LINK_QUERY,
        body_limit=None,
        area="file",
    ),
    Operation(
        method="GET",
        route="/consent/{group_id}",
        handler=pages.give_consent,
        query=pages.LINK_QUERY,
        area="own",
    ),
    Operation(
        method="GET", route="/__simulator__/looks/{look_id}", handler=pages.own_image, area="own"
    ),
    Operation(method="GET", route="/__simulator__/stats", handler=pages.stats, area="own"),
    Operation(method="GET", route="/openapi.json", handler=pages.openapi, area="own"),
    Operation(method="GET", route="/", handler=pages.account_page, area="own"),
)

PUBLIC_LOOKS = ("Annie in Office", "Tyler in Studio", "Rosa on Stage")
"""What HeyGen offers to everybody; it can be seen here, and neither changed nor referenced."""


def create_app(
    settings: SimulatorSettings, *, clock: Now | None = None, sleep: Sleep | None = None
) -> Starlette:
    """Return the simulator as an ASGI application.

    ``clock`` gives Unix seconds and is the only time there is; ``sleep`` is awaited by the ``slow``
    fault alone. ``app.state.simulator`` is the simulator; close it when no server runs the
    lifespan. StateError when the state file cannot be used.
    """
    sim = Simulator(settings, clock=clock or time.time, sleep=sleep or anyio.sleep)
    _furnish(sim)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        sim.close()

    routes: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        routes.setdefault(operation.route, []).append(operation)
    app = Starlette(
        routes=[
            Route(path, RequestPipeline(sim, operations)) for path, operations in routes.items()
        ],
        exception_handlers={HTTPException: _no_route},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.simulator = sim
    return app


async def _no_route(request: Request, error: Exception) -> Response:
    del error
    answer = refused(ApiError(404, "not_found", f"There is nothing at {request.url.path}."))
    return Response(answer.body, answer.status, media_type=answer.media_type)


def _furnish(sim: Simulator) -> None:
    """Insert HeyGen's public looks into a new account."""
    account = sim.account
    if any(group.public for group in account.groups.values()):
        return
    seq = account.next_seq()
    group = GroupRow(
        seq=seq, id="group_public", name="Public presenters", created_at=1_735_689_600, public=True
    )
    account.put(group)
    for name in PUBLIC_LOOKS:
        seq = account.next_seq()
        look_id = f"look_public_{name.split()[0].lower()}"
        scene = sim.pictures.scene(name, "", [])
        width, height = sim.pictures.size(scene)
        account.put(
            LookRow(
                seq=seq,
                id=look_id,
                name=name,
                kind="studio",
                group_id=group.id,
                public=True,
                ready_at=0,
                face=sim.pictures.new_face([look_id.encode()], name, []),
                scene=scene,
                width=width,
                height=height,
            )
        )
    account.commit()
