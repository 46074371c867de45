-- migrate:up
-- Profiles: what people show of themselves, and how they are found.
CREATE SCHEMA profile;
CREATE EXTENSION pg_trgm SCHEMA profile;
DO $$
BEGIN
	-- What a superuser installs is under the default that 0001 set.
	IF NOT has_function_privilege('kith_function', 'profile.show_limit()',
				      'EXECUTE') THEN
		GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA profile
		   TO kith_function;
	END IF;
END
$$;
GRANT USAGE ON SCHEMA profile TO kith_function;

-- Whatever is somebody's own goes with the account: a table refers to it, or
-- to what does, with ON DELETE CASCADE.  What others keep (messages) holds the
-- bare id, which then stands for somebody who has left.
CREATE TABLE profile.profile (
	id		uuid PRIMARY KEY
			CONSTRAINT profile_id_fkey
			REFERENCES auth.account ON DELETE CASCADE,
	nickname	text,
	nickname_key	text		-- one for all that look the same
			CONSTRAINT profile_nickname_key_key UNIQUE,
	nickname_search	text COLLATE "C",	-- without case and marks
	about		text
			CONSTRAINT profile_about_check
			CHECK (char_length(about) <= 500),
	avatar		uuid,		-- the image's name
	revision	integer NOT NULL DEFAULT 1,
	created_at	timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT profile_nickname_check	-- as runtime/nickname.h makes them
		CHECK (num_nulls(nickname, nickname_key, nickname_search)
		       IN (0, 3)),
	CONSTRAINT profile_nickname_bytes_check	-- an index row has 2,704
		CHECK (octet_length(nickname_key) <= 2048 AND
		       octet_length(nickname_search) <= 2048)
);

-- What begins with a text, in order; and what is similar to it.
CREATE INDEX profile_nickname_search_idx
    ON profile.profile (nickname_search, id);
CREATE INDEX profile_nickname_similar_idx
    ON profile.profile USING gin (nickname_search profile.gin_trgm_ops)
  WITH (fastupdate = off);		-- a search never waits for a merge

-- One image a user; a new one has a new name.
CREATE TABLE profile.avatar (
	user_id		uuid PRIMARY KEY
			CONSTRAINT avatar_user_id_fkey
			REFERENCES profile.profile ON DELETE CASCADE,
	name		uuid NOT NULL
			CONSTRAINT avatar_name_key UNIQUE,
	image		bytea NOT NULL		-- WebP
			CONSTRAINT avatar_image_check
			CHECK (octet_length(image) <= 256 * 1024)
);
ALTER TABLE profile.avatar ALTER image SET STORAGE EXTERNAL;

CREATE FUNCTION profile.avatar_path(name uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '/avatars/' || name::text || '.webp';

-- What everybody sees of a user: the one place that decides it.
CREATE FUNCTION profile.public(p profile.profile) RETURNS json
LANGUAGE sql STABLE
RETURN json_build_object(
	'id', p.id, 'nickname', p.nickname, 'about', p.about,
	'avatar', profile.avatar_path(p.avatar),
	'created_at', auth.rfc3339(p.created_at));

-- What the user sees, too.  auth.own_profile() stays for the releases before.
CREATE FUNCTION profile.own(p profile.profile, email text, verified boolean)
RETURNS json
LANGUAGE sql STABLE
RETURN json_build_object(
	'id', p.id, 'nickname', p.nickname, 'about', p.about,
	'avatar', profile.avatar_path(p.avatar),
	'created_at', auth.rfc3339(p.created_at),
	'email', email, 'email_verified', verified);

-- Every account has a profile, whoever makes it: the releases before this
-- migration make none.
CREATE FUNCTION profile.add_missing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO profile.profile (id, created_at)
	VALUES (NEW.id, NEW.created_at)
	ON CONFLICT (id) DO NOTHING;
	RETURN NULL;
END
$$;

INSERT INTO profile.profile (id, created_at)
SELECT id, created_at FROM auth.account;

CREATE TRIGGER account_profile AFTER INSERT ON auth.account
   FOR EACH ROW EXECUTE FUNCTION profile.add_missing();

-- An attempt to prove a password: null if it may be made, and it counts as
-- failed until its key is deleted; else for how many seconds none may.
CREATE FUNCTION auth.throttle_attempt(key bytea) RETURNS integer
LANGUAGE sql
BEGIN ATOMIC
	WITH counted AS (
		INSERT INTO auth.throttle AS t (key, failures, next_at)
		VALUES (throttle_attempt.key, 1, now())
		ON CONFLICT (key) DO UPDATE
		   SET failures = t.failures + 1,
		       next_at = now() + auth.throttle_delay(t.failures + 1)
		 WHERE t.next_at <= now()
		RETURNING 1
	)
	-- Who had to wait for the others sees the row before them, or none.
	SELECT greatest(1, ceil(extract(epoch FROM
		(SELECT next_at FROM auth.throttle t
		  WHERE t.key = throttle_attempt.key) - now())))::integer
	 WHERE NOT EXISTS (SELECT FROM counted);
END;

-- Stored answers go with the account that they were for.
ALTER TABLE event.idempotency
  ADD account_id uuid
      CONSTRAINT idempotency_account_id_fkey
      REFERENCES auth.account ON DELETE CASCADE;
CREATE INDEX idempotency_account_id_idx ON event.idempotency (account_id);

-- migrate:down
DROP INDEX event.idempotency_account_id_idx;
ALTER TABLE event.idempotency DROP account_id;
DROP FUNCTION auth.throttle_attempt;
DROP TRIGGER account_profile ON auth.account;
DROP SCHEMA profile CASCADE;
