-- expand: a program that knows nothing of this goes on working beside one that does.
-- What people decided while another machine wrote the campaign: whoever writes it takes them in.
CREATE TABLE lookbook.decisions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign   bigint NOT NULL REFERENCES lookbook.campaigns,
    kind       text NOT NULL,                 -- reviews or picks
    document   text NOT NULL,                 -- JSON, as the files of a folder have it
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX decisions_by_campaign ON lookbook.decisions (campaign, id);
