-- name: idempotency_claim
-- A row if nobody used the key before.
INSERT INTO event.idempotency (key, request)
VALUES ($1, $2)
ON CONFLICT DO NOTHING
RETURNING 1;

-- name: idempotency_get
SELECT request, status, answer
  FROM event.idempotency
 WHERE key = $1;

-- name: idempotency_store
UPDATE event.idempotency
   SET status = $2, answer = $3, account_id = $4
 WHERE key = $1
RETURNING 1;
