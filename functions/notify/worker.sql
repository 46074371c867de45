-- In all of these an event that lacks something has no row.

-- name: message_sent
-- For those in the chat who have not read it, nor muted the chat.
SELECT notify.make(ARRAY(
	SELECT user_id
	  FROM jsonb_array_elements_text("to") t (id)
	  JOIN chat.member m ON m.chat_id = e.chat_id AND m.user_id = id::uuid
	 WHERE user_id <> sender_id AND read_seq < seq
	   AND NOT EXISTS (SELECT
			     FROM notify.mute
			    WHERE (user_id, chat_id) = (m.user_id, e.chat_id))),
	ROW(NULL, NULL, 'message', chat_id, 1, false, sender_id, seq,
	    (SELECT title FROM chat.chat WHERE id = chat_id),
	    NULL, NULL, sent_at, sent_at + interval '28 days'
	    )::notify.notification,
	make_interval(secs => $2::integer / 1000.0), $3)
  FROM jsonb_to_record($1::jsonb) e
	(chat_id uuid, seq bigint, sender_id uuid, sent_at timestamptz,
	 "to" jsonb)
 WHERE num_nulls(chat_id, seq, sender_id, sent_at, "to") = 0;

-- name: messages_read
SELECT notify.mark_chat_read(user_id, chat_id, seq, $2)
  FROM jsonb_to_record($1::jsonb) e (chat_id uuid, user_id uuid, seq bigint)
 WHERE num_nulls(chat_id, user_id, seq) = 0;

-- name: member_removed
WITH e AS (
	SELECT chat_id, id::uuid AS user_id
	  FROM jsonb_to_record($1::jsonb) e (chat_id uuid, user_ids jsonb),
	       jsonb_array_elements_text(user_ids) u (id)
	 ORDER BY user_id
), unmuted AS (
	DELETE FROM notify.mute
	 WHERE (user_id, chat_id) IN (SELECT user_id, chat_id FROM e)
)
SELECT sum(notify.forget(user_id, NULL, chat_id, NULL, $2))
  FROM e
HAVING count(*) > 0;

-- name: request_sent
SELECT notify.make(ARRAY[other_id],
	ROW(NULL, NULL, 'request', user_id, 1, false, user_id, NULL, NULL,
	    NULL, NULL, now(), now() + interval '28 days'
	    )::notify.notification,
	make_interval(secs => $2::integer / 1000.0), $3)
  FROM jsonb_to_record($1::jsonb) e (user_id uuid, other_id uuid)
 WHERE num_nulls(user_id, other_id) = 0;

-- name: request_accepted
-- Who accepted has no request any more.
SELECT notify.forget(user_id, NULL, other_id, NULL, $3),
       notify.make(ARRAY[other_id],
	ROW(NULL, NULL, 'accepted', user_id, 1, false, user_id, NULL, NULL,
	    NULL, NULL, now(), now() + interval '28 days'
	    )::notify.notification,
	make_interval(secs => $2::integer / 1000.0), $3)
  FROM jsonb_to_record($1::jsonb) e (user_id uuid, other_id uuid)
 WHERE num_nulls(user_id, other_id) = 0;

-- name: subscription_ended
-- Declined or removed: neither has anything of the other.
WITH e AS (
	SELECT side.*
	  FROM jsonb_to_record($1::jsonb) e (user_id uuid, other_id uuid),
	       LATERAL (VALUES (user_id, other_id), (other_id, user_id))
		side (who, whom)
	 WHERE num_nulls(user_id, other_id) = 0
	 ORDER BY who
)
SELECT sum(notify.forget(who, NULL, whom, NULL, $2))
  FROM e
HAVING count(*) > 0;

-- name: user_logged_in
-- A device is new if no session of the account before was on one of that name;
-- not the one on which the account was made.
SELECT sum(notify.make(ARRAY[account_id],
	ROW(NULL, NULL, 'login', s.id, 1, false, NULL, NULL, NULL, device,
	    NULL, now(), now() + interval '28 days')::notify.notification,
	make_interval(secs => $2::integer / 1000.0), $3))
  FROM jsonb_to_record($1::jsonb) e (user_id uuid, session_id uuid)
  LEFT JOIN auth.session s
	 ON s.id = session_id AND account_id = user_id
	AND NOT EXISTS (SELECT
			  FROM auth.session before
			 WHERE before.account_id = user_id
			   AND before.id < session_id
			   AND before.device = s.device)
	AND NOT EXISTS (SELECT
			  FROM auth.account
			 WHERE id = user_id AND created_at = s.created_at)
 WHERE s.id IS NOT NULL OR num_nulls(user_id, session_id) = 0
HAVING count(*) > 0;

-- name: user_deleted
-- Nobody has a request of theirs any more.
WITH e AS (
	SELECT ($1::jsonb ->> 'user_id')::uuid AS user_id
), told AS (
	SELECT n.user_id, e.user_id AS leaver_id
	  FROM e
	  JOIN notify.notification n ON actor_id = e.user_id
	 WHERE kind IN ('request', 'accepted')
	 ORDER BY n.user_id
)
SELECT sum(notify.forget(user_id, NULL, leaver_id, NULL, $2))
  FROM told
HAVING (SELECT user_id IS NOT NULL FROM e);
