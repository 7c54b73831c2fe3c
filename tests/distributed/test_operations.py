"""What docs/operations.md tells whoever operates the database: tried with its very statements."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")

from tests.distributed.conftest import LOOKS, Studio

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def statements(heading: str) -> str:
    """Return the SQL below a heading of the page."""
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


def test_a_backup_of_yesterday_leads_nobody_into_paying_twice(
    studio: Studio, tmp_path: Path
) -> None:
    backup, address = str(tmp_path / "studio.dump"), studio.server.address()
    assert studio.command("one", "run", "--yes", "--select", "+l0")[0] == 0
    studio.server.call_tool("pg_dump", "-Fc", "-f", backup, address)
    assert studio.command("one", "run", "--yes")[0] == 0
    assert studio.command("one", "reroll", "l0", "--yes")[0] == 0
    studio.server.call_tool("pg_restore", "--clean", "--if-exists", "-d", address, backup)
    for command in (["run"], ["reroll", "l0"], ["retry"]):
        code, _, err = studio.command("two", *command, "--yes")
        assert code == (0 if command == ["retry"] else 2), err
        if code:
            assert "They may have been paid for already" in err
    there = studio.folder / "three" / "spring" / "manifest.lookbook"
    there.mkdir(parents=True)
    kept = studio.folder / "one" / "spring" / "manifest.lookbook" / "results.json"
    shutil.copy(kept, there)  # as a store has it
    code, _, err = studio.command("three", "fetch")
    assert (code, "Took over 6 takes" in err) == (0, True)
    code, out, _ = studio.command("two", "run", "--yes")
    assert (code, "0 bought" in out) == (0, True)
    assert "total $8.00" in studio.command("two", "money")[1]
    assert len(studio.stats()["charges"]) == LOOKS + 2


def test_roles_with_the_least_rights_are_enough(studio: Studio) -> None:
    psql = ("psql", "-v", "ON_ERROR_STOP=1", "-q", "-c")
    before, _, after = statements("Roles with the least rights").partition("-- then")
    owner = studio.server.address().replace("lookbook@", "lookbook_owner@")
    client = studio.server.address().replace("lookbook@", "lookbook_client@")
    studio.server.call_tool(*psql, before.replace("studio", "postgres"), studio.server.address())
    asked = studio.command("one", "run", shared=False, more={"LOOKBOOK_ON": owner})
    assert asked[0] == 2, asked
    assert "--yes" in asked[2]
    studio.server.call_tool(*psql, after.replace("studio", "postgres"), owner)
    for command, code in (
        (["run", "--yes"], 0),
        (["reroll", "l0", "--yes"], 0),
        (["pick", "l0#2"], 0),
        (["review", "--reject", "l1", "--reason", "too dark"], 0),
        (["status"], 0),
        (["reconcile"], 0),
    ):
        ended = studio.command("one", *command, shared=False, more={"LOOKBOOK_ON": client})
        assert ended[0] == code, ended
    for query in statements("Health").split(";\n"):
        studio.server.call_tool(*psql, query, client)
    for refused in ("CREATE TABLE lookbook.x ()", "DELETE FROM lookbook.events", "CREATE SCHEMA x"):
        with pytest.raises(subprocess.CalledProcessError):
            studio.server.call_tool(*psql, refused, client)
