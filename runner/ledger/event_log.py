"""Log what was committed to the ledger: enough to follow a look, and no body and no key."""

import logging
from collections.abc import Mapping

from runner.ledger.events import Entry
from runner.takes import Take

LOGGED_FACTS = (
    "price", "avatar_id", "group_id", "request_id", "error_code", "error_message", "image",
    "command", "before", "after", "exit", "stopped",
)  # fmt: skip
"""The facts of an event that are logged."""

log = logging.getLogger("runner.ledger")


def log_events(entries: list[Entry], takes: Mapping[str, Take]) -> None:
    """Log events that are on disk now."""
    if not log.isEnabledFor(logging.INFO):
        return
    for entry in entries:
        take = takes.get(entry.take or "")
        facts = {
            name: entry.facts[name] for name in LOGGED_FACTS if entry.facts.get(name) is not None
        }
        words = [f" {name}={value}" for name, value in facts.items()]
        log.info("%s %s%s", take.label if take else "ledger", entry.kind, "".join(words))
