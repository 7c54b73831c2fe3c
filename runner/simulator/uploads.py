"""Assets: uploading, reading and deleting."""

from dataclasses import replace
from hashlib import sha256

from runner.simulator import media, refusals
from runner.simulator.bodies import read_file_part
from runner.simulator.records import AssetRow
from runner.simulator.refusals import invalid
from runner.simulator.service import ApiCall, HttpAnswer, data
from runner.simulator.signing import check_link
from runner.simulator.views import asset_of, asset_view


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
    asset = await _looked_at(call, asset, content)
    call.sim.blobs.add(content)
    call.sim.account.put(asset)
    return data(asset_view(call, asset))


async def _looked_at(call: ApiCall, asset: AssetRow, content: bytes) -> AssetRow:
    """Return the asset with its size and with what its picture shows."""
    if asset.mime_type not in media.IMAGES:
        return replace(asset, face=call.sim.pictures.seen_at(asset.sha256).face)
    size = media.dimensions(content)
    if size is None:
        raise invalid("file", "The image cannot be read.")
    seen = await call.sim.pictures.study(content)
    width, height = size
    return replace(
        asset, width=width, height=height, face=seen.face, scene=seen.scene, tint=seen.tint
    )


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
