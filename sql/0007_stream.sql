-- migrate:up
-- Who is online.  After a crash nothing of it is left, and the gateways tell it
-- again.
CREATE SCHEMA stream;
GRANT USAGE ON SCHEMA stream TO kith_function;

-- A process that has streams.  Its users count as online while it has said so
-- within 15 s.
CREATE UNLOGGED TABLE stream.gateway (
	id		uuid PRIMARY KEY,
	alive_at	timestamptz NOT NULL DEFAULT now()
);

CREATE UNLOGGED TABLE stream.online (
	user_id		uuid NOT NULL
			CONSTRAINT online_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	gateway_id	uuid NOT NULL,
	CONSTRAINT online_pkey PRIMARY KEY (user_id, gateway_id)
);
CREATE INDEX online_gateway_id_idx ON stream.online (gateway_id);

-- When a user's last stream ended.  Whoever changes a user's rows in online
-- locks this one first.
CREATE UNLOGGED TABLE stream.seen (
	user_id		uuid PRIMARY KEY
			CONSTRAINT seen_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	at		timestamptz		-- null: it is the first
) WITH (fillfactor = 90);

CREATE FUNCTION stream.is_online(who uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM stream.online o
		 JOIN stream.gateway g ON g.id = o.gateway_id
		WHERE o.user_id = who
		  AND g.alive_at > now() - interval '15 seconds');

-- A gateway is alive.  False: it was not known, or was taken for dead, and so
-- are its users.
CREATE FUNCTION stream.beat(this uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE stream.gateway SET alive_at = now() WHERE id = this;
	IF FOUND THEN
		RETURN true;
	END IF;
	INSERT INTO stream.gateway (id) VALUES (this);
	RETURN false;
END
$$;

-- Users came to a gateway, or have left it.  Of those who thereby came online
-- or went offline: the data of the event Presence, if anybody online is
-- subscribed to them.  A gateway that is not known changes nothing.
CREATE FUNCTION stream.change(this uuid, came uuid[], gone uuid[],
			      gone_at timestamptz)
RETURNS TABLE (id uuid, data jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	who constant uuid[] := came || gone;
	before uuid[];
BEGIN
	-- Nobody buries it meanwhile.
	PERFORM FROM stream.gateway g WHERE g.id = this FOR KEY SHARE;
	IF NOT FOUND THEN
		RETURN;
	END IF;

	-- Two gateways that change one user do so in turn, and the second sees
	-- what the first did.  Who leaves Kith now does so before or after.
	PERFORM FROM profile.profile p
	  WHERE p.id = ANY (who) ORDER BY p.id FOR KEY SHARE;
	INSERT INTO stream.seen AS s (user_id)
	SELECT p.id FROM profile.profile p WHERE p.id = ANY (who) ORDER BY p.id
	ON CONFLICT (user_id) DO UPDATE SET at = s.at;

	before := ARRAY(SELECT o.user_id FROM stream.online o
			 WHERE o.user_id = ANY (who));
	INSERT INTO stream.online (user_id, gateway_id)
	SELECT p.id, this FROM profile.profile p WHERE p.id = ANY (came)
	ON CONFLICT DO NOTHING;
	DELETE FROM stream.online o
	 WHERE o.user_id = ANY (gone) AND o.gateway_id = this;
	UPDATE stream.seen s SET at = gone_at WHERE s.user_id = ANY (gone);

	RETURN QUERY
	SELECT s.user_id, jsonb_build_object(
		'user_id', s.user_id, 'online', now_online, 'seen_at',
		CASE WHEN NOT now_online THEN auth.rfc3339(s.at) END,
		'to', told)
	  FROM stream.seen s,
	       LATERAL (SELECT EXISTS (
			SELECT FROM stream.online o
			 WHERE o.user_id = s.user_id)) o (now_online),
	       LATERAL (SELECT jsonb_agg(b.other_id)
			  FROM social.subscription b
			 WHERE b.user_id = s.user_id AND b.state = 'accepted'
			   AND EXISTS (SELECT FROM stream.online o
					WHERE o.user_id = b.other_id)) b (told)
	 WHERE s.user_id = ANY (who)
	   AND now_online <> (s.user_id = ANY (before))
	   AND told IS NOT NULL;
END
$$;

-- Some users of a gateway that is dead have left it, as they would have.
CREATE FUNCTION stream.bury() RETURNS TABLE (id uuid, data jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	dead stream.gateway;
	gone uuid[];
BEGIN
	SELECT * INTO dead
	  FROM stream.gateway g
	 WHERE g.alive_at < now() - interval '15 seconds'
	 ORDER BY g.alive_at
	 LIMIT 1
	   FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;

	gone := ARRAY(SELECT o.user_id FROM stream.online o
		       WHERE o.gateway_id = dead.id LIMIT 1000);
	IF gone = '{}' THEN
		DELETE FROM stream.gateway g WHERE g.id = dead.id;
		RETURN;
	END IF;
	RETURN QUERY
	SELECT c.id, c.data
	  FROM stream.change(dead.id, '{}', gone, dead.alive_at) c;
END
$$;

-- migrate:down
DROP SCHEMA stream CASCADE;
