"""The API in OpenAPI's words, published at ``/openapi.json`` and checked against the simulator."""

from functools import cache

from runner.simulator.forms import (
    ASSET,
    AVATAR_FILTER,
    CONSENT,
    CREATED,
    ERROR,
    FORM,
    GONE,
    GROUP,
    LOOK,
    NAME,
    NEW_AVATAR,
    NEW_UPLOAD,
    PAGING,
    UPLOAD,
    USER,
    Schema,
    page_of,
    record,
    ref,
)


def _one(schema: Schema) -> Schema:
    return record({"data": schema})


def _call(
    summary: str,
    answer: Schema,
    *,
    body: Schema | None = None,
    query: dict[str, Schema] | None = None,
    form: bool = False,
    may: tuple[int, ...] = (),
) -> Schema:
    """Describe one operation; every one can also refuse the key, the rate, or break."""
    statuses = sorted({400, 401, 429, 500, 503, *may})
    responses: dict[str, Schema] = {
        "200": {"description": "Done", "content": {"application/json": {"schema": answer}}}
    }
    for status in statuses:
        content = {"application/json": {"schema": ref("Error")}}
        responses[str(status)] = {"description": "Refused", "content": content}
    call: Schema = {"summary": summary, "responses": responses}
    if query:
        call["parameters"] = [
            {"name": name, "in": "query", "schema": schema} for name, schema in query.items()
        ]
    if body is not None:
        kind = "multipart/form-data" if form else "application/json"
        call["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
    return call


POSTS = (409, 413)
SOLD = (402, 403, 404, 504, *POSTS)


def _paths() -> dict[str, dict[str, Schema]]:
    return {
        "/v3/users/me": {"get": _call("The user and the wallet", _one(ref("User")))},
        "/v3/avatars": {
            "get": _call("List groups", page_of("Group"), query=PAGING),
            "post": _call("Create a look", _one(CREATED), body=NEW_AVATAR, may=SOLD),
        },
        "/v3/avatars/looks": {"get": _call("List looks", page_of("Look"), query=AVATAR_FILTER)},
        "/v3/avatars/looks/{look_id}": {
            "get": _call("One look", _one(ref("Look")), may=(404,)),
            "patch": _call("Rename a look", _one(ref("Look")), body=NAME, may=(403, 404, 413)),
            "delete": _call("Delete a look", GONE, may=(403, 404)),
        },
        "/v3/avatars/{group_id}": {
            "get": _call("One group", _one(ref("Group")), may=(404,)),
            "delete": _call("Delete a group and its looks", GONE, may=(403, 404)),
        },
        "/v3/avatars/{group_id}/consent": {
            "post": _call("Start consent", _one(CONSENT), may=(403, 404, *POSTS))
        },
        "/v3/assets": {
            "post": _call("Upload a file", _one(ref("Asset")), body=FORM, form=True, may=POSTS)
        },
        "/v3/assets/direct-uploads": {
            "post": _call("Start a direct upload", _one(UPLOAD), body=NEW_UPLOAD, may=POSTS)
        },
        "/v3/assets/{asset_id}": {
            "get": _call("One asset", _one(ref("Asset")), may=(404,)),
            "delete": _call("Delete an asset", GONE, may=(404,)),
        },
        "/v3/assets/{asset_id}/complete": {
            "post": _call("Complete a direct upload", _one(ref("Asset")), may=(404, *POSTS))
        },
    }


def _parameters(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    pattern = {"type": "string", "pattern": "^[A-Za-z0-9_]+$"}
    return [{"name": name, "in": "path", "required": True, "schema": pattern} for name in names]


@cache
def openapi_document() -> Schema:
    """Return the OpenAPI document of the API's operations."""
    key = {"type": "string", "pattern": "^[A-Za-z0-9_:.-]{1,255}$"}
    header = {"name": "Idempotency-Key", "in": "header", "schema": key}
    paths: dict[str, Schema] = {}
    for path, calls in _paths().items():
        paths[path] = {**calls, "parameters": _parameters(path)}
        if "post" in calls:
            calls["post"].setdefault("parameters", []).append(header)
    return {
        "openapi": "3.1.0",
        "info": {"title": "HeyGen v3, simulated", "version": "3"},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "schemas": {
                "Look": LOOK,
                "Group": GROUP,
                "Asset": ASSET,
                "User": USER,
                "Error": ERROR,
            },
        },
    }
