"""The forms of the API in JSON Schema: what goes in, and what comes out."""

from typing import Any

from runner.simulator import media
from runner.simulator.records import AVATAR_TYPES

Schema = dict[str, Any]

NAME_LIMIT = 255
ID_LIMIT = 255
FILENAME_LIMIT = 255
URL_LIMIT = 8192
PROMPT_LIMIT = 1000
"""The page's limit; a longer one was seen to be answered with 500, and to cost nothing."""

REFERENCE_LIMIT = 3
PAGE_DEFAULT, PAGE_MOST = 20, 50

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
    """Describe a text that is not blank and holds no control characters and half characters."""
    unsound = r"\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff"
    pattern = rf"^[^\S{unsound}]*[^\s{unsound}][^{unsound}]*$"
    said = "a text that is not empty, without control characters"
    return {"type": "string", "maxLength": limit, "pattern": pattern, "description": said}


def maybe(schema: Schema) -> Schema:
    """Allow null beside a form."""
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(forms: dict[str, Schema]) -> Schema:
    """Describe a union: ``type`` says which of these forms an object has."""
    branches = [
        {**form, "properties": {"type": {"const": kind}, **form["properties"]}}
        for kind, form in forms.items()
    ]
    for branch in branches:
        branch["required"] = ["type", *branch["required"]]
    return {"type": "object", "oneOf": branches}


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
PROMPT = _words(PROMPT_LIMIT)


def _file(types: frozenset[str]) -> Schema:
    url = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": URL_LIMIT}
    content = {"type": "string", "format": "byte", "minLength": 4, "description": "base64"}
    return one_of(
        {
            "url": record({"url": {**url, "description": "an https URL"}}),
            "asset_id": record({"asset_id": ID}),
            "base64": record({"media_type": {"enum": sorted(types)}, "data": content}),
        }
    )


def _made_of(types: frozenset[str]) -> Schema:
    """Describe a look that is made of one file."""
    fields = {"name": _words(NAME_LIMIT), "file": _file(types)}
    return record(fields, {"avatar_group_id": maybe(ID)})


NEW_AVATAR: Schema = one_of(
    {
        "photo": _made_of(media.IMAGES),
        "prompt": record(
            {"name": _words(NAME_LIMIT), "prompt": PROMPT},
            {
                "avatar_id": maybe(ID),
                "avatar_group_id": maybe(ID),
                "reference_images": maybe(
                    {**array(_file(media.IMAGES)), "maxItems": REFERENCE_LIMIT}
                ),
            },
        ),
        "digital_twin": _made_of(media.VIDEOS),
    }
)
CHECKSUM: Schema = {
    "type": "string",
    "pattern": "^[0-9a-fA-F]{64}$",
    "description": "64 hexadecimal digits",
}
NEW_UPLOAD = record(
    {
        "filename": _words(FILENAME_LIMIT),
        "content_type": {"enum": sorted(media.ACCEPTED)},
        "size_bytes": {"type": "integer", "minimum": 1, "description": "at least one byte"},
    },
    {"checksum_sha256": maybe(CHECKSUM)},
)
NOTHING = record({})
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
