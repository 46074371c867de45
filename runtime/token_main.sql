-- name: token_make
-- A row, unless a token of this name lives.
INSERT INTO auth.service AS s (id, name, scope, expires_at)
VALUES ($1, $2, $3, to_timestamp($4))
ON CONFLICT (name) DO UPDATE
   SET id = excluded.id, scope = excluded.scope, created_at = now(),
       expires_at = excluded.expires_at, revoked_at = NULL
 WHERE s.revoked_at IS NOT NULL OR s.expires_at <= now()
RETURNING 1;

-- name: token_list
SELECT name, scope, auth.rfc3339(created_at), auth.rfc3339(expires_at),
       CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
	    WHEN expires_at <= now() THEN 'expired'
	    ELSE 'live' END
  FROM auth.service
 ORDER BY name;

-- name: token_revoke
-- A row, if there was something to revoke.
UPDATE auth.service
   SET revoked_at = now()
 WHERE name = $1 AND revoked_at IS NULL AND now() < expires_at
RETURNING 1;
