-- name: login_attempt
-- The account (null: none), its password hash (null: has none, or is not
-- verified and $4 demands that), the key under which the attempt was counted,
-- for how many seconds none is tried (null: this one is), and which credentials
-- these are.  An attempt counts as failed until session_start forgives it, so
-- parallel guesses count too.  An address that has had a session of the
-- account is counted apart: strangers can't keep its owner out.
WITH account AS (
	SELECT id, credentials,
	       CASE WHEN email_verified OR NOT $4::boolean THEN password END
	       AS password
	  FROM auth.account
	 WHERE email_key = auth.email_key($1)
), whose AS (
	SELECT sha256($3::bytea || convert_to(auth.email_key($1) || CASE
		WHEN EXISTS (SELECT FROM auth.session s
			       JOIN account ON account.id = s.account_id
			      WHERE s.address = $2::inet)
		THEN ' ' || $2 ELSE '' END, 'UTF8')) AS key
)
SELECT account.id, account.password, whose.key,
       auth.throttle_attempt(whose.key), account.credentials
  FROM whose LEFT JOIN account ON true;

-- name: session_start
-- The account's profile, after a session more; the oldest ones make room.  No
-- row if the credentials are not $11 any more: who changed them has ended the
-- sessions that there were.
WITH account AS (
	SELECT id, email, email_verified
	  FROM auth.account
	 WHERE id = $1 AND credentials = $11::integer
	   FOR UPDATE
), rehashed AS (
	UPDATE auth.account a
	   SET password = $8::text
	  FROM account
	 WHERE a.id = account.id AND $8::text IS NOT NULL
), forgiven AS (
	DELETE FROM auth.throttle
	 WHERE key = $9 AND EXISTS (SELECT FROM account)
), replaced AS (
	UPDATE auth.session
	   SET ended_at = now(), end_reason = 'replaced'
	 WHERE id IN (SELECT id
			FROM auth.session
		       WHERE account_id = $1 AND ended_at IS NULL
		       ORDER BY last_used_at DESC
		      OFFSET $7::integer - 1)
), started AS (
	INSERT INTO auth.session (id, account_id, device, address,
				  idle_expires_at, expires_at)
	SELECT $2::uuid, id, $3, $4::inet,
	       now() + make_interval(secs => $5),
	       now() + make_interval(secs => $6)
	  FROM account
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'auth.events', 'UserLoggedIn', id,
	       jsonb_build_object('user_id', id, 'session_id', $2,
				  'method', 'password'), $10
	  FROM account
)
SELECT profile.own(p, email, email_verified)
  FROM account
  JOIN profile.profile p USING (id);
