"""What a client's copy and the answers that come back from it are bound by."""

from runner.canonical import tagged_hash

ANSWERS_VERSION = 1

_TAG = "lookbook.client-picture.v1"
_REF_CHARACTERS = 32


def compute_ref(campaign: str, look: str, take: int, sha256: str | None) -> str:
    """Return what names one take's picture to a client: campaign, take and content, and no key."""
    return tagged_hash(_TAG, [campaign, look, take, sha256])[:_REF_CHARACTERS]
