-- name: session_refresh
-- Account, profile, and 1 if the session lives on; no row if it had ended.
-- The current counter rotates.  The one before it gets the same successor for
-- the grace time: an answer was lost, or there are two tabs.  Any other was
-- stolen or is being tried: the session ends.
UPDATE auth.session s
   SET counter = counter + (counter = $2)::integer,
       rotated_at = CASE counter WHEN $2 THEN now() ELSE rotated_at END,
       last_used_at = now(),
       idle_expires_at = now() + make_interval(secs => $4),
       (ended_at, end_reason) = (
		SELECT now(), 'reuse'
		 WHERE counter <> $2
		   AND (counter <> $2 + 1 OR
			now() > rotated_at + make_interval(secs => $3)))
  FROM auth.account a
  JOIN profile.profile p USING (id)
 WHERE s.id = $1 AND a.id = s.account_id AND ended_at IS NULL
   AND now() < least(idle_expires_at, expires_at)
RETURNING a.id, profile.own(p, a.email, a.email_verified),
	  CASE WHEN ended_at IS NULL THEN 1 END;

-- name: session_logout
WITH ended AS (
	UPDATE auth.session
	   SET ended_at = now(), end_reason = 'logout'
	 WHERE account_id = $1 AND ended_at IS NULL
	   AND CASE $3 WHEN 'this' THEN id = $2
		       WHEN 'others' THEN id <> $2
		       ELSE true END
	RETURNING 1
)
SELECT count(*) FROM ended;

-- name: session_list
-- The account's live sessions, newest first, from behind the id $4.
SELECT id, json_build_object(
		'id', id, 'device', device, 'address', host(address),
		'created_at', auth.rfc3339(created_at),
		'last_used_at', auth.rfc3339(last_used_at),
		'current', id = $2)
  FROM auth.session
 WHERE account_id = $1 AND ended_at IS NULL
   AND now() < least(idle_expires_at, expires_at)
   AND ($4::uuid IS NULL OR id < $4::uuid)
 ORDER BY id DESC
 LIMIT $3::integer + 1;

-- name: session_end
UPDATE auth.session
   SET ended_at = now(), end_reason = 'logout'
 WHERE id = $2 AND account_id = $1 AND ended_at IS NULL
RETURNING 1;
