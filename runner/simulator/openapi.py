"""The API in OpenAPI's words, published at ``/openapi.json`` and checked against the simulator."""

from functools import cache
from typing import Any

from runner.simulator import media
from runner.simulator.avatars import ID_LIMIT, PROMPT_LIMIT, REFERENCE_LIMIT, URL_LIMIT
from runner.simulator.bodies import NAME_LIMIT
from runner.simulator.looks import PAGE_DEFAULT, PAGE_MOST
from runner.simulator.records import AVATAR_TYPES
from runner.simulator.uploads import FILENAME_LIMIT
from runner.simulator.webhooks import EVENTS
from runner.simulator.webhooks import URL_LIMIT as WEBHOOK_URL_LIMIT

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_NUMBER: Schema = {"type": ["integer", "null"], "minimum": 1}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """Describe an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> Schema:
    fields = {"data": _array(_ref(name)), "has_more": {"type": "boolean"}, "next_token": MAYBE_TEXT}
    return _object(fields)


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _words(limit: int) -> Schema:
    """Describe a text that is not blank and holds no control characters."""
    sound = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*"
    pattern = rf"^{sound}\S{sound}$"
    return {"type": "string", "minLength": 1, "maxLength": limit, "pattern": pattern}


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


LOOK = _object(
    {
        "id": TEXT,
        "name": TEXT,
        "avatar_type": {"enum": sorted(set(AVATAR_TYPES.values()))},
        "group_id": MAYBE_TEXT,
        "status": {"enum": ["processing", "pending_consent", "completed", "failed", None]},
        "error": _maybe(_object({"code": TEXT, "message": TEXT})),
        "preview_image_url": MAYBE_TEXT,
        "preview_video_url": MAYBE_TEXT,
        "image_width": MAYBE_NUMBER,
        "image_height": MAYBE_NUMBER,
        "preferred_orientation": {"enum": ["portrait", "landscape", "square", None]},
        "gender": MAYBE_TEXT,
        "default_voice_id": MAYBE_TEXT,
        "supported_api_engines": _array(TEXT),
        "tags": _array(TEXT),
    }
)
GROUP = _object(
    {
        "id": TEXT,
        "name": TEXT,
        "created_at": {"type": "integer"},
        "looks_count": {"type": "integer", "minimum": 0},
        "status": MAYBE_TEXT,
        "error": _maybe(_object({"code": TEXT, "message": TEXT})),
        "consent_status": {"enum": ["pending", "approved", None]},
        "preview_image_url": MAYBE_TEXT,
        "preview_video_url": MAYBE_TEXT,
        "gender": MAYBE_TEXT,
        "default_voice_id": MAYBE_TEXT,
    }
)
ASSET = _object(
    {
        "asset_id": TEXT,
        "url": MAYBE_TEXT,
        "mime_type": {"enum": sorted(media.ACCEPTED)},
        "size_bytes": {"type": "integer", "minimum": 0},
    },
    {"status": {"enum": ["pending_upload", "uploaded", "completed"]}},
)
UPLOAD = _object(
    {
        "asset_id": TEXT,
        "upload_url": TEXT,
        "upload_headers": {"type": "object", "additionalProperties": TEXT},
        "expires_in_seconds": {"type": "integer"},
        "max_bytes": {"type": "integer"},
        "status": {"const": "pending_upload"},
    }
)
USER = _object(
    {
        "username": TEXT,
        "email": MAYBE_TEXT,
        "first_name": MAYBE_TEXT,
        "last_name": MAYBE_TEXT,
        "billing_type": {"enum": ["wallet", "subscription", "usage_based"]},
        "wallet": _object(
            {"currency": {"enum": ["usd", "credits"]}, "remaining_balance": {"type": "number"}}
        ),
    }
)
WEBHOOK = _object(
    {
        "endpoint_id": TEXT,
        "url": TEXT,
        "events": _array({"enum": list(EVENTS)}),
        "created_at": {"type": "integer"},
    },
    {"secret": TEXT},
)
ERROR = _object(
    {"error": _object({"code": TEXT, "message": TEXT}, {"param": TEXT, "doc_url": TEXT})}
)

ID = _words(ID_LIMIT)


def _file(types: frozenset[str]) -> Schema:
    url = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": URL_LIMIT}
    forms = [
        _object({"type": {"const": "url"}, "url": url}),
        _object({"type": {"const": "asset_id"}, "asset_id": ID}),
        _object(
            {
                "type": {"const": "base64"},
                "media_type": {"enum": sorted(types)},
                "data": {"type": "string", "format": "byte", "minLength": 4},
            }
        ),
    ]
    return {"oneOf": forms}


NEW_AVATAR: Schema = {
    "oneOf": [
        _object(
            {"type": {"const": "photo"}, "name": _words(NAME_LIMIT), "file": _file(media.IMAGES)},
            {"avatar_group_id": _maybe(ID)},
        ),
        _object(
            {
                "type": {"const": "prompt"},
                "name": _words(NAME_LIMIT),
                "prompt": _words(PROMPT_LIMIT),
            },
            {
                "avatar_id": _maybe(ID),
                "avatar_group_id": _maybe(ID),
                "reference_images": _maybe(
                    {**_array(_file(media.IMAGES)), "maxItems": REFERENCE_LIMIT}
                ),
            },
        ),
        _object(
            {
                "type": {"const": "digital_twin"},
                "name": _words(NAME_LIMIT),
                "file": _file(media.VIDEOS),
            },
            {"avatar_group_id": _maybe(ID)},
        ),
    ]
}
NEW_UPLOAD = _object(
    {
        "filename": _words(FILENAME_LIMIT),
        "content_type": {"enum": sorted(media.ACCEPTED)},
        "size_bytes": {"type": "integer", "minimum": 1},
    },
    {"checksum_sha256": _maybe({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})},
)
WEB_ADDRESS: Schema = {
    "type": "string",
    "pattern": r"^https?://[a-z]+\.example/",
    "maxLength": WEBHOOK_URL_LIMIT,
}
WEB_EVENTS: Schema = _array({"enum": list(EVENTS)})
FORM: Schema = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
    "additionalProperties": False,
}
NAME = _object({"name": _words(NAME_LIMIT)})
GONE = _object({"data": _object({"id": TEXT})})

OWNERSHIP: Schema = {"enum": ["public", "private"]}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": PAGE_MOST, "default": PAGE_DEFAULT}
PAGING: dict[str, Schema] = {"ownership": OWNERSHIP, "limit": LIMIT, "token": TEXT}
AVATAR_FILTER: dict[str, Schema] = {
    "group_id": TEXT,
    "avatar_type": {"enum": sorted(set(AVATAR_TYPES.values()))},
    **PAGING,
}
CREATED = _object({"avatar_item": _ref("Look"), "avatar_group": _ref("Group")})
CONSENT = _object({"url": TEXT, "avatar_group": _ref("Group")})


def _one(schema: Schema) -> Schema:
    return _object({"data": schema})


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
        content = {"application/json": {"schema": _ref("Error")}}
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
        "/v3/users/me": {"get": _call("The user and the wallet", _one(_ref("User")))},
        "/v3/avatars": {
            "get": _call("List groups", _list("Group"), query=PAGING),
            "post": _call("Create a look", _one(CREATED), body=NEW_AVATAR, may=SOLD),
        },
        "/v3/avatars/looks": {"get": _call("List looks", _list("Look"), query=AVATAR_FILTER)},
        "/v3/avatars/looks/{look_id}": {
            "get": _call("One look", _one(_ref("Look")), may=(404,)),
            "patch": _call("Rename a look", _one(_ref("Look")), body=NAME, may=(403, 404, 413)),
            "delete": _call("Delete a look", GONE, may=(403, 404)),
        },
        "/v3/avatars/{group_id}": {
            "get": _call("One group", _one(_ref("Group")), may=(404,)),
            "delete": _call("Delete a group and its looks", GONE, may=(403, 404)),
        },
        "/v3/avatars/{group_id}/consent": {
            "post": _call("Start consent", _one(CONSENT), may=(403, 404, *POSTS))
        },
        "/v3/assets": {
            "post": _call("Upload a file", _one(_ref("Asset")), body=FORM, form=True, may=POSTS)
        },
        "/v3/assets/direct-uploads": {
            "post": _call("Start a direct upload", _one(UPLOAD), body=NEW_UPLOAD, may=POSTS)
        },
        "/v3/assets/{asset_id}": {
            "get": _call("One asset", _one(_ref("Asset")), may=(404,)),
            "delete": _call("Delete an asset", _one(_object({"asset_id": TEXT})), may=(404,)),
        },
        "/v3/assets/{asset_id}/complete": {
            "post": _call("Complete a direct upload", _one(_ref("Asset")), may=(404, *POSTS))
        },
        "/v3/webhooks/endpoints": {
            "get": _call("List webhook endpoints", _list("Webhook")),
            "post": _call(
                "Add a webhook endpoint",
                _one(_ref("Webhook")),
                body=_object({"url": WEB_ADDRESS}, {"events": _maybe(WEB_EVENTS)}),
                may=POSTS,
            ),
        },
        "/v3/webhooks/endpoints/{endpoint_id}": {
            "patch": _call(
                "Change a webhook endpoint",
                _one(_ref("Webhook")),
                body=_object({}, {"url": _maybe(WEB_ADDRESS), "events": _maybe(WEB_EVENTS)}),
                may=(404, 413),
            ),
            "delete": _call(
                "Delete a webhook endpoint", _one(_object({"endpoint_id": TEXT})), may=(404,)
            ),
        },
        "/v3/webhooks/endpoints/{endpoint_id}/rotate-secret": {
            "post": _call("Change a secret", _one(_ref("Webhook")), may=(404, *POSTS))
        },
    }


def _parameters(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    pattern = {"type": "string", "pattern": "^[A-Za-z0-9_]+$"}
    return [{"name": name, "in": "path", "required": True, "schema": pattern} for name in names]


@cache
def document() -> Schema:
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
                "Webhook": WEBHOOK,
                "Error": ERROR,
            },
        },
    }
