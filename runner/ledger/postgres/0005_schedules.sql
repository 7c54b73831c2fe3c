-- expand: a program that knows nothing of this goes on working beside one that does.
-- Runs that workers put into the queue by themselves, at times that a cron expression says.
CREATE TABLE lookbook.schedules (
    id         text PRIMARY KEY,
    account    bigint NOT NULL REFERENCES lookbook.accounts,
    campaign   text NOT NULL,
    cron       text NOT NULL,
    zone       text NOT NULL,              -- of the IANA data base: Europe/Berlin
    protocol   integer NOT NULL,           -- as in runs
    pack       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    next_at    timestamptz NOT NULL,
    last_at    timestamptz,
    last_run   text                        -- null after last_at: it was in the queue already
);
