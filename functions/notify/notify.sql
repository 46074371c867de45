-- name: notification_send
-- Of the service $3, for those of $1 who are users and want it.
SELECT notify.make($1, ROW(
	NULL, NULL, 'service', coalesce(notify.collapse_id($3, $4), $2::uuid),
	1, false, NULL, NULL, $5, $6, $7::json, now(),
	now() + make_interval(secs => $8::integer)
	)::notify.notification, interval '0', $9);

-- name: notification_list
-- Of $1, newest first, from behind the position $3; and how many are unread.
SELECT number, row_to_json(document), unread
  FROM notify.shown
 WHERE user_id = $1 AND number < coalesce($3::bigint, 9223372036854775807)
 ORDER BY number DESC
 LIMIT $2::integer + 1;

-- name: notification_list_after
-- The same, oldest first, from behind the number $3.
SELECT number, row_to_json(document), unread
  FROM notify.shown
 WHERE user_id = $1 AND number > $3::bigint
 ORDER BY number
 LIMIT $2::integer + 1;

-- name: notification_unread
SELECT coalesce((SELECT unread FROM notify.box WHERE user_id = $1), 0);

-- name: notification_read
SELECT notify.mark_read($1, $2, $3, $4, $5);

-- name: notification_delete
SELECT 1 WHERE notify.forget($1, $2, NULL, $3, $4) > 0;

-- name: device_lock
-- Nobody else takes the token $1 before this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0));

-- name: device_take
-- Whoever had the token $2, but for the session $1, has it no more.  It sees
-- those who held the lock before: its snapshot is younger than the lock.
WITH taken AS (
	DELETE FROM notify.device
	 WHERE token = $2 AND session_id <> $1
	RETURNING 1
)
SELECT count(*) FROM taken;

-- name: device_put
-- The device of the session $1 of $2, and 1 if it had none.  What waits follows
-- it to another lane.
WITH old AS (
	SELECT session_id
	  FROM notify.device
	 WHERE session_id = $1
), put AS (
	INSERT INTO notify.device AS d (session_id, user_id, platform, token,
					p256dh, auth, sandbox)
	VALUES ($1, $2, $3::notify.platform, $4, $5, $6,
		coalesce($7, 'production') = 'sandbox')
	ON CONFLICT (session_id) DO UPDATE
	   SET platform = excluded.platform, token = excluded.token,
	       p256dh = excluded.p256dh, auth = excluded.auth,
	       sandbox = excluded.sandbox, registered_at = clock_timestamp()
	RETURNING d
), moved AS (
	UPDATE notify.push p
	   SET lane = (put.d).lane
	  FROM put
	 WHERE p.device_id = $1 AND p.lane <> (put.d).lane
)
SELECT notify.device_document((put.d), $1),
       CASE WHEN NOT EXISTS (SELECT FROM old) THEN 1 END
  FROM put;

-- name: device_list
-- Of $1, newest session first, from behind the id $4; the caller's is $2.
SELECT session_id, notify.device_document(d, $2)
  FROM notify.device d
  JOIN auth.live_session s ON s.id = session_id
 WHERE user_id = $1 AND ($4::uuid IS NULL OR session_id < $4::uuid)
 ORDER BY session_id DESC
 LIMIT $3::integer + 1;

-- name: device_delete
DELETE FROM notify.device
 WHERE user_id = $1 AND session_id = $2
RETURNING 1;

-- name: preferences_get
SELECT notify.preferences($1);

-- name: preferences_put
INSERT INTO notify.box (user_id, language, message, request, accepted, login,
			service)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (user_id) DO UPDATE
   SET language = excluded.language, message = excluded.message,
       request = excluded.request, accepted = excluded.accepted,
       login = excluded.login, service = excluded.service
RETURNING 1;

-- name: mute_add
-- A row if $1 is in the chat $2.
INSERT INTO notify.mute AS m (user_id, chat_id)
SELECT user_id, chat_id
  FROM chat.member
 WHERE user_id = $1 AND chat_id = $2
ON CONFLICT (user_id, chat_id) DO UPDATE SET chat_id = m.chat_id
RETURNING 1;

-- name: mute_remove
WITH removed AS (
	DELETE FROM notify.mute
	 WHERE user_id = $1 AND chat_id = $2
	RETURNING 1
)
SELECT count(*) FROM removed;
