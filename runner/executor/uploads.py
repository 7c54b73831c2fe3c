"""Local pictures become assets: once for each content and account, however many looks use them."""

import anyio

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, describe_reply, explain
from runner.executor.rate_gate import RateGate
from runner.model import FileImage, Look, LookKind
from runner.policy.decisions import LIMITS
from runner.replies import Answer, Refusal


class UploadFailed(Exception):
    """A picture could not be uploaded; says why. Nothing was bought."""


class AssetCache:
    """Uploads what is missing. Two looks that need the same picture wait for one upload."""

    def __init__(self, context: RunContext, rate_gate: RateGate) -> None:
        self._context = context
        self._rate_gate = rate_gate
        self._locks: dict[str, anyio.Lock] = {}

    async def of(self, look: Look) -> dict[str, str]:
        """Return the asset id of every local picture of a look, by SHA-256.

        Raises UploadFailed, or RunStopped.
        """
        images = [look.photo] if look.kind is LookKind.PHOTO else look.images
        return {
            image.sha256: await self._asset(image)
            for image in images
            if isinstance(image, FileImage)
        }

    async def forget(self, look: Look, sent: bytes | None = None) -> None:
        """Forget the assets of a look that was refused: they may be gone. Uploading is free.

        With ``sent`` only those that this body named: another look may have made it anew by now.
        """
        for image in (look.photo, *look.images):
            asset_id = (
                self._context.ledger.asset(image.sha256) if isinstance(image, FileImage) else None
            )
            if asset_id is not None and (sent is None or asset_id.encode() in sent):
                await self._context.ledger.forget_asset(asset_id)

    async def _asset(self, image: FileImage) -> str:
        async with self._locks.setdefault(image.sha256, anyio.Lock()):
            known = self._context.ledger.asset(image.sha256)
            if known is not None:
                return known
            await self._rate_gate.pause_over()
            key = self._context.entropy.key()
            reply = await self._context.ask(
                lambda: self._context.api.upload(image, key), what=f"uploading {image.source}"
            )
            if isinstance(reply, Refusal) and reply.enveloped and reply.code in LIMITS:
                # Of the account and not of this look, which the next run prepares again.
                self._context.stop_because(f"the account refuses more: {explain(reply)}")
                raise RunStopped
            if not isinstance(reply, Answer):
                raise UploadFailed(f"{image.source} could not be uploaded: {describe_reply(reply)}")
            await self._context.ledger.save_asset(image.sha256, reply.data.asset_id)
            asset_id: str = reply.data.asset_id
            return asset_id
