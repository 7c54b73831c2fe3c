"""Whether the rows of a ledger hold what a lookbook writes into them.

SQLite keeps any text in a column of texts, and any number in one of numbers. A ledger may come from
somebody else, together with the checksum that vouches for it, so this is asked whenever one is
opened. SQLite itself answers, in a hundredth of the time that reading all of it takes.
"""

import sqlite3
from contextlib import suppress

_QUESTIONS = {
    "what {} says cannot be read": (
        "SELECT 'event ' || seq FROM events"
        " WHERE NOT json_valid(facts) OR json_type(facts) <> 'object' LIMIT 1"
    ),
    "{} is of no time that a calendar has": (
        "SELECT 'event ' || seq FROM events WHERE NOT at BETWEEN 0 AND 253402300799 LIMIT 1"
    ),
    "what {} says of the wallet is no amount": (
        "SELECT 'event ' || seq FROM events WHERE kind = 'wallet' AND json_valid(facts) AND NOT ("
        "ifnull(json_type(facts, '$.currency'), 'none') IN ('text', 'null')"
        " AND ifnull(json_type(facts, '$.before'), 'none') IN ('integer', 'real', 'null')"
        " AND ifnull(json_type(facts, '$.after'), 'none') IN ('integer', 'real', 'null')"
        " AND (ifnull(json_type(facts, '$.difference'), 'null') = 'null'"
        " OR (json_type(facts, '$.difference') IN ('integer', 'real')"
        " AND json_type(facts, '$.known') IN ('integer', 'real')))"
        " AND ifnull(json_type(facts, '$.before_at'), 'null') IN ('integer', 'real', 'null')"
        " AND abs(ifnull(json_extract(facts, '$.before_at'), 0)) < 1e12"
        " AND abs(ifnull(json_extract(facts, '$.before'), 0)) < 1e12"
        " AND abs(ifnull(json_extract(facts, '$.after'), 0)) < 1e12"
        " AND abs(ifnull(json_extract(facts, '$.difference'), 0)) < 1e12"
        " AND abs(ifnull(json_extract(facts, '$.known'), 0)) < 1e12) LIMIT 1"
    ),
    "what {} says of a review is of no time that a calendar has": (
        "SELECT 'event ' || seq FROM events WHERE kind = 'reviewed' AND json_valid(facts)"
        " AND NOT ifnull(json_extract(facts, '$.at'), 0) BETWEEN 0 AND 253402300799 LIMIT 1"
    ),
    "what {} says of the account's looks is no list": (
        "SELECT 'event ' || seq FROM events WHERE kind = 'listed' AND json_valid(facts) AND NOT ("
        "json_type(facts, '$.ids') IS 'array' AND json_type(facts, '$.accepted') IS 'array')"
        " LIMIT 1"
    ),
    "what {} was made of cannot be read": (
        "SELECT look || '#' || number FROM takes WHERE ingredients <> ''"
        " AND (NOT json_valid(ingredients) OR json_type(ingredients) <> 'object') LIMIT 1"
    ),
    "{} has a time that no calendar has": (
        "SELECT look || '#' || number FROM takes WHERE NOT sent_at BETWEEN 0 AND 253402300799"
        " OR NOT resent_at BETWEEN 0 AND 253402300799"
        " OR NOT accepted_at BETWEEN 0 AND 253402300799"
        " OR NOT completed_at BETWEEN 0 AND 253402300799 LIMIT 1"
    ),
    "{} has a number out of bounds": (
        "SELECT look || '#' || number FROM takes WHERE NOT number BETWEEN 0 AND 1000000000"
        " OR NOT attempts BETWEEN 0 AND 1000000000 OR NOT width BETWEEN 0 AND 1000000000"
        " OR NOT height BETWEEN 0 AND 1000000000 LIMIT 1"
    ),
    "the picture of {} lies outside of its folder": (
        "SELECT look || '#' || number FROM takes WHERE image GLOB '/*'"
        " OR '/' || image || '/' GLOB '*/../*' OR instr(image, char(0)) OR instr(image, '\\')"
        " LIMIT 1"
    ),
}
"""What finds a row that makes no sense, by what is then said of it."""

_MAX_NAME_CHARS = 80


def find_nonsense(connection: sqlite3.Connection) -> str | None:
    """Return in words which row of a ledger makes no sense; None where all do.

    Raises sqlite3.Error. An SQLite without JSON leaves its questions unanswered.
    """
    has_json = False
    with suppress(sqlite3.OperationalError):
        has_json = connection.execute("SELECT json_valid('{}')").fetchone() == (1,)
    for answer, question in _QUESTIONS.items():
        if not has_json and "json_valid" in question:
            continue
        found = connection.execute(question).fetchone()
        if found is not None:
            return answer.format(str(found[0])[:_MAX_NAME_CHARS])
    return None
