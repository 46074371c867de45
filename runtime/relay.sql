-- name: relay_lead
-- A row if this session may publish; it keeps the right until it ends.
SELECT 1 WHERE pg_try_advisory_lock(hashtext('kith relay'));

-- name: relay_begin
-- A new epoch: whoever led before can't move the cursor any more.
UPDATE event.cursor
   SET epoch = epoch + 1
RETURNING epoch, snapshot, target, after_id;

-- name: relay_fetch
-- What is visible in this statement's snapshot (or in $2, which is older) but
-- not in $1, by id, behind the id $3; with the snapshot in each row.  One row
-- without an id if there is nothing.
SELECT pg_current_snapshot(), e.id, e.topic, e.type, e.key, e.data,
       e.traceparent, e.time
  FROM (VALUES (1)) always LEFT JOIN LATERAL (
	SELECT id, topic, type, key, data, traceparent,
	       to_char(created_at AT TIME ZONE 'UTC',
		       'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time
	  FROM event.outbox
	 WHERE xid >= pg_snapshot_xmin($1::pg_snapshot)
	   AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
	   AND ($2::pg_snapshot IS NULL OR
		pg_visible_in_snapshot(xid, $2::pg_snapshot))
	   AND id > $3::bigint
	 ORDER BY id
	 LIMIT $4::integer
       ) e ON true
 ORDER BY e.id;

-- name: relay_store
UPDATE event.cursor
   SET snapshot = $2, target = $3, after_id = $4
 WHERE epoch = $1
RETURNING 1;

-- name: relay_empty
SELECT event.empty_slots();

-- name: relay_tidy
SELECT event.tidy();
