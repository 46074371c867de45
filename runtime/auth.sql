-- name: session_live
-- A row if the session of this account has not ended.
SELECT 1
  FROM auth.live_session
 WHERE id = $1 AND account_id = $2;

-- name: service_live
-- A row if this service lives, and is both sid and sub of its token.
SELECT 1
  FROM auth.live_service
 WHERE id = $1 AND id = $2;
