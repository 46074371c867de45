-- migrate:up
-- Identities: accounts at other providers, by which one signs in here.
-- A provider may give no e-mail address, so an account may have none.
ALTER TABLE auth.account
  ALTER email DROP NOT NULL,
  ALTER email_key DROP NOT NULL;

-- Who somebody is at a provider: its issuer and the subject there, never the
-- e-mail address, which may be another's tomorrow.
CREATE TABLE auth.identity (
	issuer		text NOT NULL,
	subject		text NOT NULL
			CONSTRAINT identity_subject_check
			CHECK (octet_length(subject) BETWEEN 1 AND 255),
	id		uuid NOT NULL
			CONSTRAINT identity_id_key UNIQUE,
	account_id	uuid NOT NULL
			CONSTRAINT identity_account_id_fkey
			REFERENCES auth.account ON DELETE CASCADE,
	provider	text NOT NULL,		-- its name in the configuration
	email		text			-- as it was when it was linked
			CONSTRAINT identity_email_check
			CHECK (octet_length(email) <= 254),
	created_at	timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (issuer, subject)
);
CREATE INDEX identity_account_id_idx ON auth.identity (account_id, id DESC);

-- What providers shall put into the tokens that they give to apps: each is
-- taken once, within 10 minutes.
CREATE TABLE auth.nonce (
	digest		bytea PRIMARY KEY,	-- keyed
	created_at	timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX nonce_created_at_idx ON auth.nonce (created_at);

-- All that the function oauth may know of a password.
CREATE FUNCTION auth.has_password(account_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT password IS NOT NULL
	  FROM auth.account
	 WHERE id = has_password.account_id;
END;

-- Deletes some of what has served its time; the relay calls it when it calls
-- event.tidy().
CREATE FUNCTION auth.tidy_nonces() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	DELETE FROM auth.nonce
	 WHERE digest IN (SELECT digest FROM auth.nonce
			   WHERE created_at < now() - interval '10 minutes'
			   LIMIT 10000);
END;

-- migrate:down
DROP FUNCTION auth.tidy_nonces, auth.has_password;
DROP TABLE auth.nonce, auth.identity;
-- Nobody could sign in to them any more.
DELETE FROM auth.account WHERE email IS NULL;
ALTER TABLE auth.account
  ALTER email SET NOT NULL,
  ALTER email_key SET NOT NULL;
