-- name: typing_readers
-- Who else reads the chat $2, where $1 may write; null: nobody.  No row if $1
-- is no member.
SELECT CASE WHEN chat.is_open($2, $1) THEN
	(SELECT string_agg(user_id::text, ',')
	   FROM chat.member
	  WHERE chat_id = $2 AND user_id <> $1) END
  FROM chat.member
 WHERE chat_id = $2 AND user_id = $1;

-- name: presence_list
-- Of those who have accepted $1 or were, the latest first, from behind the
-- position $3.
SELECT json_build_array(since, other_id),
       json_build_object('user_id', other_id, 'online', online, 'seen_at',
			 CASE WHEN NOT online THEN auth.rfc3339(at) END)
  FROM social.subscription
  LEFT JOIN stream.seen seen ON seen.user_id = other_id,
       LATERAL (SELECT stream.is_online(other_id)) o (online)
 WHERE subscription.user_id = $1 AND state = 'accepted'
   AND (since, other_id) <
       (coalesce(($3::json->>0)::timestamptz, 'infinity'),
	coalesce(($3::json->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 ORDER BY since DESC, other_id DESC
 LIMIT $2::integer + 1;
