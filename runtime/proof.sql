-- name: proof_attempt
-- The password's hash (null: has none), for how many seconds no attempt is
-- made (null: this one is), 1 if the session $2 began a moment ago, the
-- address, and which credentials these are.
SELECT a.password,
       CASE WHEN a.password IS NOT NULL AND $3::bytea IS NOT NULL
	    THEN auth.throttle_attempt($3) END,
       CASE WHEN s.created_at > now() - interval '10 minutes' THEN 1 END,
       a.email, a.credentials
  FROM auth.account a
  JOIN auth.session s ON s.account_id = a.id
 WHERE a.id = $1 AND s.id = $2;
