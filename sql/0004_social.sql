-- migrate:up
-- Who subscribes to whom.
CREATE SCHEMA social;
GRANT USAGE ON SCHEMA social TO kith_function;

-- In the order of lists, last first.
CREATE TYPE social.state AS ENUM
	('none', 'blocked', 'outgoing', 'incoming', 'accepted');

-- What one user sees of another; no row: none.  A pair has a row for each side,
-- and whoever changes one locks both, in the order of user_id.  The two agree,
-- but where one has blocked the other: only the one that did may notice.
CREATE TABLE social.subscription (
	user_id		uuid NOT NULL
			CONSTRAINT subscription_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	other_id	uuid NOT NULL
			CONSTRAINT subscription_other_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	state		social.state NOT NULL,
	since		timestamptz NOT NULL DEFAULT now(),
	declined_at	timestamptz,		-- the user's last request
	CONSTRAINT subscription_pkey PRIMARY KEY (user_id, other_id),
	CONSTRAINT subscription_other_id_check CHECK (user_id <> other_id)
) WITH (fillfactor = 90);

CREATE INDEX subscription_user_id_state_idx
    ON social.subscription (user_id, state, since, other_id);
CREATE INDEX subscription_other_id_idx ON social.subscription (other_id);
CREATE INDEX subscription_forgotten_idx ON social.subscription (since)
 WHERE state = 'none';

-- Requests an hour, as the generic cell rate algorithm counts them: each moves
-- used_until by its share of the hour.
CREATE TABLE social.request_rate (
	user_id		uuid PRIMARY KEY
			CONSTRAINT request_rate_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	used_until	timestamptz NOT NULL
);

-- Deletes some of what has served its time; the relay calls it when it calls
-- event.tidy().
CREATE FUNCTION social.tidy() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
	DELETE FROM social.subscription
	 WHERE (user_id, other_id) IN (
		SELECT user_id, other_id FROM social.subscription
		 WHERE state = 'none' AND since < now() - interval '30 days'
		 LIMIT 10000)
	   AND state = 'none';		-- still, if it had to wait
END;

-- migrate:down
DROP SCHEMA social CASCADE;
