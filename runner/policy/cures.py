"""What helps against a failed generation, by the API's error code."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Cure(StrEnum):
    """What helps against a failure; the value is a sentence, ``{command}`` a command's end."""

    EDIT_PROMPT = "It would be refused again: change the prompt or the picture; `run` buys the edit"
    EDIT = "It would be refused again as it is: change the manifest; `run` buys the edit"
    LINK = "Check the link of its image; then `lookbook retry {command}`"
    REFRESH = "`lookbook reconcile {command} --record` finds out what was deleted at HeyGen"
    UPLOAD = (
        "An image that it uses is gone at HeyGen: `lookbook retry {command}` uploads files again; "
        "an asset_id has to be replaced in the manifest"
    )
    ACCESS = "The account lacks a permission: mend that at HeyGen; then `lookbook retry {command}`"
    FORBIDDEN = (
        "HeyGen forbids it: edit it if it is about what it asks for (`run` buys the edit); if a "
        "permission was missing, `lookbook retry {command}`"
    )
    RETRY = "Another take may succeed: `lookbook retry {command}` shows its price and asks"
    REFERENCE = "They follow when what they need is there"


CURES: Mapping[str, Cure] = MappingProxyType(
    {
        "moderation": Cure.EDIT_PROMPT,
        "content_policy_violation": Cure.EDIT_PROMPT,
        "invalid_parameter": Cure.EDIT,
        "payload_too_large": Cure.EDIT,
        "download_failed": Cure.LINK,
        "gateway_timeout": Cure.LINK,
        "avatar_not_found": Cure.REFRESH,
        "avatar_group_not_found": Cure.REFRESH,
        "asset_not_available": Cure.UPLOAD,
        "asset_not_found": Cure.UPLOAD,
        "resource_not_found": Cure.REFRESH,
        "not_found": Cure.REFRESH,
        "unknown_status": Cure.REFRESH,
        "forbidden": Cure.FORBIDDEN,
        "resource_access_denied": Cure.ACCESS,
        "ai_vendor_access_restricted": Cure.ACCESS,
    }
)
"""Error codes whose cure is not another take (docs/api-facts.md has the codes)."""


def find_cure(code: str) -> Cure:
    """Return what helps against a failure with this error code of the API."""
    known = CURES.get(code.lower())
    if known is None and "moderation" in code.lower():
        return Cure.EDIT_PROMPT
    return known or Cure.RETRY
