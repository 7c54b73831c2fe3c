-- expand: a program that knows nothing of this goes on working beside one that does.
-- Ceilings by calendar month (UTC), for an account or for the whole database, what counts against
-- them, and accounts that a person paused.
LOCK TABLE lookbook.accounts, lookbook.campaigns, lookbook.events, lookbook.takes
    IN SHARE ROW EXCLUSIVE MODE;

ALTER TABLE lookbook.accounts
    ADD COLUMN paused_by text,                -- who paused it; null: nobody did
    ADD COLUMN paused_at timestamptz;

-- Where there is no row, there is no ceiling. Whoever is about to send locks the account's row
-- first, then the studio's ceiling (account is null), where one is set, then the campaign's row.
CREATE TABLE lookbook.ceilings (
    account bigint UNIQUE NULLS NOT DISTINCT REFERENCES lookbook.accounts,
    usd     numeric NOT NULL CHECK (usd >= 0),
    set_by  text NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT now()
);

-- A client locks that row without the right to change a ceiling.
CREATE FUNCTION lookbook.lock_studio() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    PERFORM 1 FROM lookbook.ceilings WHERE account IS NULL FOR UPDATE;
END $$;

-- What counts, as changes of it: whoever buys or gives back adds a row and waits for nobody, and
-- whoever holds an account sums up its rows now and then. No foreign key: it would lock the account.
-- Clients need no right to it: all that is written goes through the functions below.
CREATE TABLE lookbook.spending (
    account bigint NOT NULL,
    month   date NOT NULL,                    -- its first day
    usd     numeric NOT NULL
);
CREATE INDEX spending_of_account ON lookbook.spending (account, month) INCLUDE (usd);

ALTER TABLE lookbook.takes ADD COLUMN bought_at timestamptz;  -- its last intent, by our own clock

CREATE FUNCTION lookbook.month_of(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date
$$;

CREATE FUNCTION lookbook.counted(billing text, price text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN billing IN ('reserved', 'unknown', 'billed', 'assumed_billed')
                THEN price::numeric ELSE 0 END
$$;

-- A time that a machine's clock says: never one to come.
CREATE FUNCTION lookbook.past(seconds double precision) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN seconds BETWEEN 0 AND extract(epoch FROM now())
                THEN to_timestamp(seconds) ELSE now() END
$$;

CREATE FUNCTION lookbook.spend(campaign_id bigint, at timestamptz, amount numeric)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO lookbook.spending (account, month, usd)
        SELECT account, lookbook.month_of(at), amount
          FROM lookbook.campaigns WHERE id = campaign_id AND amount <> 0
$$;

CREATE FUNCTION lookbook.sum_up(account_id bigint) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog AS $$
    WITH gone AS (DELETE FROM lookbook.spending WHERE account = account_id RETURNING month, usd)
    INSERT INTO lookbook.spending (account, month, usd)
        SELECT account_id, month, sum(usd) FROM gone GROUP BY month
$$;

CREATE FUNCTION lookbook.stamp_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'submitting' AND (TG_OP = 'INSERT' OR OLD.state <> 'submitting') THEN
        NEW.bought_at := now();  -- of the transaction: also what its ceilings were checked by
    ELSIF NEW.bought_at IS NULL THEN
        NEW.bought_at := lookbook.past(coalesce(NEW.sent_at, NEW.accepted_at, NEW.completed_at));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION lookbook.count_take() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was numeric := 0;
    is_now numeric := 0;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        was := lookbook.counted(OLD.billing, OLD.price);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        is_now := lookbook.counted(NEW.billing, NEW.price);
    END IF;
    IF TG_OP = 'UPDATE' AND lookbook.month_of(OLD.bought_at) = lookbook.month_of(NEW.bought_at) THEN
        IF is_now <> was THEN
            PERFORM lookbook.spend(NEW.campaign, NEW.bought_at, is_now - was);
        END IF;
    ELSE
        IF was <> 0 THEN
            PERFORM lookbook.spend(OLD.campaign, OLD.bought_at, -was);
        END IF;
        IF is_now <> 0 THEN
            PERFORM lookbook.spend(NEW.campaign, NEW.bought_at, is_now);
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Looks that an account made twice for one key count as well, until keys are trusted again.
CREATE FUNCTION lookbook.count_doubled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'keys_ignored' THEN
        PERFORM lookbook.spend(NEW.campaign, lookbook.past(NEW.at),
                               substring(NEW.facts from '"price": *"([0-9.]+)"')::numeric);
    ELSE
        PERFORM lookbook.spend(NEW.campaign, lookbook.past(at),
                               -substring(facts from '"price": *"([0-9.]+)"')::numeric)
           FROM lookbook.events
          WHERE campaign = NEW.campaign AND kind = 'keys_ignored' AND seq < NEW.seq
            AND seq > coalesce((SELECT max(seq) FROM lookbook.events
                                 WHERE campaign = NEW.campaign AND kind = 'keys_trusted'
                                   AND seq < NEW.seq), 0);
    END IF;
    RETURN NULL;
END $$;

UPDATE lookbook.takes
   SET bought_at = lookbook.past(coalesce(sent_at, accepted_at, completed_at));

INSERT INTO lookbook.spending (account, month, usd)
    SELECT account, month, sum(usd) FROM (
        SELECT campaign.account, lookbook.month_of(take.bought_at) AS month,
               lookbook.counted(take.billing, take.price) AS usd
          FROM lookbook.takes take JOIN lookbook.campaigns campaign ON campaign.id = take.campaign
        UNION ALL
        SELECT campaign.account, lookbook.month_of(lookbook.past(event.at)),
               substring(event.facts from '"price": *"([0-9.]+)"')::numeric
          FROM lookbook.events event
          JOIN lookbook.campaigns campaign ON campaign.id = event.campaign
         WHERE event.kind = 'keys_ignored'
           AND event.seq > coalesce((SELECT max(seq) FROM lookbook.events
                                      WHERE campaign = event.campaign AND kind = 'keys_trusted'), 0)
    ) counted WHERE usd <> 0 GROUP BY account, month;

CREATE TRIGGER takes_are_stamped BEFORE INSERT OR UPDATE OF state ON lookbook.takes
    FOR EACH ROW EXECUTE FUNCTION lookbook.stamp_take();

CREATE TRIGGER takes_are_counted
    AFTER INSERT OR DELETE OR UPDATE OF billing, price, state ON lookbook.takes
    FOR EACH ROW EXECUTE FUNCTION lookbook.count_take();

CREATE TRIGGER doubled_looks_are_counted AFTER INSERT ON lookbook.events FOR EACH ROW
    WHEN (NEW.kind IN ('keys_ignored', 'keys_trusted'))
    EXECUTE FUNCTION lookbook.count_doubled();
