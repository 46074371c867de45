-- migrate:up
-- Accounts, their sessions, throttling of logins, and stored answers.
CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth, event TO kith_function;

-- The form of an e-mail address in which two are the same account's.
CREATE FUNCTION auth.email_key(email text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(normalize(email, NFKC));

-- RFC 3339 in UTC with milliseconds.
CREATE FUNCTION auth.rfc3339(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

CREATE TABLE auth.account (
	id		uuid PRIMARY KEY,
	email		text NOT NULL
			CONSTRAINT account_email_check
			CHECK (octet_length(email) <= 254),
	email_key	text NOT NULL
			GENERATED ALWAYS AS (auth.email_key(email)) STORED
			CONSTRAINT account_email_key UNIQUE,
	email_verified	boolean NOT NULL DEFAULT false,
	password	text,		-- argon2id, PHC string; null: has none
	created_at	timestamptz NOT NULL DEFAULT now()
);

-- What the owner sees of an account: the one place that decides it.
CREATE FUNCTION auth.own_profile(a auth.account) RETURNS json
LANGUAGE sql STABLE
RETURN json_build_object(
	'id', a.id, 'nickname', NULL, 'about', NULL, 'avatar', NULL,
	'created_at', auth.rfc3339(a.created_at),
	'email', a.email, 'email_verified', a.email_verified);

CREATE TABLE auth.session (
	id		uuid PRIMARY KEY,
	account_id	uuid NOT NULL
			CONSTRAINT session_account_id_fkey
			REFERENCES auth.account ON DELETE CASCADE,
	device		text NOT NULL
			CONSTRAINT session_device_check
			CHECK (char_length(device) <= 64),
	address		inet NOT NULL,
	created_at	timestamptz NOT NULL DEFAULT now(),
	last_used_at	timestamptz NOT NULL DEFAULT now(),
	counter		integer NOT NULL DEFAULT 0,	-- of refresh tokens
	rotated_at	timestamptz NOT NULL DEFAULT now(),
	idle_expires_at	timestamptz NOT NULL,
	expires_at	timestamptz NOT NULL,
	ended_at	timestamptz,
	end_reason	text
			CONSTRAINT session_end_reason_check
			CHECK (end_reason IN ('logout', 'replaced', 'reuse')),
	CONSTRAINT session_end_check
		CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 70);		-- refreshing updates in place

CREATE INDEX session_account_id_idx ON auth.session (account_id, id DESC);

-- What every function may know of a session.
CREATE VIEW auth.live_session AS
SELECT id, account_id
  FROM auth.session
 WHERE ended_at IS NULL AND now() < expires_at;

-- Logins that failed, by a keyed digest of whose they would have been.
CREATE TABLE auth.throttle (
	key		bytea PRIMARY KEY,
	failures	integer NOT NULL,
	next_at		timestamptz NOT NULL	-- until then none is tried
) WITH (fillfactor = 70);

-- After 5 failures 1 s, doubling to 15 minutes.
CREATE FUNCTION auth.throttle_delay(failures integer) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN failures < 5 THEN interval '0'
	    ELSE least(interval '15 minutes',
		       interval '1 second' * 2 ^ least(failures - 5, 20)) END;

-- Answers to requests that came with an Idempotency-Key.
CREATE TABLE event.idempotency (
	key		bytea PRIMARY KEY,	-- keyed digests
	request		bytea NOT NULL,
	status		smallint,		-- null: under way
	answer		text,			-- sealed
	created_at	timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_created_at_idx ON event.idempotency (created_at);

-- Deletes some of what has served its time; the relay calls it now and then,
-- and publishes nothing meanwhile.
CREATE FUNCTION event.tidy() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
	DELETE FROM event.idempotency
	 WHERE key IN (SELECT key FROM event.idempotency
			WHERE created_at < now() - interval '24 hours'
			LIMIT 10000);
	DELETE FROM auth.throttle
	 WHERE key IN (SELECT key FROM auth.throttle
			WHERE next_at < now() - interval '1 day'
			LIMIT 10000);
	DELETE FROM auth.session
	 WHERE id IN (SELECT id FROM auth.session
		       WHERE least(ended_at, idle_expires_at, expires_at)
			     < now() - interval '90 days'
		       LIMIT 10000);
END;

GRANT SELECT ON auth.live_session TO kith_function;
GRANT SELECT, INSERT, UPDATE ON event.idempotency TO kith_function;
GRANT EXECUTE ON FUNCTION auth.rfc3339 TO kith_function;

-- migrate:down
DROP FUNCTION event.tidy;
DROP TABLE event.idempotency;
DROP SCHEMA auth CASCADE;
