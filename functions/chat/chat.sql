-- name: pair_find
-- The id of the chat of $1 and $2, and 1 if it is there and $1's.
SELECT id, (SELECT 1
	      FROM chat.member
	     WHERE chat_id = id AND user_id = $1)
  FROM chat.pair_id($1, $2) id;

-- name: people_refused
-- The positions in $2 of those whom $1 may not add to a chat, since $3 counts:
-- who has accepted, or everyone.  The others, and $1, stay for as long as this
-- transaction lasts.
WITH asked AS (
	SELECT id, n - 1 AS position
	  FROM unnest($2::uuid[]) WITH ORDINALITY a (id, n)
), there AS MATERIALIZED (
	SELECT id
	  FROM profile.profile
	 WHERE id = ANY ($2::uuid[] || $1::uuid)
	 ORDER BY id
	   FOR KEY SHARE
), mine AS MATERIALIZED (
	SELECT other_id AS id, state
	  FROM social.subscription
	 WHERE user_id = $1 AND other_id = ANY ($2::uuid[])
), theirs AS MATERIALIZED (
	SELECT user_id AS id, state
	  FROM social.subscription
	 WHERE user_id = ANY ($2::uuid[]) AND other_id = $1
)
SELECT position
  FROM asked
  LEFT JOIN mine USING (id)
  LEFT JOIN theirs USING (id)
 WHERE id NOT IN (SELECT id FROM there)
    OR CASE $3 WHEN 'everyone'
       THEN mine.state IS NOT DISTINCT FROM 'blocked' OR
	    theirs.state IS NOT DISTINCT FROM 'blocked'
       ELSE mine.state IS DISTINCT FROM 'accepted' END
 ORDER BY position;

-- name: creator_lock
-- For how many seconds $1, who makes $2 chats an hour, must wait with the next
-- one; null: not at all.  Who makes several at once does so in turn.
INSERT INTO chat.creation_rate AS r (user_id, used_until)
VALUES ($1, now())
ON CONFLICT (user_id) DO UPDATE SET used_until = r.used_until
RETURNING CASE
	WHEN used_until > now() + interval '1 hour' * (1 - 1.0 / $2)
	THEN greatest(1, ceil(extract(epoch FROM used_until - now()
			- interval '1 hour' * (1 - 1.0 / $2))))::integer END;

-- name: chat_create
-- The chat $2 of $1 and all of $3, a pair if $4, the title, is null.  No row if
-- it was made at the same moment.  It counts as one of $5 an hour.
WITH made AS (
	INSERT INTO chat.chat (id, kind, title)
	VALUES ($2, CASE WHEN $4::text IS NULL THEN 'pair'::chat.kind
			 ELSE 'group' END, $4)
	ON CONFLICT (id) DO NOTHING
	RETURNING id, kind
), joined AS (
	INSERT INTO chat.member (chat_id, user_id, role)
	SELECT id, user_id,
	       CASE WHEN kind = 'group' AND user_id = $1
		    THEN 'owner'::chat.role ELSE 'member' END
	  FROM made, unnest($3::uuid[] || $1::uuid) user_id
), counted AS (
	UPDATE chat.creation_rate
	   SET used_until = greatest(used_until, now()) + interval '1 hour' / $5
	  FROM made
	 WHERE user_id = $1
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'chat.events', 'ChatCreated', id,
	       jsonb_build_object('chat_id', id, 'user_id', $1::uuid,
				  'user_ids', $3::uuid[] || $1::uuid,
				  'to', $3::uuid[] || $1::uuid), $6
	  FROM made
)
SELECT id FROM made;

-- name: chat_get
SELECT chat.document(c, $1)
  FROM chat.chat c
 WHERE id = $2
   AND EXISTS (SELECT
		 FROM chat.member
		WHERE chat_id = $2 AND user_id = $1);

-- name: chat_list
-- Of $1, from behind the position $3.
SELECT json_build_array(last_at, id), chat.document(c, $1)
  FROM chat.member
  JOIN chat.chat c ON id = chat_id
 WHERE user_id = $1
   AND (last_at, id) <
       (coalesce(($3::json->>0)::timestamptz, 'infinity'),
	coalesce(($3::json->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 ORDER BY last_at DESC, id DESC
 LIMIT $2::integer + 1;

-- name: chat_lock
-- The kind of the chat $2, of which nobody else changes the members or writes
-- there before this transaction ends; no row if $1 is none of them.
SELECT kind
  FROM chat.chat
 WHERE id = $2
   AND EXISTS (SELECT
		 FROM chat.member
		WHERE chat_id = $2 AND user_id = $1)
   FOR NO KEY UPDATE;

-- name: member_standing
-- In the chat $2, that has been locked: 1 if $1 is its owner, 1 if $3 is in it,
-- and how many are.  No row if $1 is not.
SELECT CASE me.role WHEN 'owner' THEN 1 END,
       (SELECT 1
	  FROM chat.member
	 WHERE chat_id = $2 AND user_id = $3),
       (SELECT count(*)
	  FROM chat.member
	 WHERE chat_id = $2)
  FROM chat.member me
 WHERE chat_id = $2 AND user_id = $1;

-- name: member_add
-- $3, by $1, to the chat $2, that has been locked.
WITH added AS (
	INSERT INTO chat.member (chat_id, user_id, received_seq, read_seq)
	SELECT id, $3, last_seq, last_seq
	  FROM chat.chat
	 WHERE id = $2
	RETURNING chat_id, user_id
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'chat.events', 'ChatMemberAdded', chat_id,
	       jsonb_build_object('chat_id', chat_id, 'user_id', $1::uuid,
				  'user_ids', jsonb_build_array(user_id),
				  'to', chat.members(chat_id)), $4
	  FROM added
)
SELECT 1 FROM added;

-- name: member_remove
-- $3, by $1, from the chat $2, that has been locked.
SELECT chat.remove_member($2, $3, $1, $4);

-- name: message_send
-- What $1 says in the chat $2, once for each $3: the message, and 1 if it is
-- new.  No row if it is closed.
WITH old AS (
	SELECT m
	  FROM chat.message m
	 WHERE chat_id = $2 AND sender_id = $1 AND client_id = $3
	   AND EXISTS (SELECT
			 FROM chat.member
			WHERE chat_id = $2 AND user_id = $1)
), counted AS (
	UPDATE chat.chat
	   SET last_seq = last_seq + 1,
	       last_at = greatest(last_at, clock_timestamp())
	 WHERE id = $2 AND NOT EXISTS (SELECT FROM old)
	   AND chat.is_open(id, $1)
	RETURNING id, last_seq, last_at, chat.members(id) AS members
), written AS (
	INSERT INTO chat.message AS m
	       (chat_id, seq, sender_id, client_id, text, sent_at)
	SELECT id, last_seq, $1, $3, $4, last_at
	  FROM counted
	RETURNING chat.shown(m) AS message
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'chat.events', 'MessageSent', id,
	       to_jsonb(message) || jsonb_build_object('to', members), $5
	  FROM written, counted
)
SELECT row_to_json(message), 1 FROM written
UNION ALL
SELECT row_to_json(chat.shown(m)), NULL FROM old;

-- name: message_edit
-- The message $3 of $1 in the chat $2 with the text $4.  No row: see
-- message_refusal.  "IS TRUE" keeps the planner from walking all that $1 sent.
WITH locked AS (
	SELECT id
	  FROM chat.chat
	 WHERE id = $2 AND chat.is_open(id, $1)
	   FOR NO KEY UPDATE
), old AS (
	SELECT m AS was, text
	  FROM locked
	  JOIN chat.message m ON chat_id = id
	 WHERE seq = $3 AND (sender_id = $1) IS TRUE AND text IS NOT NULL
	   FOR NO KEY UPDATE OF m
), changed AS (
	UPDATE chat.message new
	   SET text = $4, edited_at = clock_timestamp()
	  FROM old
	 WHERE chat_id = $2 AND seq = $3 AND old.text <> $4
	RETURNING chat.shown(new) AS message
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'chat.events', 'MessageEdited', $2,
	       to_jsonb(message) ||
	       jsonb_build_object('to', chat.members($2)), $5
	  FROM changed
)
SELECT row_to_json(coalesce(message, chat.shown(was)))
  FROM old
  LEFT JOIN changed ON true;

-- name: message_delete
-- The same without a text, also in a closed chat.
WITH locked AS (
	SELECT id
	  FROM chat.chat
	 WHERE id = $2
	   AND EXISTS (SELECT
			 FROM chat.member
			WHERE chat_id = $2 AND user_id = $1)
	   FOR NO KEY UPDATE
), audience AS MATERIALIZED (
	SELECT id, chat.members(id) AS members
	  FROM locked
), old AS (
	SELECT m AS was, text, members
	  FROM audience
	  JOIN chat.message m ON chat_id = id
	 WHERE seq = $3 AND (sender_id = $1) IS TRUE AND members ? $1::text
	   FOR NO KEY UPDATE OF m
), changed AS (
	UPDATE chat.message new
	   SET text = NULL
	  FROM old
	 WHERE chat_id = $2 AND seq = $3 AND old.text IS NOT NULL
	RETURNING chat.shown(new) AS message, members
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'chat.events', 'MessageDeleted', $2,
	       to_jsonb(message) || jsonb_build_object('to', members), $4
	  FROM changed
)
SELECT row_to_json(coalesce(message, chat.shown(was)))
  FROM old
  LEFT JOIN changed ON true;

-- name: pair_closed
-- A row if the chat $2 is $1's and of two: then it is closed if $1 couldn't
-- write there.  In a group $1 was no member then, whatever is so now.
SELECT 1
  FROM chat.chat
  JOIN chat.member ON chat_id = id
 WHERE id = $2 AND user_id = $1 AND kind = 'pair';

-- name: message_refusal
-- Why $1 can't change the message $3 in the chat $2: 1 if it is another's, 1 if
-- it is deleted; no row if it is not to be seen.
SELECT CASE WHEN sender_id <> $1 THEN 1 END,
       CASE WHEN text IS NULL THEN 1 END
  FROM chat.message m
  JOIN chat.member USING (chat_id)
 WHERE chat_id = $2 AND seq = $3 AND user_id = $1;

-- name: messages_before
-- In the chat $2 of $1, below $3 (null: the newest), last first.
SELECT seq, row_to_json(chat.shown(m))
  FROM chat.message m
 WHERE chat_id = $2 AND seq < coalesce($3, 9007199254740992)
   AND EXISTS (SELECT
		 FROM chat.member
		WHERE chat_id = $2 AND user_id = $1)
 ORDER BY seq DESC
 LIMIT $4::integer + 1;

-- name: messages_after
-- The same above $3, first first.
SELECT seq, row_to_json(chat.shown(m))
  FROM chat.message m
 WHERE chat_id = $2 AND seq > $3
   AND EXISTS (SELECT
		 FROM chat.member
		WHERE chat_id = $2 AND user_id = $1)
 ORDER BY seq
 LIMIT $4::integer + 1;

-- name: member_exists
SELECT 1
  FROM chat.member
 WHERE chat_id = $2 AND user_id = $1;

-- name: mark_move
-- $1 has all of the chat $2 up to $3; $4 tells whether received or read.  1 if
-- there is no such message; no row if $1 is no member.  Told are oneself and,
-- while the chat is open, the senders of what is newly covered.  Those locked
-- can't be removed before this is committed; who is about to be is left out.
WITH old AS (
	SELECT last_seq, CASE $4 WHEN 'MessagesRead' THEN read_seq
			 ELSE received_seq END AS seq
	  FROM chat.member
	  JOIN chat.chat ON id = chat_id
	 WHERE chat_id = $2 AND user_id = $1
	   FOR NO KEY UPDATE OF member
), moved AS (
	UPDATE chat.member
	   SET received_seq = greatest(received_seq, $3),
	       read_seq = CASE $4 WHEN 'MessagesRead' THEN $3
			  ELSE read_seq END
	  FROM old
	 WHERE chat_id = $2 AND user_id = $1 AND seq < $3 AND $3 <= last_seq
	RETURNING chat_id, seq
), sender AS MATERIALIZED (
	SELECT DISTINCT sender_id AS user_id
	  FROM moved
	  JOIN chat.message m USING (chat_id)
	 WHERE m.seq > greatest(moved.seq, $3 - 1000) AND m.seq <= $3
	   AND (sender_id <> $1) IS TRUE
), told AS (
	SELECT user_id
	  FROM sender
	  JOIN chat.member USING (user_id)
	 WHERE chat_id = $2 AND (SELECT chat.is_open($2, $1))
	   FOR KEY SHARE OF member SKIP LOCKED
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'chat.events', $4, $2,
	       jsonb_build_object('chat_id', $2::uuid, 'user_id', $1::uuid,
				  'seq', $3::bigint,
				  'to', ARRAY(SELECT user_id FROM told)
					|| $1::uuid), $5
	  FROM moved
)
SELECT CASE WHEN $3 > last_seq THEN 1 END
  FROM old;
