-- name: nonce_create
INSERT INTO auth.nonce (digest)
VALUES ($1)
RETURNING auth.rfc3339(created_at + interval '10 minutes');

-- name: nonce_use
-- A row if it was there, and not for too long.
DELETE FROM auth.nonce
 WHERE digest = $1 AND created_at > now() - interval '10 minutes'
RETURNING 1;

-- name: identity_find
-- Whose the identity is (null: nobody's); whose the e-mail address $3 is; 1 if
-- that account has proved it, and 1 if it has a password.
SELECT i.account_id, a.id, CASE WHEN a.email_verified THEN 1 END,
       CASE WHEN auth.has_password(a.id) THEN 1 END
  FROM (SELECT $1::text AS issuer, $2::text AS subject, $3::text AS email) asked
  LEFT JOIN auth.identity i USING (issuer, subject)
  LEFT JOIN auth.account a ON a.email_key = auth.email_key(asked.email);

-- name: nickname_find
SELECT 1
  FROM profile.profile
 WHERE nickname_key = $1;

-- name: identity_create
-- The identity $1 of the account $4, whose owner is told by mail, or no row: it
-- is somebody's by now, or the account is gone.
WITH made AS (
	INSERT INTO auth.identity AS i (id, issuer, subject, account_id,
					provider, email)
	SELECT $1::uuid, $2, $3, id, $5, $6
	  FROM auth.account
	 WHERE id = $4
	ON CONFLICT (issuer, subject) DO NOTHING
	RETURNING account_id, json_build_object('id', i.id,
		'provider', i.provider, 'email', i.email,
		'created_at', auth.rfc3339(i.created_at)) AS document
)
SELECT document, auth.send_mail($7, a.id, a.email, 'linked', NULL, $8)
  FROM made
  JOIN auth.account a ON a.id = account_id;

-- name: account_create
-- The profile of a new account with its identity, profile and first session;
-- no row if the identity is somebody's by now.  $8 is whether the e-mail
-- address $7 is proved.
WITH identity AS (
	INSERT INTO auth.identity (id, issuer, subject, account_id, provider,
				   email)
	VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (issuer, subject) DO NOTHING
	RETURNING account_id
), account AS (
	INSERT INTO auth.account (id, email, email_verified)
	SELECT account_id, $7, $8::boolean
	  FROM identity
	RETURNING id, email, email_verified
), profile AS (
	INSERT INTO profile.profile AS p (id, nickname, nickname_key,
					  nickname_search)
	SELECT id, $9, $10, $11
	  FROM account
	RETURNING p
), started AS (
	INSERT INTO auth.session (id, account_id, device, address,
				  idle_expires_at, expires_at)
	SELECT $12::uuid, id, $13, $14::inet,
	       now() + make_interval(secs => $15),
	       now() + make_interval(secs => $16)
	  FROM account
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'auth.events', type, id,
	       jsonb_build_object('user_id', id, 'method', $5::text) || more,
	       $17
	  FROM account, (VALUES
		(1, 'UserRegistered', '{}'),
		(2, 'UserLoggedIn', jsonb_build_object('session_id', $12))
	       ) AS event (number, type, more)
	 ORDER BY number
)
SELECT profile.own(p, email, email_verified)
  FROM account, profile;

-- name: session_start
-- The account's profile, after a session more; the oldest ones make room.
WITH account AS (
	SELECT id, email, email_verified
	  FROM auth.account
	 WHERE id = $1
	   FOR UPDATE
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
				  'method', $8::text), $9
	  FROM account
)
SELECT profile.own(p, email, email_verified)
  FROM account
  JOIN profile.profile p USING (id);

-- name: identity_get
SELECT json_build_object('id', id, 'provider', provider, 'email', email,
			 'created_at', auth.rfc3339(created_at))
  FROM auth.identity
 WHERE issuer = $1 AND subject = $2;

-- name: identity_list
-- The account's, newest first, from behind the id $3.
SELECT id, json_build_object('id', id, 'provider', provider, 'email', email,
			     'created_at', auth.rfc3339(created_at))
  FROM auth.identity
 WHERE account_id = $1 AND ($3::uuid IS NULL OR id < $3::uuid)
 ORDER BY id DESC
 LIMIT $2::integer + 1;

-- name: account_lock
-- So that of two identities that go at once one sees the other gone.
SELECT 1
  FROM auth.account
 WHERE id = $1
   FOR NO KEY UPDATE;

-- name: identity_delete
-- 1 if it is gone, null if there were no other way into the account; no row if
-- the account has no such identity.
WITH found AS (
	SELECT id, auth.has_password($1) OR EXISTS (
			SELECT FROM auth.identity other
			 WHERE other.account_id = $1 AND other.id <> i.id)
	       AS dispensable
	  FROM auth.identity i
	 WHERE id = $2 AND account_id = $1
), deleted AS (
	DELETE FROM auth.identity i
	 USING found
	 WHERE i.id = found.id AND dispensable
)
SELECT CASE WHEN dispensable THEN 1 END
  FROM found;
