-- name: account_taken
-- The code of what is taken, or no row.  Null is not taken.
SELECT 'email_taken'
  FROM auth.account
 WHERE email_key = auth.email_key($1)
UNION ALL
SELECT 'nickname_taken'
  FROM profile.profile
 WHERE nickname_key = $2
 LIMIT 1;

-- name: account_create
-- The new account's profile, or no row if the address is taken.  With a salt,
-- $13, the address gets a link that verifies it.
WITH account AS (
	INSERT INTO auth.account (id, email, password)
	VALUES ($1, $2, $3)
	ON CONFLICT (email_key) DO NOTHING
	RETURNING id, email, email_verified
), profile AS (
	INSERT INTO profile.profile AS p (id, nickname, nickname_key,
					  nickname_search)
	SELECT id, $4, $5, $6
	  FROM account
	RETURNING p
), started AS (
	INSERT INTO auth.session (id, account_id, device, address,
				  idle_expires_at, expires_at)
	SELECT $7::uuid, id, $8, $9::inet,
	       now() + make_interval(secs => $10),
	       now() + make_interval(secs => $11)
	  FROM account
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'auth.events', 'UserRegistered', id,
	       jsonb_build_object('user_id', id, 'method', 'password'), $12
	  FROM account
)
SELECT profile.own(p, email, email_verified),
       CASE WHEN $13::bytea IS NOT NULL
	    THEN auth.send_mail($13, id, email, 'verify', NULL, $12) END
  FROM account, profile;

-- name: account_create_unverified
-- A link to the address that verifies it, or, if it has an account, a mail
-- which says so.
WITH account AS (
	INSERT INTO auth.account (id, email, password)
	VALUES ($1, $2, $3)
	ON CONFLICT (email_key) DO NOTHING
	RETURNING id
), profile AS (
	INSERT INTO profile.profile (id)
	SELECT id FROM account
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'auth.events', 'UserRegistered', id,
	       jsonb_build_object('user_id', id, 'method', 'password'), $8
	  FROM account
)
SELECT auth.send_mail($7, id, $2,
		      CASE WHEN id IS NULL THEN 'known' ELSE 'verify' END,
		      CASE WHEN $4::text IS NOT NULL THEN json_build_object(
			'nickname', $4, 'key', $5::text, 'search', $6::text)
			END, $8)
  FROM (VALUES (1)) always (made)
  LEFT JOIN account ON true;
