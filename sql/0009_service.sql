-- migrate:up
-- Services: programs that ask for nobody, each with a token that says what it
-- may do.  A token itself is nowhere.
CREATE TABLE auth.service (
	id		uuid PRIMARY KEY,	-- sub and sid of the token
	name		text NOT NULL
			CONSTRAINT service_name_key UNIQUE
			CONSTRAINT service_name_check
			CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
	scope		text NOT NULL		-- as runtime/token.h has it
			CONSTRAINT service_scope_check
			CHECK (octet_length(scope) BETWEEN 1 AND 127),
	created_at	timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz NOT NULL,
	revoked_at	timestamptz
);

-- What every function may know of a service.
CREATE VIEW auth.live_service AS
SELECT id
  FROM auth.service
 WHERE revoked_at IS NULL AND now() < expires_at;

GRANT SELECT ON auth.live_service TO kith_function;

-- migrate:down
DROP VIEW auth.live_service;
DROP TABLE auth.service;
