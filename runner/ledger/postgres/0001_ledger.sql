-- The shared ledger: the tables of SQLite's (../schema.sql) with a campaign, and what several
-- machines need besides. Everything lies in a schema of its own.
CREATE SCHEMA IF NOT EXISTS lookbook;

CREATE TABLE lookbook.migrations (
    version    integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- An account's row is locked by whoever is about to send from it: before any campaign's row.
CREATE TABLE lookbook.accounts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host      text NOT NULL,
    "user"    text NOT NULL,
    simulated boolean NOT NULL,
    pace      text NOT NULL DEFAULT '{}',     -- JSON: what runner.policy.rate_limit has learnt
    UNIQUE (host, "user", simulated)
);

-- One writer at a time: who claims a campaign raises its epoch, and fences every earlier one.
CREATE TABLE lookbook.campaigns (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account      bigint NOT NULL REFERENCES lookbook.accounts,
    name         text NOT NULL,
    epoch        bigint NOT NULL DEFAULT 0,
    seq          bigint NOT NULL DEFAULT 0,   -- the number of its last event
    owner        text,                        -- who claimed it, for people
    claimed_at   timestamptz,
    heartbeat_at timestamptz,                 -- null: nobody holds it
    UNIQUE (account, name)
);

CREATE TABLE lookbook.meta (
    campaign bigint NOT NULL REFERENCES lookbook.campaigns,
    key      text NOT NULL,
    value    text NOT NULL,
    PRIMARY KEY (campaign, key)
);

CREATE TABLE lookbook.events (
    campaign bigint NOT NULL REFERENCES lookbook.campaigns,
    seq      bigint NOT NULL,
    at       double precision NOT NULL,       -- Unix seconds, by the writer's clock
    run      text,
    take     text,
    kind     text NOT NULL,
    facts    text NOT NULL,                   -- JSON; as text, because jsonb holds no \u0000
    PRIMARY KEY (campaign, seq)
);

CREATE FUNCTION lookbook.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the events of a ledger are append-only';
END $$;

CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lookbook.events
    EXECUTE FUNCTION lookbook.refuse_change();

CREATE TABLE lookbook.takes (
    campaign       bigint NOT NULL REFERENCES lookbook.campaigns,
    uid            text NOT NULL,
    look           text NOT NULL,
    number         bigint NOT NULL,
    kind           text NOT NULL,
    identity       text NOT NULL,
    ingredients    text NOT NULL,
    name           text,
    state          text NOT NULL,
    billing        text NOT NULL,
    price          text NOT NULL,
    run            text,
    replaces       text,
    reroll         boolean NOT NULL,
    reference_look text,
    reference_id   text,
    group_wanted   text,
    key            text,
    body_sha256    text,
    sent_at        double precision,
    resent_at      double precision,
    attempts       bigint NOT NULL,
    avatar_id      text,
    group_id       text,
    accepted_at    double precision,
    completed_at   double precision,
    error_code     text,
    error_message  text,
    request_id     text,
    consent_url    text,
    image          text,
    sha256         text,
    width          bigint,
    height         bigint,
    moved_at       timestamptz NOT NULL DEFAULT clock_timestamp(),  -- by the database's own clock
    PRIMARY KEY (campaign, uid)
);

-- What may be in progress at HeyGen: counted before each send, over all campaigns of an account.
CREATE INDEX takes_in_flight ON lookbook.takes (campaign, state, moved_at)
    WHERE state IN ('submitting', 'processing', 'unknown');

CREATE TABLE lookbook.picks (
    campaign bigint NOT NULL REFERENCES lookbook.campaigns,
    look     text NOT NULL,
    take     text NOT NULL,
    PRIMARY KEY (campaign, look)
);

CREATE TABLE lookbook.assets (
    campaign bigint NOT NULL REFERENCES lookbook.campaigns,
    sha256   text NOT NULL,
    asset_id text NOT NULL,
    PRIMARY KEY (campaign, sha256)
);

CREATE TABLE lookbook.bodies (
    campaign bigint NOT NULL REFERENCES lookbook.campaigns,
    sha256   text NOT NULL,
    pieces   text NOT NULL,
    PRIMARY KEY (campaign, sha256)
);

CREATE TABLE lookbook.blobs (
    campaign bigint NOT NULL REFERENCES lookbook.campaigns,
    sha256   text NOT NULL,
    data     bytea NOT NULL,
    PRIMARY KEY (campaign, sha256)
);

-- Fence, numbers without gaps and exactly once, all on one row: a transaction that writes begins
-- with this, and nobody who was fenced, or has missed an event, gets past it.
CREATE FUNCTION lookbook.advance(campaign_id bigint, my_epoch bigint, last_seq bigint, more bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lookbook.campaigns SET seq = seq + more
        WHERE id = campaign_id AND epoch = my_epoch AND seq = last_seq;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another process has claimed this campaign' USING ERRCODE = 'LB001';
    END IF;
END $$;
