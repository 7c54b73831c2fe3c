"""What people decided while another machine wrote the campaign: it waits in the database."""

from collections.abc import Sequence

from runner.ledger.backend import QueuedDecision
from runner.ledger.postgres.rows import CampaignRows
from runner.ledger.postgres.schema import migrate_schema


class CampaignDecisions(CampaignRows):
    """Decisions for whoever writes the campaign (``runner.ledger.backend.KeepsDecisions``)."""

    def queue_decision(self, kind: str, document: str) -> None:
        migrate_schema(self._connection)
        self._mine(
            "INSERT INTO lookbook.decisions (campaign, kind, document) VALUES (%s, %s, %s) "
            "RETURNING id",
            kind,
            document,
        )

    def queued_decisions(self) -> list[QueuedDecision]:
        """Return what waits; nothing where an older program made the tables."""
        if self._fetch("SELECT to_regclass('lookbook.decisions') IS NULL")[0][0]:
            return []
        rows = self._mine(
            "SELECT id, kind, document FROM lookbook.decisions WHERE campaign = %s ORDER BY id"
        )
        return [QueuedDecision._make(row) for row in rows]

    def drop_decisions(self, ids: Sequence[int]) -> None:
        self._mine(
            "DELETE FROM lookbook.decisions WHERE campaign = %s AND id = ANY(%s) RETURNING id",
            [*ids],
        )
