-- name: gateway_beat
SELECT stream.beat($1);

-- name: gateway_bury
SELECT id, data FROM stream.bury();

-- name: sessions_ended
-- Which of these sessions are not live any more.
SELECT id
  FROM unnest($1::uuid[]) asked (id)
 WHERE NOT EXISTS (SELECT FROM auth.live_session s WHERE s.id = asked.id);

-- name: presence_change
SELECT id, data FROM stream.change($1, $2, $3, now());
