-- name: account_lock
-- In the order in which others lock both.
WITH locked AS (
	SELECT id
	  FROM profile.profile
	 WHERE id = $1
	   FOR UPDATE
)
SELECT a.id
  FROM auth.account a
  JOIN locked USING (id)
   FOR UPDATE OF a;

-- name: link_get
SELECT account_id, email
  FROM auth.live_link
 WHERE id = $1;

-- name: password_change
-- No row if the credentials are no longer those that were proved.
WITH account AS (
	UPDATE auth.account
	   SET password = $2, credentials = credentials + 1
	 WHERE id = $1 AND credentials = $3::integer
	RETURNING id, email
), ended AS (
	UPDATE auth.session s
	   SET ended_at = now(), end_reason = 'password'
	  FROM account
	 WHERE s.account_id = account.id AND s.ended_at IS NULL AND s.id <> $4
), forgiven AS (
	DELETE FROM auth.throttle
	 WHERE key = $5
)
SELECT auth.send_mail($6, id, email, 'password', NULL, $7)
  FROM account;

-- name: password_forgot
SELECT auth.send_mail($1, NULL, $2, 'reset', NULL, $3);

-- name: password_reset
-- No row if the link opens nothing.  It came to the address, which is proved
-- by that; failures to log in are forgiven, as login counts them.  If it was
-- not proved before, a stranger may have typed it, and linked an identity of
-- their own: those go.
WITH link AS (
	UPDATE auth.link l
	   SET used_at = now()
	  FROM auth.live_link live
	 WHERE l.id = $1 AND live.id = l.id AND live.purpose = 'reset'
	RETURNING l.account_id
), proved AS (
	SELECT id
	  FROM auth.account
	  JOIN link ON account_id = id
	 WHERE NOT email_verified
), account AS (
	UPDATE auth.account a
	   SET password = $2, email_verified = true,
	       credentials = a.credentials + 1
	  FROM link
	 WHERE a.id = link.account_id
	RETURNING a.id, a.email
), ended AS (
	UPDATE auth.session s
	   SET ended_at = now(), end_reason = 'password'
	  FROM account
	 WHERE s.account_id = account.id AND s.ended_at IS NULL
), forgiven AS (
	DELETE FROM auth.throttle
	 USING account
	 WHERE key IN (SELECT sha256($3::bytea || convert_to(
				auth.email_key(email) || device, 'UTF8'))
			 FROM (VALUES (''), (' ' || $6::inet)) known (device))
), unlinked AS (
	DELETE FROM auth.identity
	 USING proved
	 WHERE account_id = proved.id
), profile AS (
	UPDATE profile.profile p
	   SET revision = p.revision + 1
	  FROM proved
	 WHERE p.id = proved.id
	RETURNING p.id, p.revision
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'user.events', 'UserProfileUpdated', id,
	       jsonb_build_object('user_id', id, 'revision', revision,
				  'changed', ARRAY['email_verified']), $5
	  FROM profile
)
SELECT auth.send_mail($4, id, email, 'password', NULL, $5)
  FROM account;

-- name: email_change
-- A link to the new address and a notice to the old one; no row if the account
-- asks too often.
WITH forgiven AS (
	DELETE FROM auth.throttle
	 WHERE key = $3
)
SELECT auth.send_mail($4, id, email, 'changing', NULL, $5),
       auth.send_mail($4, id, $2, 'change', NULL, $5)
  FROM auth.account
 WHERE id = $1 AND auth.mail_allowed($4, 'change of ' || id, 3);

-- name: email_ask
-- True also if there is nothing to be proved.
SELECT email IS NULL OR email_verified OR
       auth.send_mail($2, id, email, 'verify', NULL, $3)
  FROM auth.account
 WHERE id = $1;

-- name: email_verify
-- The profile's revision; no row if the link opens nothing.  A nickname that was
-- wished for at registration is taken, if it is still free.
WITH link AS (
	UPDATE auth.link l
	   SET used_at = now()
	  FROM auth.live_link live
	 WHERE l.id = $1 AND live.id = l.id AND live.purpose = 'verify'
	RETURNING l.account_id, live.data
), account AS (
	UPDATE auth.account a
	   SET email_verified = true
	  FROM link
	 WHERE a.id = link.account_id
	RETURNING a.id
), wish AS (
	SELECT account_id AS id, data->>'nickname' AS nickname,
	       data->>'key' AS key, data->>'search' AS search
	  FROM link
	 WHERE data IS NOT NULL
	   AND NOT EXISTS (SELECT
			     FROM profile.profile
			    WHERE nickname_key = data->>'key')
), profile AS (
	UPDATE profile.profile p
	   SET revision = p.revision + 1,
	       nickname = coalesce(p.nickname, wish.nickname),
	       nickname_key = coalesce(p.nickname_key, wish.key),
	       nickname_search = coalesce(p.nickname_search, wish.search)
	  FROM account
	  LEFT JOIN wish USING (id)
	 WHERE p.id = account.id
	RETURNING p.id, p.revision, p.nickname_key = wish.key AS named
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'user.events', 'UserProfileUpdated', id,
	       jsonb_build_object('user_id', id, 'revision', revision,
				  'changed', CASE WHEN named
				  THEN ARRAY['email_verified', 'nickname']
				  ELSE ARRAY['email_verified'] END), $2
	  FROM profile
)
SELECT revision FROM profile;

-- name: email_replace
-- The profile's revision; no row if the link opens nothing.  Whom the address
-- was, is told.
WITH link AS (
	UPDATE auth.link l
	   SET used_at = now()
	  FROM auth.live_link live
	 WHERE l.id = $1 AND live.id = l.id AND live.purpose = 'change'
	RETURNING l.account_id, live.email
), old AS (
	SELECT id, email
	  FROM auth.account
	 WHERE id = (SELECT account_id FROM link)
), account AS (
	UPDATE auth.account a
	   SET email = link.email, email_verified = true,
	       credentials = a.credentials + 1
	  FROM link
	 WHERE a.id = link.account_id
	RETURNING a.id
), profile AS (
	UPDATE profile.profile p
	   SET revision = p.revision + 1
	  FROM account
	 WHERE p.id = account.id
	RETURNING p.id, p.revision
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'user.events', 'UserProfileUpdated', id,
	       jsonb_build_object('user_id', id, 'revision', revision,
				  'changed', ARRAY['email', 'email_verified']),
	       $2
	  FROM profile
)
SELECT revision, auth.send_mail($3, old.id, old.email, 'changed', NULL, $2)
  FROM profile
  JOIN old USING (id);
