-- expand: a program that knows nothing of this goes on working beside one that does.
-- The queue of runs. Who carries a run out, and when, is handed out by an engine with a schema of its
-- own; what a run is, and what became of it, is here.

-- The name by which workers know an account; no key is ever stored.
CREATE TABLE lookbook.account_names (
    name    text PRIMARY KEY,
    account bigint NOT NULL REFERENCES lookbook.accounts
);

CREATE TABLE lookbook.workers (
    name       text PRIMARY KEY,
    version    text NOT NULL,
    protocol   integer NOT NULL,
    slots      integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE lookbook.worker_accounts (
    worker  text NOT NULL REFERENCES lookbook.workers ON DELETE CASCADE,
    account bigint NOT NULL REFERENCES lookbook.accounts,
    PRIMARY KEY (worker, account)
);

CREATE TABLE lookbook.runs (
    id          text PRIMARY KEY,
    account     bigint NOT NULL REFERENCES lookbook.accounts,
    campaign    text NOT NULL,
    protocol    integer NOT NULL,          -- which workers understand the pack
    pack        text NOT NULL,             -- JSON; pictures by their checksums
    queued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    queued_by   text NOT NULL,
    handed_over boolean NOT NULL DEFAULT false,  -- the engine knows it
    attempt     integer NOT NULL DEFAULT 0,      -- raised by whoever begins it: fences the one before
    worker      text,
    started_at  timestamptz,
    cancelled   boolean NOT NULL DEFAULT false,
    ended_at    timestamptz,
    exit_code   integer,
    message     text                       -- the last line that it wrote
);

-- The same campaign is queued once until it has ended.
CREATE UNIQUE INDEX runs_once ON lookbook.runs (account, campaign) WHERE ended_at IS NULL;
CREATE INDEX runs_by_time ON lookbook.runs (queued_at);

CREATE TABLE lookbook.run_output (
    run    text NOT NULL REFERENCES lookbook.runs,
    number bigint GENERATED ALWAYS AS IDENTITY,
    error  boolean NOT NULL,               -- stderr
    text   text NOT NULL,
    PRIMARY KEY (run, number)
);

CREATE TABLE lookbook.pack_blobs (
    sha256 text PRIMARY KEY,
    data   bytea NOT NULL
);
