-- expand: a program that knows nothing of this goes on working beside one that does.
-- What a run asks of all other campaigns of its account, before its plan and before it buys.
CREATE INDEX events_of_account ON lookbook.events (campaign, seq)
    WHERE kind IN ('price_measured', 'keys_ignored', 'keys_trusted');
CREATE INDEX takes_by_move ON lookbook.takes (campaign, moved_at) WHERE kind <> 'existing';
