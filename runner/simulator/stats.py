"""The figures of ``GET /__simulator__/stats``: what was charged, asked, refused and broken."""

from typing import Any

from runner.simulator.records import to_usd
from runner.simulator.service import Simulator

VERSION = 1


def make_stats(sim: Simulator) -> dict[str, Any]:
    """Return the account's figures: charges, requests, replays.

    ``schemas/stats.schema.json`` describes them.
    """
    account = sim.account
    private = [look for look in account.looks.values() if not look.public]
    return {
        "version": VERSION,
        "charges": [
            {
                "look_id": charge.id,
                "name": charge.name,
                "idempotency_key": charge.idempotency_key,
                "amount_usd": to_usd(charge.amount),
                "refunded_usd": to_usd(charge.refunded),
            }
            for charge in account.charges.values()
        ],
        "requests": dict(account.counts.get("requests", {})),
        "peak_in_progress": account.counted("peak", "in_progress"),
        "replays": account.counted("replays", "all"),
        "rejected": dict(account.counts.get("rejected", {})),
        "faults": dict(account.counts.get("faults", {})),
        "in_progress": len(account.in_progress),
        "looks": len(private),
        "groups": sum(not group.public for group in account.groups.values()),
        "assets": len(account.assets),
        "spent_usd": to_usd(account.spent),
        "remaining_usd": to_usd(sim.opening_balance - account.spent),
        "keys_sent_to_images": account.counted("leaks", "images"),
        "keys_sent_to_uploads": account.counted("leaks", "uploads"),
    }
