-- name: relay_lead
-- A row if this session may publish; it keeps the right until it ends.
SELECT 1 WHERE pg_try_advisory_lock(hashtext('kith relay'));

-- name: relay_begin
-- A new epoch: whoever led before can't move the cursor any more.  True at the
-- end if the cursor is ahead of the transactions that there are.
UPDATE event.cursor
   SET epoch = epoch + 1
RETURNING epoch, snapshot, target, after_id,
	  pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot());

-- name: relay_leads
-- A row while nobody has begun an epoch since.
SELECT 1 FROM event.cursor WHERE epoch = $1;

-- name: relay_difference
-- What this statement's snapshot shows and $1 does not, by id: the events of
-- transactions that began after $1 or were under way in it.  "+ 0" keeps the
-- planner from walking all that was published, by outbox_id_idx.
SELECT pg_current_snapshot(), id, topic, type, key, data, traceparent,
       to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
       extract(epoch FROM clock_timestamp() - created_at)
  FROM event.outbox
 WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)
    OR xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
 ORDER BY id + 0
 LIMIT $2::integer;

-- name: relay_rest
-- The same of $2, an older snapshot, and behind the id $3.
SELECT $2::pg_snapshot, id, topic, type, key, data, traceparent,
       to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
       extract(epoch FROM clock_timestamp() - created_at)
  FROM event.outbox
 WHERE id > $3::bigint
   AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
   AND pg_visible_in_snapshot(xid, $2::pg_snapshot)
 ORDER BY id
 LIMIT $4::integer;

-- name: relay_store
UPDATE event.cursor
   SET snapshot = $2, target = $3, after_id = $4
 WHERE epoch = $1
RETURNING 1;

-- name: relay_empty
SELECT event.empty_slots();

-- name: relay_tidy
SELECT event.tidy(), auth.tidy_nonces(), auth.tidy_mail(), social.tidy(),
       chat.tidy(), notify.tidy();

-- name: relay_tidy_inbox
SELECT event.tidy_inbox();
