-- name: push_due
SELECT notify.due();

-- name: push_claim
SELECT device_id, collapse_id, id, tries, lane, sandbox, token,
       p256dh, auth, payload, ttl_s, urgent, badge, registered
  FROM notify.claim($1, $2, $3, $4);

-- name: push_settle
SELECT notify.settle($1, $2, $3, $4, $5, $6, $7, $8);
