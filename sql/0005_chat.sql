-- migrate:up
-- Chats of two and of many, and what is said in them.
CREATE SCHEMA chat;
GRANT USAGE ON SCHEMA chat TO kith_function;

CREATE TYPE chat.kind AS ENUM ('pair', 'group');
CREATE TYPE chat.role AS ENUM ('owner', 'member');

-- Whoever writes an event of a chat first locks its row, which puts the events
-- in order (a receipt: the row of its member).  What is read after that lock is
-- read by a volatile function, which sees what was committed meanwhile.
CREATE TABLE chat.chat (
	id		uuid PRIMARY KEY,	-- of a pair: chat.pair_id()
	kind		chat.kind NOT NULL,
	title		text
			CONSTRAINT chat_title_check
			CHECK (char_length(title) BETWEEN 1 AND 100),
	last_seq	bigint NOT NULL DEFAULT 0,
	last_at		timestamptz NOT NULL DEFAULT now(),
	created_at	timestamptz NOT NULL DEFAULT now(),
	abandoned	boolean NOT NULL DEFAULT false,	-- has no members
	CONSTRAINT chat_kind_check
		CHECK ((kind = 'group') = (title IS NOT NULL))
) WITH (fillfactor = 50);		-- each message updates in place

CREATE INDEX chat_abandoned_idx ON chat.chat (id) WHERE abandoned;

-- Users by their bare ids: who has left Kith stays in the chats of two.
CREATE TABLE chat.member (
	chat_id		uuid NOT NULL
			CONSTRAINT member_chat_id_fkey REFERENCES chat.chat,
	user_id		uuid NOT NULL,
	role		chat.role NOT NULL DEFAULT 'member',
	received_seq	bigint NOT NULL DEFAULT 0,
	read_seq	bigint NOT NULL DEFAULT 0,
	joined_at	timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT member_pkey PRIMARY KEY (chat_id, user_id),
	CONSTRAINT member_read_seq_check CHECK (read_seq <= received_seq)
) WITH (fillfactor = 70);		-- so does each receipt

CREATE INDEX member_user_id_idx ON chat.member (user_id, chat_id);

-- No foreign key: who writes a message holds the chat's row, which is deleted
-- last.
CREATE TABLE chat.message (
	chat_id		uuid NOT NULL,
	seq		bigint NOT NULL,
	sender_id	uuid NOT NULL,
	client_id	uuid NOT NULL,
	text		text			-- null: deleted
			CONSTRAINT message_text_check
			CHECK (char_length(text) BETWEEN 1 AND 4096),
	sent_at		timestamptz NOT NULL,
	edited_at	timestamptz,
	CONSTRAINT message_pkey PRIMARY KEY (chat_id, seq),
	CONSTRAINT message_client_id_key
		UNIQUE (chat_id, sender_id, client_id)
);

-- Chats that a user makes an hour, counted like social.request_rate.
CREATE TABLE chat.creation_rate (
	user_id		uuid PRIMARY KEY
			CONSTRAINT creation_rate_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	used_until	timestamptz NOT NULL
);

-- The id that the chat of two users has: a UUIDv8, the same for both.
CREATE FUNCTION chat.pair_id(a uuid, b uuid) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	digest bytea := sha256('kith pair' || uuid_send(least(a, b)) ||
			       uuid_send(greatest(a, b)));
BEGIN
	digest := set_byte(digest, 6, get_byte(digest, 6) & 15 | 128);
	digest := set_byte(digest, 8, get_byte(digest, 8) & 63 | 128);
	RETURN encode(substr(digest, 1, 16), 'hex');
END
$$;

-- The ids of a chat's members now.
CREATE FUNCTION chat.members(of_chat uuid) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
	RETURN (SELECT jsonb_agg(user_id)
		  FROM chat.member
		 WHERE chat_id = of_chat);
END
$$;

-- May the user write there now?  A member may; to one other, as long as that
-- one has not left Kith and neither of the two blocks the other.
CREATE FUNCTION chat.is_open(of_chat uuid, who uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
	RETURN EXISTS (
		SELECT
		  FROM chat.member me
		  JOIN chat.chat c ON c.id = me.chat_id
		 WHERE me.chat_id = of_chat AND me.user_id = who
		   AND (c.kind = 'group' OR EXISTS (
			SELECT
			  FROM chat.member other
			  JOIN profile.profile p ON p.id = other.user_id
			 WHERE other.chat_id = of_chat AND other.user_id <> who
			   AND NOT EXISTS (
				SELECT
				  FROM social.subscription s
				 WHERE s.user_id = who
				   AND s.other_id = other.user_id
				   AND s.state = 'blocked')
			   AND NOT EXISTS (
				SELECT
				  FROM social.subscription s
				 WHERE s.user_id = other.user_id
				   AND s.other_id = who
				   AND s.state = 'blocked'))));
END
$$;

-- A message as clients and events have it: the one place that decides it.  Of
-- a row's type JSON is made faster than by json_build_object().
CREATE TYPE chat.message_document AS (
	chat_id		uuid,
	seq		bigint,
	sender_id	uuid,
	client_id	uuid,
	text		text,
	sent_at		text,
	edited_at	text,
	deleted		boolean
);

CREATE FUNCTION chat.shown(m chat.message) RETURNS chat.message_document
LANGUAGE sql STABLE
RETURN ROW(m.chat_id, m.seq, m.sender_id, m.client_id, m.text,
	   auth.rfc3339(m.sent_at), auth.rfc3339(m.edited_at),
	   m.text IS NULL)::chat.message_document;

-- A chat as one of its members sees it.  Of unread messages no more than the
-- newest 1000 are looked at.
CREATE FUNCTION chat.document(c chat.chat, who uuid) RETURNS json
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN json_build_object(
		'id', c.id, 'kind', c.kind, 'title', c.title,
		'members', (
			SELECT json_agg(json_build_object(
				'user', CASE WHEN p.id IS NULL
				THEN json_build_object(
					'id', m.user_id, 'nickname', NULL,
					'about', NULL, 'avatar', NULL,
					'created_at', NULL)
				ELSE profile.public(p) END,
				'role', m.role,
				'received_seq', m.received_seq,
				'read_seq', m.read_seq)
				ORDER BY m.joined_at, m.user_id)
			  FROM chat.member m
			  LEFT JOIN profile.profile p ON p.id = m.user_id
			 WHERE m.chat_id = c.id),
		'last_seq', c.last_seq,
		'last_message', (
			SELECT row_to_json(chat.shown(m))
			  FROM chat.message m
			 WHERE m.chat_id = c.id AND m.seq = c.last_seq),
		'unread', (
			SELECT count(*)
			  FROM chat.message m
			 WHERE m.chat_id = c.id AND m.sender_id <> who
			   AND m.text IS NOT NULL
			   AND m.seq > greatest(c.last_seq - 1000, (
				SELECT me.read_seq
				  FROM chat.member me
				 WHERE me.chat_id = c.id
				   AND me.user_id = who))),
		'created_at', auth.rfc3339(c.created_at));
END
$$;

-- Takes a member out of a chat and tells so; the longest member takes over from
-- an owner.  The one way to do it: the chat's row must change, since only then
-- does a message that waits for its lock look again who may send it.
CREATE FUNCTION chat.remove_member(of_chat uuid, who uuid, by_whom uuid,
				   trace text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
	was chat.role;
BEGIN
	UPDATE chat.chat SET last_seq = last_seq WHERE id = of_chat;

	DELETE FROM chat.member
	 WHERE chat_id = of_chat AND user_id = who
	RETURNING role INTO was;
	IF NOT FOUND THEN
		RETURN;
	END IF;

	IF was = 'owner' THEN
		UPDATE chat.member
		   SET role = 'owner'
		 WHERE chat_id = of_chat
		   AND user_id = (SELECT user_id
				    FROM chat.member
				   WHERE chat_id = of_chat
				   ORDER BY joined_at, user_id
				   LIMIT 1);
	END IF;

	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	VALUES ('chat.events', 'ChatMemberRemoved', of_chat,
		jsonb_build_object('chat_id', of_chat, 'user_id', by_whom,
			'user_ids', jsonb_build_array(who),
			'to', coalesce(chat.members(of_chat), '[]') ||
			      jsonb_build_array(who)),
		trace);
END
$$;

-- Whatever takes the last member, the chat is then for chat.tidy().
CREATE FUNCTION chat.abandon() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE chat.chat
	   SET abandoned = true
	 WHERE id = OLD.chat_id
	   AND NOT EXISTS (SELECT
			     FROM chat.member
			    WHERE chat_id = OLD.chat_id);
	RETURN NULL;
END
$$;

CREATE TRIGGER member_abandon AFTER DELETE ON chat.member
   FOR EACH ROW EXECUTE FUNCTION chat.abandon();

-- Deletes some of what nobody can see any more; the relay calls it when it
-- calls event.tidy().
CREATE FUNCTION chat.tidy() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
	DELETE FROM chat.message
	 WHERE (chat_id, seq) IN (
		SELECT m.chat_id, m.seq
		  FROM chat.chat c
		  JOIN chat.message m ON m.chat_id = c.id
		 WHERE c.abandoned
		 LIMIT 5000);
	DELETE FROM chat.chat
	 WHERE id IN (
		SELECT c.id
		  FROM chat.chat c
		 WHERE c.abandoned
		   AND NOT EXISTS (SELECT
				     FROM chat.message
				    WHERE chat_id = c.id)
		 LIMIT 5000);
END;

-- migrate:down
DROP SCHEMA chat CASCADE;
