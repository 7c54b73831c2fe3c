-- The ledger as it is today. Migrations lead from every older ledger to exactly this.

-- Whose ledger it is: campaign, API host, user, simulated or not.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The truth: what happened, in order. The database itself refuses to change it.
CREATE TABLE events (
    seq   INTEGER PRIMARY KEY,
    at    REAL NOT NULL,           -- Unix seconds
    run   TEXT,                    -- the run in which it happened
    take  TEXT,                    -- the take it is about, if it is about one
    kind  TEXT NOT NULL,           -- runner.policy.lifecycle.Event, or runner.ledger.events.Note
    facts TEXT NOT NULL            -- JSON: what the event sets
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the events of a ledger are append-only'); END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the events of a ledger are append-only'); END;

-- Derived: the state of every take (runner.takes.Take), one row each.
-- In the order in which takes came, so that what is worked on lies together: a commit writes whole
-- pages, and uids are random.
CREATE TABLE takes (
    uid            TEXT NOT NULL PRIMARY KEY,
    look           TEXT NOT NULL,
    number         INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    identity       TEXT NOT NULL,
    ingredients    TEXT NOT NULL,
    name           TEXT,
    state          TEXT NOT NULL,
    billing        TEXT NOT NULL,
    price          TEXT NOT NULL,  -- USD, decimal text
    run            TEXT,
    replaces       TEXT,
    reroll         INTEGER NOT NULL,
    reference_look TEXT,
    reference_id   TEXT,
    group_wanted   TEXT,
    key            TEXT,
    body_sha256    TEXT,
    sent_at        REAL,
    resent_at      REAL,
    attempts       INTEGER NOT NULL,
    avatar_id      TEXT,
    group_id       TEXT,
    accepted_at    REAL,
    completed_at   REAL,
    error_code     TEXT,
    error_message  TEXT,
    request_id     TEXT,
    consent_url    TEXT,
    image          TEXT,
    sha256         TEXT,
    width          INTEGER,
    height         INTEGER,
    UNIQUE (look, number)
) STRICT;

-- Derived: which take of a look is the picked one.
CREATE TABLE picks (
    look TEXT PRIMARY KEY,
    take TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Derived: local pictures that the account has already, by their content.
CREATE TABLE assets (
    sha256   TEXT PRIMARY KEY,
    asset_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Request bodies, byte for byte: a body is a list of pieces, and a large piece is stored once.
CREATE TABLE bodies (
    sha256 TEXT PRIMARY KEY,       -- of the whole body
    pieces TEXT NOT NULL           -- JSON: text, or {"blob": sha256}
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    data   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
