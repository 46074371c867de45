-- name: subscription_act
-- What $1 does ($3) with $2, by the table below; no row if it has no line.
-- Else: for how many seconds this must wait (null: it is done), 1 if anything
-- changed, and the subscription as $1 sees it now.  A row that another action
-- made at the same moment couldn't be locked: then all of this is tried again.
--
-- Only a new request waits: $4 of them may be pending, $5 be sent an hour, and
-- after a decline it is $6 seconds.
WITH transition (action, mine, theirs, my_next, their_next, event) AS (VALUES
	('request', 'none',     'none',     'outgoing', 'incoming', 'SubscriptionRequestSent'),
	('request', 'none',     'outgoing', 'accepted', 'accepted', 'SubscriptionRequestAccepted'),
	('request', 'none',     'blocked',  'outgoing', 'blocked',  NULL),
	('request', 'outgoing', 'none',     'outgoing', 'incoming', 'SubscriptionRequestSent'),
	('request', 'outgoing', 'incoming', 'outgoing', 'incoming', NULL),
	('request', 'outgoing', 'blocked',  'outgoing', 'blocked',  NULL),
	('request', 'incoming', 'outgoing', 'accepted', 'accepted', 'SubscriptionRequestAccepted'),
	('request', 'accepted', 'accepted', 'accepted', 'accepted', NULL),
	('accept',  'incoming', 'outgoing', 'accepted', 'accepted', 'SubscriptionRequestAccepted'),
	('accept',  'accepted', 'accepted', 'accepted', 'accepted', NULL),
	('decline', 'incoming', 'outgoing', 'none',     'none',     'SubscriptionRequestDeclined'),
	('remove',  'outgoing', 'none',     'none',     'none',     NULL),
	('remove',  'outgoing', 'incoming', 'none',     'none',     'SubscriptionRemoved'),
	('remove',  'outgoing', 'blocked',  'none',     'blocked',  NULL),
	('remove',  'accepted', 'accepted', 'none',     'none',     'SubscriptionRemoved'),
	('block',   'none',     'none',     'blocked',  'none',     NULL),
	('block',   'none',     'outgoing', 'blocked',  'outgoing', NULL),
	('block',   'none',     'blocked',  'blocked',  'blocked',  NULL),
	('block',   'outgoing', 'none',     'blocked',  'none',     NULL),
	('block',   'outgoing', 'incoming', 'blocked',  'none',     'SubscriptionRemoved'),
	('block',   'outgoing', 'blocked',  'blocked',  'blocked',  NULL),
	('block',   'incoming', 'outgoing', 'blocked',  'outgoing', NULL),
	('block',   'accepted', 'accepted', 'blocked',  'none',     'SubscriptionRemoved'),
	('block',   'blocked',  'none',     'blocked',  'none',     NULL),
	('block',   'blocked',  'outgoing', 'blocked',  'outgoing', NULL),
	('block',   'blocked',  'blocked',  'blocked',  'blocked',  NULL),
	('unblock', 'blocked',  'none',     'none',     'none',     NULL),
	('unblock', 'blocked',  'outgoing', 'none',     'outgoing', NULL),
	('unblock', 'blocked',  'blocked',  'none',     'blocked',  NULL)
), people AS (
	-- Before the pair, as who leaves does.
	SELECT id
	  FROM profile.profile
	 WHERE id IN ($1, $2)
	 ORDER BY id
	   FOR KEY SHARE
), old AS (
	SELECT *
	  FROM social.subscription
	 WHERE (user_id, other_id) IN (($1, $2), ($2, $1))
	   AND (SELECT count(*) FROM people) >= 0
	 ORDER BY user_id
	   FOR UPDATE
), step AS (
	SELECT *, mine <> my_next OR theirs <> their_next AS changes
	  FROM transition
	 WHERE action = $3
	   AND mine = coalesce((SELECT state::text FROM old
				 WHERE user_id = $1), 'none')
	   AND theirs = coalesce((SELECT state::text FROM old
				   WHERE user_id = $2), 'none')
), rate AS (
	-- Who asks several at once does so in turn.
	SELECT used_until
	  FROM step
	  JOIN social.request_rate ON user_id = $1
	 WHERE mine = 'none' AND my_next = 'outgoing'
	   FOR UPDATE OF request_rate
), asked AS (
	SELECT used_until,
	       greatest((SELECT declined_at + make_interval(secs => $6)
			   FROM old
			  WHERE user_id = $1),
			CASE WHEN social.pending($1) >= $4
			     THEN now() + interval '1 hour' END) AS not_before
	  FROM step
	  LEFT JOIN rate ON true
	 WHERE mine = 'none' AND my_next = 'outgoing'
), counted AS (
	INSERT INTO social.request_rate AS r (user_id, used_until)
	SELECT $1, now() + interval '1 hour' / $5
	  FROM asked
	 WHERE coalesce(not_before <= now(), true)
	ON CONFLICT (user_id) DO UPDATE
	   SET used_until = greatest(r.used_until, now())
			    + interval '1 hour' / $5
	 WHERE r.used_until <= now() + interval '1 hour' * (1 - 1.0 / $5)
	RETURNING 1
), refused AS (
	SELECT greatest(1, ceil(extract(epoch FROM greatest(
			not_before,
			used_until - interval '1 hour' * (1 - 1.0 / $5))
			- now())))::integer AS wait_s
	  FROM asked
	 WHERE NOT EXISTS (SELECT FROM counted)
), written AS (
	INSERT INTO social.subscription AS s
	       (user_id, other_id, state, declined_at)
	SELECT side.*
	  FROM step, LATERAL (VALUES
		($1::uuid, $2::uuid, my_next::social.state, NULL::timestamptz),
		($2, $1, their_next::social.state,
		 CASE action WHEN 'decline' THEN now() END)
	       ) side (user_id, other_id, state, declined_at)
	 WHERE changes AND NOT EXISTS (SELECT FROM refused)
	 ORDER BY user_id
	ON CONFLICT (user_id, other_id) DO UPDATE
	   SET state = CASE WHEN s.user_id IN (SELECT user_id FROM old)
			    THEN excluded.state ELSE social.try_again() END,
	       since = CASE s.state WHEN excluded.state THEN s.since
			    ELSE now() END,
	       declined_at = coalesce(excluded.declined_at, s.declined_at)
	RETURNING user_id, since
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'subscription.events', event,
	       least($1::uuid, $2::uuid) || ':' || greatest($1::uuid, $2::uuid),
	       jsonb_build_object('user_id', $1::uuid, 'other_id', $2::uuid) ||
	       CASE event WHEN 'SubscriptionRemoved'
	       THEN jsonb_build_object('was', CASE mine WHEN 'accepted'
			THEN 'accepted' ELSE 'requested' END)
	       ELSE '{}' END, $7
	  FROM step
	 WHERE event IS NOT NULL AND EXISTS (SELECT FROM written)
)
SELECT wait_s, CASE WHEN mine <> my_next THEN 1 END,
       CASE WHEN wait_s IS NULL THEN json_build_object(
		'user', profile.public(p), 'state', my_next,
		'since', auth.rfc3339(since)) END
  FROM step
  LEFT JOIN refused ON true
  LEFT JOIN profile.profile p ON p.id = $2
  LEFT JOIN LATERAL (
	SELECT since FROM written WHERE user_id = $1
	UNION ALL
	SELECT since FROM old WHERE user_id = $1 AND NOT changes) s ON true;

-- name: subscription_list
-- Of $1 those in state $2 (null: in any), from behind the position $4.
SELECT json_build_array(state, since, other_id),
       json_build_object('user', profile.public(p), 'state', state,
			 'since', auth.rfc3339(since))
  FROM social.subscription s
  JOIN profile.profile p ON p.id = other_id
 WHERE user_id = $1
   AND state BETWEEN coalesce($2::social.state, 'blocked')
		 AND coalesce($2::social.state, 'accepted')
   AND (state, since, other_id) <
       (coalesce(($4::json->>0)::social.state, 'accepted'),
	coalesce(($4::json->>1)::timestamptz, 'infinity'),
	coalesce(($4::json->>2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 ORDER BY state DESC, since DESC, other_id DESC
 LIMIT $3::integer + 1;

-- name: user_exists
SELECT 1
  FROM profile.profile
 WHERE id = $1;
