"""The forms of the API in JSON Schema: what goes in, and what comes out."""

from typing import Any

from runner.simulator import media
from runner.simulator.avatars import ID_LIMIT, PROMPT_LIMIT, REFERENCE_LIMIT, URL_LIMIT
from runner.simulator.bodies import NAME_LIMIT
from runner.simulator.looks import PAGE_DEFAULT, PAGE_MOST
from runner.simulator.records import AVATAR_TYPES
from runner.simulator.uploads import FILENAME_LIMIT

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_NUMBER: Schema = {"type": ["integer", "null"], "minimum": 1}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """Describe an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """Point to a form by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(name: str) -> Schema:
    """Describe one page of a list."""
    fields = {"data": array(ref(name)), "has_more": {"type": "boolean"}, "next_token": MAYBE_TEXT}
    return record(fields)


def array(items: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": items}


def _words(limit: int) -> Schema:
    """Describe a text that is not blank and holds no control characters."""
    sound = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*"
    pattern = rf"^{sound}\S{sound}$"
    return {"type": "string", "minLength": 1, "maxLength": limit, "pattern": pattern}


def maybe(schema: Schema) -> Schema:
    """Allow null beside a form."""
    return {"anyOf": [schema, {"type": "null"}]}


LOOK = record(
    {
        "id": TEXT,
        "name": TEXT,
        "avatar_type": {"enum": sorted(set(AVATAR_TYPES.values()))},
        "group_id": MAYBE_TEXT,
        "status": MAYBE_TEXT,
        "error": maybe(record({"code": TEXT, "message": TEXT})),
        "preview_image_url": MAYBE_TEXT,
        "preview_video_url": MAYBE_TEXT,
        "image_width": MAYBE_NUMBER,
        "image_height": MAYBE_NUMBER,
        "preferred_orientation": {"enum": ["portrait", "landscape", "square", None]},
        "gender": MAYBE_TEXT,
        "default_voice_id": MAYBE_TEXT,
        "supported_api_engines": array(TEXT),
        "tags": array(TEXT),
    }
)
GROUP = record(
    {
        "id": TEXT,
        "name": TEXT,
        "created_at": {"type": "integer"},
        "looks_count": {"type": "integer", "minimum": 0},
        "status": MAYBE_TEXT,
        "error": maybe(record({"code": TEXT, "message": TEXT})),
        "consent_status": {"enum": ["pending", "approved", None]},
        "preview_image_url": MAYBE_TEXT,
        "preview_video_url": MAYBE_TEXT,
        "gender": MAYBE_TEXT,
        "default_voice_id": MAYBE_TEXT,
    }
)
ASSET = record(
    {
        "asset_id": TEXT,
        "url": MAYBE_TEXT,
        "mime_type": {"enum": sorted(media.ACCEPTED)},
        "size_bytes": {"type": "integer", "minimum": 0},
    },
    {"status": {"enum": ["pending_upload", "uploaded", "completed"]}},
)
UPLOAD = record(
    {
        "asset_id": TEXT,
        "upload_url": TEXT,
        "upload_headers": {"type": "object", "additionalProperties": TEXT},
        "expires_in_seconds": {"type": "integer"},
        "max_bytes": {"type": "integer"},
        "status": {"const": "pending_upload"},
    }
)
NUMBER: Schema = {"type": "number"}
RELOAD = record({"enabled": {"type": "boolean"}, "amount_usd": NUMBER, "threshold_usd": NUMBER})
CREDITS = record({"remaining": NUMBER, "resets_at": MAYBE_TEXT})
USER = record(
    {
        "username": TEXT,
        "email": MAYBE_TEXT,
        "first_name": MAYBE_TEXT,
        "last_name": MAYBE_TEXT,
        "billing_type": {"enum": ["wallet", "subscription", "usage_based", None]},
    },
    {
        "wallet": record(
            {
                "currency": {"enum": ["usd", "credits"]},
                "remaining_balance": NUMBER,
                "auto_reload": maybe(RELOAD),
            }
        ),
        "subscription": record(
            {
                "plan": TEXT,
                "credits": record({"premium_credits": CREDITS, "add_on_credits": CREDITS}),
            }
        ),
        "usage_based": record(
            {
                "spending_cap_usd": NUMBER,
                "spending_current_usd": NUMBER,
                "included_credits": NUMBER,
                "remaining_credits": NUMBER,
            }
        ),
    },
)
ERROR = record({"error": record({"code": TEXT, "message": TEXT}, {"param": TEXT, "doc_url": TEXT})})

ID = _words(ID_LIMIT)


def _file(types: frozenset[str]) -> Schema:
    url = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": URL_LIMIT}
    forms = [
        record({"type": {"const": "url"}, "url": url}),
        record({"type": {"const": "asset_id"}, "asset_id": ID}),
        record(
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
        record(
            {"type": {"const": "photo"}, "name": _words(NAME_LIMIT), "file": _file(media.IMAGES)},
            {"avatar_group_id": maybe(ID)},
        ),
        record(
            {
                "type": {"const": "prompt"},
                "name": _words(NAME_LIMIT),
                "prompt": _words(PROMPT_LIMIT),
            },
            {
                "avatar_id": maybe(ID),
                "avatar_group_id": maybe(ID),
                "reference_images": maybe(
                    {**array(_file(media.IMAGES)), "maxItems": REFERENCE_LIMIT}
                ),
            },
        ),
        record(
            {
                "type": {"const": "digital_twin"},
                "name": _words(NAME_LIMIT),
                "file": _file(media.VIDEOS),
            },
            {"avatar_group_id": maybe(ID)},
        ),
    ]
}
NEW_UPLOAD = record(
    {
        "filename": _words(FILENAME_LIMIT),
        "content_type": {"enum": sorted(media.ACCEPTED)},
        "size_bytes": {"type": "integer", "minimum": 1},
    },
    {"checksum_sha256": maybe({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})},
)
FORM: Schema = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
    "additionalProperties": False,
}
NAME = record({"name": _words(NAME_LIMIT)})
GONE = record({"data": record({"id": TEXT})})

OWNERSHIP: Schema = {"enum": ["public", "private"]}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": PAGE_MOST, "default": PAGE_DEFAULT}
PAGING: dict[str, Schema] = {"ownership": OWNERSHIP, "limit": LIMIT, "token": TEXT}
AVATAR_FILTER: dict[str, Schema] = {
    "group_id": TEXT,
    "avatar_type": {"enum": sorted(set(AVATAR_TYPES.values()))},
    **PAGING,
}
CREATED = record({"avatar_item": maybe(ref("Look")), "avatar_group": maybe(ref("Group"))})
CONSENT = record({"url": TEXT, "avatar_group": ref("Group")})
