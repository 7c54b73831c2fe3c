"""The exact bytes of a paid request, from a look and the ids that resolve its references."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.canonical import canonical_json
from runner.model import FileImage, Image, InlineImage, Look, LookKind, UrlImage


@dataclass(frozen=True, slots=True)
class Resolved:
    """The literal ids that a request carries. ``assets`` maps a file's SHA-256 to its asset id."""

    avatar_id: str | None
    avatar_group_id: str | None
    assets: Mapping[str, str]


def build_body(look: Look, resolved: Resolved) -> bytes:
    """Return the body of ``POST /v3/avatars`` (docs/api-facts.md): canonical JSON in UTF-8."""
    body: dict[str, Any] = {"type": str(look.kind), "name": look.name}
    if resolved.avatar_group_id is not None:
        body["avatar_group_id"] = resolved.avatar_group_id
    if look.kind is LookKind.PHOTO:
        if look.photo is None:
            raise ValueError(f"the photo look {look.key} has no photo")
        body["file"] = _file(look.photo, resolved.assets)
    else:
        body["prompt"] = look.prompt
        if resolved.avatar_id is not None:
            body["avatar_id"] = resolved.avatar_id
        if look.images:
            body["reference_images"] = [_file(image, resolved.assets) for image in look.images]
    return canonical_json(body).encode()


def _file(image: Image, assets: Mapping[str, str]) -> dict[str, str]:
    if isinstance(image, FileImage):
        return {"type": "asset_id", "asset_id": assets[image.sha256]}
    if isinstance(image, UrlImage):
        return {"type": "url", "url": image.url}
    if isinstance(image, InlineImage):
        return {"type": "base64", "media_type": image.media_type, "data": image.data}
    return {"type": "asset_id", "asset_id": image.asset_id}
