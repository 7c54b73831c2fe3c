"""Log what a request came to."""

import logging
from typing import Any

from runner.replies import Answer, Refusal, Reply

log = logging.getLogger("runner.heygen")


def log_reply(
    method: str, path: str, status: int | None, reply: Reply[Any], *, seconds: float
) -> None:
    """Log a request with its status and duration, the id to name to HeyGen, and what went wrong.

    ``reply`` has no key in it any more.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    words = [f"{method} {path}: {status or 'no answer'} in {seconds * 1000:.0f} ms"]
    if isinstance(reply, Answer | Refusal) and reply.request_id is not None:
        words.append(f"(request {reply.request_id})")
    if isinstance(reply, Refusal):
        words.append(f"{reply.code}: {reply.message}")
        if reply.retry_after is not None:
            words.append(f"(Retry-After {reply.retry_after:g} s)")
    elif not isinstance(reply, Answer):
        words.append(reply.reason)
    log.info("%s", " ".join(words))
