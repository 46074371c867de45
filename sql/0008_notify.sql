-- migrate:up
-- Notifications, and what of them is still to be pushed to devices.
CREATE SCHEMA notify;
GRANT USAGE ON SCHEMA notify TO kith_function;

CREATE TYPE notify.kind AS ENUM
	('message', 'request', 'accepted', 'login', 'service');
CREATE TYPE notify.platform AS ENUM ('fcm', 'apns', 'webpush');

-- A user's notifications as a whole, and what they want of them; who has no row
-- wants all.  Whoever changes a user's notifications locks it first, those of
-- several in the order of their ids.
CREATE TABLE notify.box (
	user_id		uuid PRIMARY KEY
			CONSTRAINT box_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	last_number	bigint NOT NULL DEFAULT 0,
	unread		integer NOT NULL DEFAULT 0
			CONSTRAINT box_unread_check CHECK (unread >= 0),
	language	text NOT NULL DEFAULT 'en'
			CONSTRAINT box_language_check
			CHECK (language IN ('en', 'ru')),
	message		boolean NOT NULL DEFAULT true,
	request		boolean NOT NULL DEFAULT true,
	accepted	boolean NOT NULL DEFAULT true,
	login		boolean NOT NULL DEFAULT true,
	service		boolean NOT NULL DEFAULT true
) WITH (fillfactor = 50);		-- each notification updates in place

-- Of what happened only the ids are kept, so that a list shows it as it is now:
-- a text that was edited or deleted, a name.  One of a collapse_id takes the
-- place of the unread one before it and has a number of its own, so that the
-- numbers that are told have no gap, and a list shows those that live.
CREATE TABLE notify.notification (
	user_id		uuid NOT NULL
			CONSTRAINT notification_user_id_fkey
			REFERENCES notify.box ON DELETE CASCADE,
	number		bigint NOT NULL,
	kind		notify.kind NOT NULL,
	collapse_id	uuid NOT NULL,	-- chat, other user, session, or any
	count		integer NOT NULL DEFAULT 1,	-- that it stands for
	read		boolean NOT NULL DEFAULT false,
	actor_id	uuid,		-- who wrote, asked, accepted
	seq		bigint,		-- of the newest message
	title		text,		-- of a service, or the group
	body		text,		-- the same; the device of a login
	data		json,		-- of a service
	created_at	timestamptz NOT NULL,
	expires_at	timestamptz NOT NULL,	-- not pushed from then on
	CONSTRAINT notification_pkey PRIMARY KEY (user_id, number)
) WITH (fillfactor = 90);

CREATE UNIQUE INDEX notification_collapse_id_key
    ON notify.notification (user_id, collapse_id) WHERE NOT read;
CREATE INDEX notification_actor_id_idx ON notify.notification (actor_id)
 WHERE kind IN ('request', 'accepted');	-- gone when the actor has left Kith
CREATE INDEX notification_created_at_idx
    ON notify.notification USING brin (created_at);

-- A device is a session that takes pushes.
CREATE TABLE notify.device (
	session_id	uuid PRIMARY KEY
			CONSTRAINT device_session_id_fkey
			REFERENCES auth.session ON DELETE CASCADE,
	user_id		uuid NOT NULL
			CONSTRAINT device_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	platform	notify.platform NOT NULL,
	sandbox		boolean NOT NULL DEFAULT false,	-- APNs' other server
	token		text NOT NULL		-- webpush: the endpoint
			CONSTRAINT device_token_check
			CHECK (octet_length(token) BETWEEN 1 AND 1024)
			CONSTRAINT device_token_key UNIQUE,
	p256dh		text,			-- webpush: base64url
	auth		text,
	lane		text NOT NULL GENERATED ALWAYS AS (
			CASE platform
			WHEN 'webpush' THEN substring(token, '^[^/]*//[^/]*')
			WHEN 'apns' THEN CASE WHEN sandbox THEN 'apns-sandbox'
					      ELSE 'apns' END
			ELSE 'fcm' END) STORED,
	badge		integer NOT NULL DEFAULT 0,	-- what it shows
	registered_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	CONSTRAINT device_keys_check
		CHECK ((platform = 'webpush') = (p256dh IS NOT NULL) AND
		       (platform = 'webpush') = (auth IS NOT NULL)),
	CONSTRAINT device_sandbox_check
		CHECK (platform = 'apns' OR NOT sandbox)
);
CREATE INDEX device_user_id_idx ON notify.device (user_id);

-- A device as its user sees it.
CREATE FUNCTION notify.device_document(d notify.device, of_session uuid)
RETURNS json
LANGUAGE sql STABLE
RETURN json_build_object(
	'id', d.session_id, 'platform', d.platform,
	'environment', CASE WHEN d.platform = 'apns' THEN
		CASE WHEN d.sandbox THEN 'sandbox' ELSE 'production' END END,
	'created_at', auth.rfc3339(d.registered_at),
	'current', d.session_id = of_session);

-- Chats whose messages make no notifications.
CREATE TABLE notify.mute (
	user_id		uuid NOT NULL
			CONSTRAINT mute_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	chat_id		uuid NOT NULL,
	CONSTRAINT mute_pkey PRIMARY KEY (user_id, chat_id)
);

-- What a user wants to be told: the one place that decides it.
CREATE FUNCTION notify.preferences(who uuid) RETURNS json
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT json_build_object(
		'language', coalesce(language, 'en'),
		'message', coalesce(message, true),
		'request', coalesce(request, true),
		'accepted', coalesce(accepted, true),
		'login', coalesce(login, true),
		'service', coalesce(service, true),
		'muted_chats', ARRAY(SELECT chat_id
				       FROM notify.mute
				      WHERE user_id = who
				      ORDER BY chat_id))
	  FROM (VALUES (who)) me (user_id)
	  LEFT JOIN notify.box USING (user_id);
END;

-- What is still to be pushed: of a collapse_id only the newest, with the time
-- of the oldest.  Whoever pushes it claims it: then it is due again after a
-- lease, whatever becomes of the claimer.
CREATE TABLE notify.push (
	device_id	uuid NOT NULL
			CONSTRAINT push_device_id_fkey
			REFERENCES notify.device ON DELETE CASCADE,
	collapse_id	uuid NOT NULL,
	user_id		uuid NOT NULL,
	id		bigint NOT NULL		-- another one with each change
			GENERATED BY DEFAULT AS IDENTITY,
	number		bigint,		-- null: silent, the badge alone
	lane		text NOT NULL,	-- the device's
	due_at		timestamptz NOT NULL,
	newest_due_at	timestamptz NOT NULL,	-- if only the newest is pushed
	oldest_seq	bigint,		-- of the messages it stands for
	tries		integer NOT NULL DEFAULT 0,
	claimed		boolean NOT NULL DEFAULT false,
	CONSTRAINT push_pkey PRIMARY KEY (device_id, collapse_id)
) WITH (fillfactor = 70);
CREATE INDEX push_lane_due_at_idx ON notify.push (lane, due_at);

-- What notifications say, in the languages that there are.
CREATE FUNCTION notify.phrase(language text, name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE language
WHEN 'ru' THEN CASE name
	WHEN 'request' THEN 'просит о подписке'
	WHEN 'accepted' THEN 'принимает вашу заявку'
	WHEN 'login' THEN 'Вход с нового устройства'
	WHEN 'device' THEN 'Неизвестное устройство'
	WHEN 'somebody' THEN 'Кто-то'
	WHEN 'deleted' THEN 'Сообщение удалено' END
ELSE CASE name
	WHEN 'request' THEN 'asks for a subscription'
	WHEN 'accepted' THEN 'accepted your request'
	WHEN 'login' THEN 'Sign-in from a new device'
	WHEN 'device' THEN 'An unknown device'
	WHEN 'somebody' THEN 'Somebody'
	WHEN 'deleted' THEN 'The message was deleted' END
END;

-- "3 new messages", by the plural rules of the language (CLDR).
CREATE FUNCTION notify.counted(language text, n integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN n || CASE
WHEN language = 'ru' THEN CASE
	WHEN n % 10 = 1 AND n % 100 <> 11 THEN ' новое сообщение'
	WHEN n % 10 BETWEEN 2 AND 4 AND n % 100 NOT BETWEEN 12 AND 14
	THEN ' новых сообщения'
	ELSE ' новых сообщений' END
WHEN n = 1 THEN ' new message'
ELSE ' new messages' END;

-- A notification as clients have it.  Of a row's type JSON is made faster than
-- by json_build_object().
CREATE TYPE notify.document AS (
	number		bigint,
	kind		notify.kind,
	title		text,
	body		text,
	data		json,
	created_at	text,
	read		boolean
);
CREATE TYPE notify.message_data AS (
	chat_id		uuid,
	seq		bigint,
	sender_id	uuid,
	count		integer
);
CREATE TYPE notify.login_data AS (session_id uuid, device text);
CREATE TYPE notify.user_data AS (user_id uuid);

-- A notification as its user sees it now: the one place that decides it.
CREATE VIEW notify.shown AS
SELECT n.user_id, n.number, b.unread, ROW(n.number, n.kind,
       CASE n.kind
	WHEN 'message' THEN
		coalesce(n.title, p.nickname,
			 notify.phrase(language, 'somebody'))
		|| CASE WHEN n.count > 1
		   THEN ' · ' || notify.counted(language, n.count)
		   ELSE '' END
	WHEN 'service' THEN n.title
	WHEN 'login' THEN notify.phrase(language, 'login')
	ELSE coalesce(p.nickname, notify.phrase(language, 'somebody'))
	END,
       CASE n.kind
	WHEN 'message' THEN
		CASE WHEN n.title IS NULL THEN '' ELSE
			coalesce(p.nickname, notify.phrase(language,
							   'somebody'))
			|| ': ' END
		|| coalesce(m.text, notify.phrase(language, 'deleted'))
	WHEN 'service' THEN coalesce(n.body, '')
	WHEN 'login' THEN coalesce(nullif(n.body, ''),
				   notify.phrase(language, 'device'))
	ELSE notify.phrase(language, n.kind::text)
	END,
       CASE n.kind
	WHEN 'message' THEN row_to_json(ROW(n.collapse_id, n.seq, n.actor_id,
					    n.count)::notify.message_data)
	WHEN 'service' THEN coalesce(n.data, '{}')
	WHEN 'login' THEN row_to_json(ROW(n.collapse_id,
					  n.body)::notify.login_data)
	ELSE row_to_json(ROW(n.actor_id)::notify.user_data)
	END,
       auth.rfc3339(n.created_at), n.read)::notify.document AS document
  FROM notify.notification n
  JOIN notify.box b USING (user_id)
  LEFT JOIN profile.profile p ON p.id = n.actor_id
  LEFT JOIN chat.message m
	 ON n.kind = 'message' AND m.chat_id = n.collapse_id AND m.seq = n.seq;

-- The collapse_id of a service's own key.
CREATE FUNCTION notify.collapse_id(service uuid, key text) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	digest bytea := sha256(uuid_send(service) || convert_to(key, 'UTF8'));
BEGIN
	digest := set_byte(digest, 6, get_byte(digest, 6) & 15 | 128);
	digest := set_byte(digest, 8, get_byte(digest, 8) & 63 | 128);
	RETURN encode(substr(digest, 1, 16), 'hex');
END
$$;

-- In plpgsql, which plans a statement once for a session, where SQL would at
-- each call.  Puts a push in line, or in the place of one that its device has not got yet.
-- One that waits keeps its time, as does one that failed; one that is on its
-- way is followed by this.  In the order in which notify.settle() locks them.
CREATE FUNCTION notify.put(devices uuid[], collapse uuid, numbers bigint[],
			   due timestamptz, of_seq bigint)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO notify.push AS p (device_id, collapse_id, user_id, number,
				      lane, due_at, newest_due_at,
				      oldest_seq)
	SELECT session_id, collapse, user_id, number, lane, due, due, of_seq
	  FROM unnest(devices, numbers) t (session_id, number)
	  JOIN notify.device USING (session_id)
	 ORDER BY session_id
	ON CONFLICT (device_id, collapse_id) DO UPDATE
	   SET id = DEFAULT, number = excluded.number, lane = excluded.lane,
	       newest_due_at = excluded.newest_due_at, claimed = false,
	       due_at = CASE WHEN p.claimed THEN excluded.due_at
			ELSE p.due_at END,
	       oldest_seq = CASE WHEN p.claimed THEN excluded.oldest_seq
			    ELSE p.oldest_seq END,
	       tries = CASE WHEN p.claimed THEN 0 ELSE p.tries END;
END
$$;

-- Makes a notification for each of these users who wants one, tells their
-- streams, and has it pushed after a while.  Of `new` neither user_id nor number
-- counts.  How many were made.
CREATE FUNCTION notify.make(who uuid[], new notify.notification,
			    wait interval, trace text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	users uuid[];
	numbers bigint[];
	fresh uuid[];
	devices uuid[];
	device_numbers bigint[];
BEGIN
	WITH bumped AS (
		INSERT INTO notify.box AS b (user_id, last_number)
		SELECT id, 1
		  FROM profile.profile
		 WHERE id = ANY (who)
		 ORDER BY id
		ON CONFLICT (user_id) DO UPDATE
		   SET last_number = b.last_number + 1
		 WHERE CASE new.kind
			WHEN 'message' THEN b.message
			WHEN 'request' THEN b.request
			WHEN 'accepted' THEN b.accepted
			WHEN 'login' THEN b.login
			ELSE b.service END
		RETURNING user_id, last_number
	)
	SELECT array_agg(user_id), array_agg(last_number)
	  INTO users, numbers
	  FROM bumped;
	IF users IS NULL THEN
		RETURN 0;
	END IF;

	WITH made AS (
		INSERT INTO notify.notification AS n
		       (user_id, number, kind, collapse_id, actor_id, seq,
			title, body, data, created_at, expires_at)
		SELECT user_id, number, new.kind, new.collapse_id,
		       new.actor_id, new.seq, new.title, new.body, new.data,
		       new.created_at, new.expires_at
		  FROM unnest(users, numbers) t (user_id, number)
		ON CONFLICT (user_id, collapse_id) WHERE NOT read DO UPDATE
		   SET number = excluded.number, kind = excluded.kind,
		       count = n.count + 1, actor_id = excluded.actor_id,
		       seq = excluded.seq, title = excluded.title,
		       body = excluded.body, data = excluded.data,
		       created_at = excluded.created_at,
		       expires_at = excluded.expires_at
		RETURNING user_id, count
	)
	SELECT array_agg(user_id) INTO fresh FROM made WHERE count = 1;

	IF fresh IS NOT NULL THEN
		UPDATE notify.box
		   SET unread = unread + 1
		 WHERE user_id = ANY (fresh);
	END IF;

	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'notification.events', 'NotificationSent', user_id,
	       jsonb_build_object('user_id', user_id, 'number', number,
				  'kind', new.kind, 'unread', unread,
				  'to', jsonb_build_array(user_id)), trace
	  FROM unnest(users, numbers) t (user_id, number)
	  JOIN notify.box USING (user_id);

	-- Nobody is told of a login on the device that it made.
	SELECT array_agg(session_id), array_agg(number)
	  INTO devices, device_numbers
	  FROM unnest(users, numbers) t (user_id, number)
	  JOIN notify.device USING (user_id)
	 WHERE session_id <> new.collapse_id;
	IF devices IS NOT NULL THEN
		PERFORM notify.put(devices, new.collapse_id, device_numbers,
				   new.created_at + wait, new.seq);
	END IF;
	RETURN cardinality(users);
END
$$;

-- Has these devices show how many are unread, and nothing else.
CREATE FUNCTION notify.put_silent(devices uuid[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO notify.push AS p (device_id, collapse_id, user_id, lane,
				      due_at, newest_due_at)
	SELECT session_id, user_id, user_id, lane, now(), now()
	  FROM notify.device
	 WHERE session_id = ANY (devices)
	 ORDER BY session_id
	ON CONFLICT (device_id, collapse_id) DO UPDATE
	   SET id = DEFAULT, lane = excluded.lane, claimed = false,
	       due_at = CASE WHEN p.claimed THEN excluded.due_at
			ELSE p.due_at END,
	       tries = CASE WHEN p.claimed THEN 0 ELSE p.tries END;
END
$$;

-- n notifications of a user, whose box is locked, are unread no more: tells
-- streams and, but for the session that did it, devices that show a badge.  A
-- browser shows every push, so it gets none of this.
CREATE FUNCTION notify.lessen(who uuid, n integer, by_session uuid, trace text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	now_unread integer;
	devices uuid[];
BEGIN
	IF n = 0 THEN
		RETURN;
	END IF;
	UPDATE notify.box
	   SET unread = unread - n
	 WHERE user_id = who
	RETURNING unread INTO now_unread;

	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	VALUES ('notification.events', 'NotificationsRead', who,
		jsonb_build_object('user_id', who, 'unread', now_unread,
				   'to', jsonb_build_array(who)), trace);

	-- A push that is settled now changes a badge before or after.
	devices := ARRAY(
		SELECT session_id
		  FROM notify.device
		 WHERE user_id = who AND platform <> 'webpush'
		   AND badge <> now_unread
		   AND session_id IS DISTINCT FROM by_session
		 ORDER BY session_id
		   FOR NO KEY UPDATE);
	PERFORM notify.put_silent(devices);
END
$$;

-- A user, in a session, has read the notifications up to a number, and these.
CREATE FUNCTION notify.mark_read(who uuid, up_to bigint, numbers bigint[],
				 by_session uuid, trace text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n integer;
BEGIN
	PERFORM FROM notify.box WHERE user_id = who FOR NO KEY UPDATE;
	UPDATE notify.notification
	   SET read = true
	 WHERE user_id = who AND NOT read
	   AND (number <= up_to OR number = ANY (numbers));
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM notify.lessen(who, n, by_session, trace);
END
$$;

-- A user has read a chat up to a message.
CREATE FUNCTION notify.mark_chat_read(who uuid, chat uuid, up_to bigint,
				      trace text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n integer;
BEGIN
	PERFORM FROM notify.box WHERE user_id = who FOR NO KEY UPDATE;
	WITH marked AS (
		UPDATE notify.notification
		   SET read = seq <= up_to,
		       count = CASE WHEN seq <= up_to THEN count
			       ELSE least(count, seq - up_to) END
		 WHERE user_id = who AND collapse_id = chat AND NOT read
		RETURNING read
	)
	SELECT count(*) INTO n FROM marked WHERE read;
	PERFORM notify.lessen(who, n, NULL, trace);
END
$$;

-- Deletes a user's notifications of this number or, if it is null, of this
-- collapse_id.  How many.
CREATE FUNCTION notify.forget(who uuid, of_number bigint, collapse uuid,
			      by_session uuid, trace text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n integer;
	n_unread integer;
BEGIN
	PERFORM FROM notify.box WHERE user_id = who FOR NO KEY UPDATE;
	WITH gone AS (
		DELETE FROM notify.notification
		 WHERE user_id = who
		   AND CASE WHEN of_number IS NULL THEN collapse_id = collapse
			    ELSE number = of_number END
		RETURNING read
	)
	SELECT count(*), count(*) FILTER (WHERE NOT read)
	  INTO n, n_unread
	  FROM gone;
	PERFORM notify.lessen(who, n_unread, by_session, trace);
	RETURN n;
END
$$;

-- The lanes in which something is to be pushed: by the index, one look each.
CREATE FUNCTION notify.lanes() RETURNS SETOF text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN QUERY
	WITH RECURSIVE next AS (
		(SELECT lane FROM notify.push ORDER BY lane LIMIT 1)
		UNION ALL
		SELECT (SELECT p.lane
			  FROM notify.push p
			 WHERE p.lane > next.lane
			 ORDER BY p.lane
			 LIMIT 1)
		  FROM next
		 WHERE lane IS NOT NULL
	)
	SELECT lane FROM next WHERE lane IS NOT NULL;
END
$$;

-- Is anything due?
CREATE FUNCTION notify.due() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN EXISTS (
		SELECT
		  FROM notify.lanes() l (name)
		 WHERE EXISTS (SELECT
				 FROM notify.push
				WHERE lane = l.name AND due_at <= now()));
END
$$;

-- What a provider is sent.  Of long texts the beginning is pushed: 4 kB is what
-- they take.
CREATE FUNCTION notify.payload(of_platform notify.platform, device_token text,
			       collapse text, ttl_s integer, unread integer,
			       n notify.document)
RETURNS json
LANGUAGE sql STABLE
RETURN CASE of_platform
WHEN 'fcm' THEN json_build_object('message', CASE WHEN n.number IS NULL
	THEN json_build_object('token', device_token,
		'data', json_build_object('kind', 'badge',
					  'badge', unread::text),
		'android', json_build_object('collapse_key', collapse,
			'ttl', ttl_s || 's', 'priority', 'NORMAL'))
	ELSE json_build_object('token', device_token,
		'notification', json_build_object(
			'title', n.title, 'body', left(n.body, 200)),
		'data', json_build_object('kind', n.kind,
			'number', n.number::text, 'data', n.data::text),
		'android', json_build_object('collapse_key', collapse,
			'ttl', ttl_s || 's', 'priority', 'HIGH',
			'notification', json_build_object('tag', collapse,
				'notification_count', unread)))
	END)
WHEN 'apns' THEN CASE WHEN n.number IS NULL
	THEN json_build_object('aps', json_build_object(
		'badge', unread, 'content-available', 1))
	ELSE json_build_object('aps', json_build_object(
		'alert', json_build_object(
			'title', n.title, 'body', left(n.body, 200)),
		'badge', unread, 'sound', 'default', 'thread-id', collapse),
		'kind', n.kind, 'number', n.number, 'data', n.data)
	END
ELSE json_build_object('kind', n.kind, 'number', n.number, 'title', n.title,
	'body', left(n.body, 200), 'data', n.data, 'unread', unread,
	'tag', collapse)
END;

-- Claims what is due: of each of these lanes so much, of others `room` each.
-- What needs no push any more is forgotten: it was read, or received in time,
-- or is not the user's to see now.  One that was replaced since this statement
-- began is left to the next: its notification is not to be seen yet.
CREATE FUNCTION notify.claim(lanes text[], rooms integer[], room integer,
			     lease_s integer)
RETURNS TABLE (device_id uuid, collapse_id uuid, id bigint, tries integer,
	       lane text, platform text, sandbox boolean, token text,
	       p256dh text, auth text, payload text, ttl_s integer,
	       urgent boolean, badge integer, registered text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH picked AS MATERIALIZED (
		SELECT due.*
		  FROM notify.lanes() l (name)
		  LEFT JOIN unnest(lanes, rooms) r (name, room) USING (name),
		       LATERAL (
			SELECT p.*
			  FROM notify.push p
			 WHERE p.lane = l.name AND p.due_at <= now()
			 ORDER BY p.due_at
			 LIMIT coalesce(r.room, claim.room)
			   FOR UPDATE SKIP LOCKED) due
	), judged AS MATERIALIZED (
		SELECT p.device_id, p.collapse_id, n.seq,
		       CASE
			WHEN s.id IS NULL THEN 'signed_out'
			WHEN p.number IS NULL THEN
				CASE b.unread WHEN d.badge THEN 'needless'
				     ELSE 'claimed' END
			WHEN n.read IS NOT FALSE OR n.expires_at <= now()
			THEN 'needless'
			WHEN n.kind <> 'message' THEN 'claimed'
			WHEN m.received_seq >= n.seq OR m.user_id IS NULL OR
			     t.text IS NULL
			THEN 'needless'
			WHEN m.received_seq >= p.oldest_seq AND
			     p.newest_due_at > now()
			THEN 'early'
			ELSE 'claimed' END AS verdict
		  FROM picked p
		  JOIN notify.push seen
			 ON (seen.device_id, seen.collapse_id, seen.id) =
			    (p.device_id, p.collapse_id, p.id)
		  JOIN notify.device d ON d.session_id = p.device_id
		  JOIN notify.box b ON b.user_id = p.user_id
		  LEFT JOIN auth.session s
			 ON s.id = p.device_id AND s.ended_at IS NULL
			AND now() < least(s.idle_expires_at, s.expires_at)
		  LEFT JOIN notify.notification n
			 ON n.user_id = p.user_id AND n.number = p.number
		  LEFT JOIN chat.member m
			 ON n.kind = 'message' AND m.chat_id = n.collapse_id
			AND m.user_id = n.user_id
		  LEFT JOIN chat.message t
			 ON n.kind = 'message' AND t.chat_id = n.collapse_id
			AND t.seq = n.seq
	), signed_out AS (
		DELETE FROM notify.device d
		 USING judged j
		 WHERE d.session_id = j.device_id AND verdict = 'signed_out'
	), needless AS (
		DELETE FROM notify.push p
		 USING judged j
		 WHERE (p.device_id, p.collapse_id) =
		       (j.device_id, j.collapse_id) AND verdict = 'needless'
	), early AS (
		UPDATE notify.push p
		   SET due_at = newest_due_at, oldest_seq = j.seq
		  FROM judged j
		 WHERE (p.device_id, p.collapse_id) =
		       (j.device_id, j.collapse_id) AND verdict = 'early'
	), claimed AS (
		UPDATE notify.push p
		   SET claimed = true, tries = p.tries + 1,
		       due_at = now() + make_interval(secs => lease_s)
		  FROM judged j
		 WHERE (p.device_id, p.collapse_id) =
		       (j.device_id, j.collapse_id) AND verdict = 'claimed'
		RETURNING p.*
	)
	SELECT p.device_id, p.collapse_id, p.id, p.tries, d.lane,
	       d.platform::text, d.sandbox, d.token, d.p256dh, d.auth,
	       notify.payload(d.platform, d.token,
			      replace(p.collapse_id::text, '-', ''),
			      age.ttl_s, b.unread, n.document)::text,
	       age.ttl_s, p.number IS NOT NULL, b.unread,
	       d.registered_at::text
	  FROM claimed p
	  JOIN notify.device d ON d.session_id = p.device_id
	  JOIN notify.box b ON b.user_id = p.user_id
	  LEFT JOIN notify.shown n
		 ON n.user_id = p.user_id AND n.number = p.number
	  LEFT JOIN notify.notification raw
		 ON raw.user_id = p.user_id AND raw.number = p.number,
	       LATERAL (SELECT coalesce(ceil(extract(epoch FROM
				raw.expires_at - now())), 86400)::integer)
		age (ttl_s);
END
$$;

-- What became of claims.  One that was taken over or replaced meanwhile is left
-- alone.  How many were not.
CREATE FUNCTION notify.settle(device_ids uuid[], collapse_ids uuid[],
			      ids bigint[], tries integer[], outcomes text[],
			      waits_ms integer[], badges integer[],
			      registered text[])
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	matched integer;
	devices uuid[];
BEGIN
	-- What a device shows, whatever has become of the push meanwhile.
	UPDATE notify.device d
	   SET badge = s.badge
	  FROM (SELECT DISTINCT ON (device_id) device_id, badge, registered
		  FROM unnest(device_ids, ids, outcomes, badges, registered)
			s (device_id, id, outcome, badge, registered)
		 WHERE outcome = 'sent'
		 ORDER BY device_id, id DESC) s
	 WHERE d.session_id = s.device_id AND d.badge <> s.badge
	   AND d.registered_at::text = s.registered;

	WITH settled AS MATERIALIZED (
		SELECT s.*
		  FROM unnest(device_ids, collapse_ids, ids, settle.tries,
			      outcomes, waits_ms, registered)
			s (device_id, collapse_id, id, tries, outcome, wait_ms,
			   registered)
		  JOIN notify.push p USING (device_id, collapse_id, id, tries)
		 ORDER BY device_id, collapse_id
		   FOR UPDATE OF p
	), gone AS (
		DELETE FROM notify.device d
		 USING settled s
		 WHERE d.session_id = s.device_id AND s.outcome = 'gone'
		   AND d.registered_at::text = s.registered
		RETURNING d.session_id
	), done AS (
		DELETE FROM notify.push p
		 USING settled s
		 WHERE (p.device_id, p.collapse_id, p.id) =
		       (s.device_id, s.collapse_id, s.id)
		   AND s.outcome IN ('sent', 'refused')
	), later AS (
		UPDATE notify.push p
		   SET claimed = false,
		       due_at = now() + interval '1 ms' * s.wait_ms
		  FROM settled s
		 WHERE (p.device_id, p.collapse_id, p.id) =
		       (s.device_id, s.collapse_id, s.id)
		   AND (s.outcome = 'later' OR
			(s.outcome = 'gone' AND
			 s.device_id NOT IN (SELECT session_id FROM gone)))
	)
	SELECT count(*) INTO matched FROM settled;

	-- What was read while its push was on its way.
	devices := ARRAY(
		SELECT session_id
		  FROM unnest(device_ids, outcomes) s (session_id, outcome)
		  JOIN notify.device d USING (session_id)
		  JOIN notify.box b USING (user_id)
		 WHERE outcome = 'sent' AND platform <> 'webpush'
		   AND badge > unread);
	PERFORM notify.put_silent(devices);

	RETURN matched;
END
$$;

-- Deletes some of what has served its time; the relay calls it when it calls
-- event.tidy().
CREATE FUNCTION notify.tidy() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH old AS (
		SELECT user_id, number
		  FROM notify.notification
		 WHERE created_at < now() - interval '90 days'
		 LIMIT 5000
	), locked AS MATERIALIZED (
		SELECT user_id
		  FROM notify.box
		 WHERE user_id IN (SELECT user_id FROM old)
		 ORDER BY user_id
		   FOR NO KEY UPDATE SKIP LOCKED
	), gone AS (
		DELETE FROM notify.notification n
		 USING old, locked
		 WHERE n.user_id = old.user_id AND n.number = old.number
		   AND n.user_id = locked.user_id
		RETURNING n.user_id, n.read
	)
	UPDATE notify.box b
	   SET unread = b.unread - g.n
	  FROM (SELECT user_id, count(*) AS n
		  FROM gone
		 WHERE NOT read
		 GROUP BY user_id) g
	 WHERE b.user_id = g.user_id;

	DELETE FROM notify.push		-- of a platform that nobody serves
	 WHERE (device_id, collapse_id) IN (
		SELECT device_id, collapse_id
		  FROM notify.push
		 WHERE due_at < now() - interval '28 days'
		 LIMIT 5000);
END;

-- migrate:down
DROP SCHEMA notify CASCADE;
