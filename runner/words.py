"""What people read for a state, a sum or an error: terminal, page and documents say the same.

JSON, the manifest and selections keep their own words, which are the keys here.
"""

from collections.abc import Mapping
from types import MappingProxyType

STATE_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "planned": ("Planned", "Not sent yet."),
        "submitting": ("Sending", "The request is on its way; run again to resume."),
        "unknown": ("Unknown", "The answer was lost, so it may have been bought. Run again."),
        "processing": ("In progress", "HeyGen is generating it; run again to pick it up."),
        "pending_consent": (
            "Needs consent",
            "A person has to grant consent; `lookbook status` has the page.",
        ),
        "completed": ("Generated", "It is finished; its picture is not on disk yet."),
        "fetched": ("Ready", "Finished, with its picture on disk."),
        "failed": ("Failed", "The generation did not succeed."),
        "deleted": ("Deleted", "It is gone at HeyGen; what was recorded of it stays."),
        "blocked": ("Blocked", "It waits for a look that could not be made."),
        "stale": ("Out of date", "What it was made from has changed since."),
        "changed": ("Changed", "Edited since it was made; the edit is not bought yet."),
    }
)
"""State → (label, one sentence). Every state of a look and of a take is here."""

BILLING_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "none": ("not charged", "nothing was bought"),
        "reserved": ("reserved", "on its way: not decided yet"),
        "unknown": ("unknown", "the answer was lost: it may have been charged"),
        "billed": ("charged", "HeyGen accepted it"),
        "assumed_billed": ("charged?", "it failed, or was found without an answer"),
        "refunded": ("not charged", "the wallet shows it"),
    }
)
"""Kind of billing → (label, how that is known)."""

REVIEW_WORDS: Mapping[str, str] = MappingProxyType(
    {"approved": "Approved", "rejected": "Rejected", "undecided": "To decide"}
)
"""What a person decided about a take."""

ACTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "create": "create",
        "rename": "rename",
        "resume": "resume",
        "keep": "keep",
        "stale": "out of date",
        "adopt": "take over",
        "blocked": "blocked",
        "orphaned": "removed",
    }
)
"""What a run would do with a look."""

ERROR_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "avatar_not_found": "The look it references no longer exists in the account.",
        "avatar_group_not_found": "The group it should be saved in does not exist.",
        "download_failed": "HeyGen could not fetch one of its images.",
        "gateway_timeout": "Fetching one of its images took HeyGen too long.",
        "insufficient_credit": "The wallet was empty.",
        "invalid_parameter": "HeyGen refused the request as it was written.",
        "moderation": "HeyGen's moderation refused the prompt or a picture.",
        "payload_too_large": "A picture was too large to send.",
        "rate_limit_exceeded": "The account had too much work in progress.",
        "resource_access_denied": "The account may not use what it refers to.",
        "resource_limit_reached": "The account has no room for more of these.",
    }
)
"""Error codes of the API, lower-cased, in words; other codes speak through their message."""


def state_word(state: str) -> str:
    """Return what people read for a state of a look or of a take."""
    return STATE_WORDS[state][0]
