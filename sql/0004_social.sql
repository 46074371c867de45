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

-- How many requests of a user wait for an answer, those included that others
-- have committed since the statement began: a volatile function looks anew.
CREATE FUNCTION social.pending(who uuid) RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT count(*) FROM social.subscription
	 WHERE user_id = who AND state = 'outgoing';
END;

-- Ends a statement that meets a row which was not there when it began: the
-- caller runs it again, as after any serialization failure.
CREATE FUNCTION social.try_again() RETURNS social.state
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE serialization_failure
	USING MESSAGE = 'another action made this pair';
END
$$;

-- Deletes some of what has served its time; the relay calls it when it calls
-- event.tidy().  A pair goes as a whole, and only if nobody acts on it now.
CREATE FUNCTION social.tidy() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
	WITH forgotten AS (
		SELECT low.user_id, low.other_id
		  FROM social.subscription low
		  JOIN social.subscription high
		    ON high.user_id = low.other_id
		   AND high.other_id = low.user_id
		 WHERE low.user_id < high.user_id
		   AND low.state = 'none' AND high.state = 'none'
		   AND low.since < now() - interval '30 days'
		   AND high.since < now() - interval '30 days'
		 LIMIT 5000
		   FOR UPDATE SKIP LOCKED
	)
	DELETE FROM social.subscription s
	 USING forgotten f
	 WHERE (s.user_id, s.other_id) IN ((f.user_id, f.other_id),
					   (f.other_id, f.user_id));
END;

-- migrate:down
DROP SCHEMA social CASCADE;
