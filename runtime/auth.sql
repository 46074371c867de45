-- name: session_live
-- A row if the session of this account has not ended.
SELECT 1
  FROM auth.live_session
 WHERE id = $1 AND account_id = $2;
