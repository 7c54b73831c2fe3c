"""The client's copy made from the review page, and answers that came back taken in there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.canonical import parse_json
from runner.cli.context import Context
from runner.cli.shared_options import name_database
from runner.cli.shipped_files import CatalogOrder, make_client_copy
from runner.cli.take_in import merge_document
from runner.errors import UsageError
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan.request import Request
from runner.results.model import Results
from runner.shell import quote_command

SHOWN = ("prompts", "prices", "ids")


class ClientDesk:
    """Makes copies for a client into the state folder, and takes in what comes back."""

    def __init__(self, request: Request, state: StateDir) -> None:
        self._manifest = request.manifest
        self._state = state
        self._where = name_database(request)

    def make_copy(self, results: Results, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Write a copy; return its path, what is not in it, and the commands that do the same.

        ``asked`` names what is shown, and whether every take is in it. Raises UsageError.
        """
        shown = tuple(name for name in SHOWN if name in asked["shown"])
        every_take = bool(asked["every_take"])
        order = CatalogOrder(shown, all_takes=every_take)
        made = make_client_copy(results, self._state.folder, self._state.folder, order)
        options = [word for name in shown for word in ("--show", name)]
        options += ["--all-takes"] if every_take else []
        copy: tuple[str | Path, ...] = (
            "catalog",
            self._manifest,
            "--for",
            "client",
            *options,
            *self._where,
        )
        back: tuple[str | Path, ...] = (
            "review",
            self._manifest,
            "--take-in",
            "answers.json",
            *self._where,
        )
        return {
            "file": made["client"],
            "left_out": made["left_out"],
            "command": quote_command("lookbook", *copy),
            "take_in": quote_command("lookbook", *back),
        }

    def take_in(
        self, context: Context, campaign: Campaign, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Merge a client's answers; return in lines who said what. Raises UsageError."""
        name = str(asked["name"])
        try:
            document = parse_json(str(asked["answers"]).encode())
        except ValueError as error:
            raise UsageError(
                f"{name} cannot be read: {error}.",
                hint="A client's copy saves such a file under `Send back`.",
            ) from error
        again: tuple[str | Path, ...] = ("lookbook", "review", self._manifest, *self._where)
        lines = merge_document(
            *(context, campaign, self._state, document, name), by=None, command=again
        )
        return {"lines": lines}
