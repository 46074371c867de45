-- name: account_exists
SELECT 1
  FROM auth.account
 WHERE email_key = auth.email_key($1);

-- name: account_create
-- The new account's profile, or no row if the address is taken.
WITH account AS (
	INSERT INTO auth.account AS a (id, email, password)
	VALUES ($1, $2, $3)
	ON CONFLICT (email_key) DO NOTHING
	RETURNING id, auth.own_profile(a) AS doc
), started AS (
	INSERT INTO auth.session (id, account_id, device, address,
				  idle_expires_at, expires_at)
	SELECT $4::uuid, id, $5, $6::inet,
	       now() + make_interval(secs => $7),
	       now() + make_interval(secs => $8)
	  FROM account
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'auth.events', 'UserRegistered', id,
	       jsonb_build_object('user_id', id, 'method', 'password'), $9
	  FROM account
)
SELECT doc FROM account;
