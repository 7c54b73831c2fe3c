-- expand: a program that knows nothing of this goes on working beside one that does.
-- A price of a manifest that is below the list counts at list price against ceilings by month,
-- whichever campaign asks: its author says the price, and who operates the database the ceiling.
LOCK TABLE lookbook.campaigns IN ACCESS EXCLUSIVE MODE;

-- JSON: what takes of a kind count at, at least. Missing: their own price is what counts.
ALTER TABLE lookbook.campaigns ADD COLUMN counts_at jsonb NOT NULL DEFAULT '{}';

CREATE FUNCTION lookbook.counted(billing text, price text, at_least numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN billing IN ('reserved', 'unknown', 'billed', 'assumed_billed')
                THEN greatest(price::numeric, at_least) ELSE 0 END
$$;

-- What a campaign's takes of a kind add to each month where they count at a price at least from now on.
-- One that is not open, because the operator said it or the wallet confirmed it, only lowers that.
CREATE FUNCTION lookbook.recount(campaign_id bigint, look_kind text, price numeric, is_open boolean)
RETURNS TABLE (account bigint, month date, usd numeric) LANGUAGE sql STABLE AS $$
    SELECT changed.account, lookbook.month_of(take.bought_at),
           sum(lookbook.counted(take.billing, take.price, changed.is_now)
               - lookbook.counted(take.billing, take.price, changed.was))
      FROM (SELECT campaign.id, campaign.account, (counts_at ->> $2)::numeric AS was,
                   CASE WHEN $4 THEN $3
                        WHEN counts_at ? $2 THEN least((counts_at ->> $2)::numeric, $3) END AS is_now
              FROM lookbook.campaigns campaign WHERE campaign.id = $1) changed
      JOIN lookbook.takes take ON take.campaign = changed.id AND take.kind = $2
     WHERE changed.is_now IS DISTINCT FROM changed.was
     GROUP BY 1, 2
$$;

CREATE FUNCTION lookbook.count_at(campaign_id bigint, look_kind text, price numeric, is_open boolean)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO lookbook.spending (account, month, usd)
        SELECT more.account, more.month, more.usd
          FROM lookbook.recount($1, $2, $3, $4) more WHERE more.usd <> 0;
    UPDATE lookbook.campaigns SET counts_at = counts_at || jsonb_build_object($2, $3)
     WHERE id = $1 AND ($4 OR (counts_at ->> $2)::numeric > $3)
$$;

CREATE OR REPLACE FUNCTION lookbook.count_take() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at_least numeric;
    was numeric := 0;
    is_now numeric := 0;
BEGIN
    SELECT (counts_at ->> coalesce(NEW.kind, OLD.kind))::numeric INTO at_least
      FROM lookbook.campaigns WHERE id = coalesce(NEW.campaign, OLD.campaign);
    IF TG_OP <> 'INSERT' THEN
        was := lookbook.counted(OLD.billing, OLD.price, at_least);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        is_now := lookbook.counted(NEW.billing, NEW.price, at_least);
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
