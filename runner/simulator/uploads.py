"""Assets: ordinary uploads, direct uploads in three steps, reading and deleting."""

from dataclasses import replace
from hashlib import sha256

from runner.simulator import media, refusals
from runner.simulator.blobs import Incoming
from runner.simulator.bodies import Hangup, read_file_part
from runner.simulator.checks import RequestForm
from runner.simulator.forms import NEW_UPLOAD, NOTHING
from runner.simulator.records import AssetRow
from runner.simulator.refusals import ApiError, invalid
from runner.simulator.service import ApiCall, HttpAnswer, data
from runner.simulator.signing import check_link, link
from runner.simulator.views import asset_of, asset_view

DIRECT_SECONDS = 3600
"""How long the address of a direct upload is good for."""

DIRECT_BYTES = 512 * 1024 * 1024
"""The largest direct upload that the simulator takes."""

_NEW_UPLOAD = RequestForm(NEW_UPLOAD)
_NOTHING = RequestForm(NOTHING)


async def create_asset(call: ApiCall) -> HttpAnswer:
    """``POST /v3/assets``: a multipart form with one part called ``file``."""
    content = read_file_part(call.body, call.headers.get("content-type", ""))
    if len(content) > media.MAX_BYTES:
        raise refusals.too_large(media.MAX_BYTES, "file")
    media_type = media.sniff(content[:64])
    if media_type is None:
        kinds = ", ".join(sorted(media.ACCEPTED))
        raise invalid("file", f"The type of the file was not recognised; accepted are {kinds}.")
    asset = AssetRow(
        id=call.sim.dice.name("asset_", call.number),
        mime_type=media_type,
        size_bytes=len(content),
        sha256=sha256(content).hexdigest(),
        state="completed",
        made_at=call.now,
    )
    asset = await _looked_at(call, asset, content, "file")
    call.sim.blobs.add(content)
    call.sim.account.put(asset)
    return data(asset_view(call, asset))


async def _looked_at(call: ApiCall, asset: AssetRow, content: bytes, param: str) -> AssetRow:
    """Return the asset with its size and with what its picture shows."""
    if asset.mime_type not in media.IMAGES:
        return replace(asset, face=call.sim.pictures.seen_at(asset.sha256).face)
    size = media.dimensions(content)
    if size is None:
        raise invalid(param, "The image cannot be read.")
    seen = await call.sim.pictures.study(content)
    width, height = size
    return replace(
        asset, width=width, height=height, face=seen.face, scene=seen.scene, tint=seen.tint
    )


def start_direct_upload(call: ApiCall) -> HttpAnswer:
    """``POST /v3/assets/direct-uploads``: where and how to send a large file."""
    fields = _NEW_UPLOAD.read(call)
    size, checksum = int(fields["size_bytes"]), fields.get("checksum_sha256")
    if size > DIRECT_BYTES:
        raise refusals.too_large(DIRECT_BYTES, "size_bytes")
    asset = AssetRow(
        id=call.sim.dice.name("asset_", call.number),
        mime_type=fields["content_type"],
        size_bytes=size,
        sha256="",
        state="pending_upload",
        expires_at=int(call.now) + DIRECT_SECONDS,
        made_at=call.now,
        checksum=checksum.lower() if checksum else None,
    )
    call.sim.account.put(asset)
    url = link(call.sim.dice, upload_path(asset.id), int(asset.expires_at))
    return data(
        {
            "asset_id": asset.id,
            "upload_url": call.link(url),
            "upload_headers": _upload_headers(call, asset),
            "expires_in_seconds": DIRECT_SECONDS,
            "max_bytes": DIRECT_BYTES,
            "status": "pending_upload",
        }
    )


def upload_path(asset_id: str) -> str:
    """Return the path that takes the bytes of a direct upload."""
    return f"/files/uploads/{asset_id}"


def _upload_headers(call: ApiCall, asset: AssetRow) -> dict[str, str]:
    return {
        "Content-Type": asset.mime_type,
        "X-Upload-Token": call.sim.dice.seal(f"upload {asset.id}"),
    }


async def receive_upload(call: ApiCall) -> HttpAnswer:
    """``PUT`` of the bytes, with exactly the headers and the size agreed on; needs no key."""
    if "x-api-key" in call.headers:
        call.sim.account.count("leaks", "uploads")
    asset = _asset(call)
    check_link(call.sim.dice, upload_path(asset.id), call.query, call.now)
    for name, value in _upload_headers(call, asset).items():
        if call.headers.get(name.lower()) != value:
            raise ApiError(403, "forbidden", f"The header {name} is not the one that was agreed.")
    if asset.state == "completed":
        raise ApiError(403, "forbidden", "This upload is complete.")
    incoming = call.sim.blobs.incoming()
    try:
        await _read_into(call, incoming, asset.size_bytes)
        if incoming.size != asset.size_bytes:
            raise invalid("body", f"{incoming.size} bytes came; {asset.size_bytes} were agreed.")
        if asset.checksum is not None and incoming.sha256 != asset.checksum:
            raise invalid("body", "The bytes do not have the checksum that was agreed.")
        checksum = incoming.keep()
    finally:
        incoming.discard()
    call.sim.account.put(replace(asset, state="uploaded", sha256=checksum))
    return HttpAnswer(200, b"")


async def _read_into(call: ApiCall, incoming: Incoming, limit: int) -> None:
    more = True
    while more:
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise Hangup
        incoming.write(message.get("body", b""))
        if incoming.size > limit:
            raise refusals.too_large(limit, "body")
        more = message.get("more_body", False)


async def complete_upload(call: ApiCall) -> HttpAnswer:
    """``POST /v3/assets/{asset_id}/complete``; doing it again changes nothing."""
    asset = _asset(call)
    if call.body:
        _NOTHING.read(call)
    if asset.state == "pending_upload":
        raise invalid("asset_id", f"The bytes of asset {asset.id} have not arrived.")
    if asset.state == "uploaded":
        content = call.sim.blobs.read(asset.sha256) or b""
        found = media.sniff(content[:64])
        if found != asset.mime_type:
            raise invalid(
                "content_type", f"The file is {found or 'unknown'}, not {asset.mime_type}."
            )
        asset = await _looked_at(call, replace(asset, state="completed"), content, "body")
        call.sim.account.put(asset)
    return data(asset_view(call, asset, state=True))


def get_asset(call: ApiCall) -> HttpAnswer:
    """``GET /v3/assets/{asset_id}``."""
    return data(asset_view(call, _asset(call), state=True))


def delete_asset(call: ApiCall) -> HttpAnswer:
    """``DELETE /v3/assets/{asset_id}``."""
    asset = _asset(call)
    account = call.sim.account
    account.drop(asset)
    if asset.sha256 and not any(other.sha256 == asset.sha256 for other in account.assets.values()):
        call.sim.blobs.remove(asset.sha256)
    return data({"id": asset.id})


def asset_file(call: ApiCall) -> HttpAnswer:
    """Return the bytes of an asset, through its signed address."""
    asset = _asset(call)
    check_link(call.sim.dice, f"/files/assets/{asset.id}", call.query, call.now)
    content = call.sim.blobs.read(asset.sha256) if asset.state == "completed" else None
    if content is None:
        raise refusals.not_found(f"The file of asset {asset.id}")
    return HttpAnswer(200, content, asset.mime_type)


def _asset(call: ApiCall) -> AssetRow:
    asset_id = call.params["asset_id"]
    asset = asset_of(call, asset_id)
    if asset is None:
        raise refusals.no_asset(asset_id)
    return asset
