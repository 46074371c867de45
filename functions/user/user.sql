-- name: user_get
-- Anybody's profile, as everybody sees it, and its revision.
SELECT profile.public(p), revision
  FROM profile.profile p
 WHERE id = $1;

-- name: user_get_own
SELECT profile.own(p, email, email_verified), revision
  FROM profile.profile p
  JOIN auth.account USING (id)
 WHERE id = $1;

-- name: user_put
-- Null for each precondition that fails (If-Match $7 names the revision; $6 is
-- the avatar that the profile has), the profile and its revision.  What does
-- not change anything is no change.
WITH old AS (
	SELECT p, p.avatar, p.revision,
	       $7::text IS NULL OR $7 = '*' OR
	       $7 ~ ('(^|,)[ \t]*"' || p.revision || '"[ \t]*(,|$)')
	       AS matches,
	       $6::text IS NULL OR
	       $6 IS NOT DISTINCT FROM profile.avatar_path(p.avatar)
	       AS has_avatar,
	       array_remove(ARRAY[
			CASE WHEN nickname IS DISTINCT FROM $2
			     THEN 'nickname' END,
			CASE WHEN about IS DISTINCT FROM $5 THEN 'about' END,
			CASE WHEN avatar IS NOT NULL AND $6 IS NULL
			     THEN 'avatar' END], NULL) AS changes
	  FROM profile.profile p
	 WHERE id = $1
	   FOR UPDATE
), changed AS (
	UPDATE profile.profile new
	   SET nickname = $2, nickname_key = $3, nickname_search = $4,
	       about = $5, revision = new.revision + 1,
	       avatar = CASE WHEN $6 IS NOT NULL THEN new.avatar END
	  FROM old
	 WHERE id = $1 AND matches AND has_avatar AND changes <> '{}'
	RETURNING new AS p, new.revision, changes
), removed AS (
	DELETE FROM profile.avatar
	 USING changed
	 WHERE user_id = $1 AND 'avatar' = ANY (changes)
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'user.events', 'UserProfileUpdated', $1,
	       jsonb_build_object('user_id', $1::uuid, 'revision', revision,
				  'changed', changes), $8
	  FROM changed
)
SELECT CASE WHEN matches THEN 1 END, CASE WHEN has_avatar THEN 1 END,
       profile.own(coalesce(changed.p, old.p), email, email_verified),
       coalesce(changed.revision, old.revision)
  FROM old
  JOIN auth.account ON id = $1
  LEFT JOIN changed ON true;

-- name: user_lock
-- What nobody changes while the user leaves.  Locked in the order in which
-- others lock it too: account, profile, notifications; then pairs, of which
-- there can't be another now.
WITH account AS (
	SELECT id
	  FROM auth.account
	 WHERE id = $1
	   FOR UPDATE
), profile AS (
	SELECT id
	  FROM profile.profile
	 WHERE id = (SELECT id FROM account)
	   FOR UPDATE
), box AS (
	SELECT user_id
	  FROM notify.box
	 WHERE user_id = (SELECT id FROM profile)
	   FOR UPDATE
)
SELECT id
  FROM profile
  LEFT JOIN box ON true;

-- name: user_delete
-- All that is the user's goes with the account.
WITH pairs AS (
	SELECT user_id
	  FROM social.subscription
	 WHERE user_id = $1 OR other_id = $1
	 ORDER BY user_id, other_id
	   FOR UPDATE
), deleted AS (
	DELETE FROM auth.account
	 WHERE id = $1 AND (SELECT count(*) FROM pairs) >= 0
	RETURNING id
), forgiven AS (
	DELETE FROM auth.throttle
	 WHERE key = $2
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'user.events', 'UserDeleted', id,
	       jsonb_build_object('user_id', id), $3
	  FROM deleted
)
SELECT id FROM deleted;

-- name: user_export
SELECT json_build_object(
	'exported_at', auth.rfc3339(now()),
	'profile', profile.own(p, email, email_verified),
	'avatar_image', (
		SELECT json_build_object('type', 'image/webp', 'base64',
			replace(encode(image, 'base64'), E'\n', ''))
		  FROM profile.avatar
		 WHERE user_id = $1),
	'identities', (
		SELECT coalesce(json_agg(json_build_object(
			'id', id, 'provider', provider, 'issuer', issuer,
			'subject', subject, 'email', i.email,
			'created_at', auth.rfc3339(i.created_at))
			ORDER BY id DESC), '[]')
		  FROM auth.identity i
		 WHERE account_id = $1),
	'sessions', (
		SELECT coalesce(json_agg(json_build_object(
			'id', id, 'device', device, 'address', host(address),
			'created_at', auth.rfc3339(created_at),
			'last_used_at', auth.rfc3339(last_used_at))
			ORDER BY id DESC), '[]')
		  FROM auth.session
		 WHERE account_id = $1 AND ended_at IS NULL
		   AND now() < least(idle_expires_at, expires_at)),
	'subscriptions', (
		SELECT coalesce(json_agg(json_build_object(
			'user', profile.public(other), 'state', state,
			'since', auth.rfc3339(since))
			ORDER BY state DESC, since DESC), '[]')
		  FROM social.subscription
		  JOIN profile.profile other ON other.id = other_id
		 WHERE user_id = $1 AND state <> 'none'),
	'chats', (
		SELECT coalesce(json_agg(json_build_object(
			'id', c.id, 'kind', kind, 'title', title, 'role', role,
			'joined_at', auth.rfc3339(joined_at))
			ORDER BY joined_at, c.id), '[]')
		  FROM chat.member
		  JOIN chat.chat c ON c.id = chat_id
		 WHERE user_id = $1),
	'messages', (
		SELECT coalesce(json_agg(row_to_json(chat.shown(m))
			ORDER BY sent_at, m.chat_id, seq), '[]')
		  FROM chat.member
		  JOIN chat.message m USING (chat_id)
		 WHERE user_id = $1 AND sender_id = $1),
	'notifications', (
		SELECT coalesce(json_agg(row_to_json(document)
			ORDER BY number), '[]')
		  FROM notify.shown
		 WHERE user_id = $1),
	'notification_preferences', notify.preferences($1),
	'devices', (
		SELECT coalesce(json_agg(json_build_object(
			'id', session_id, 'platform', platform,
			'token', token, 'registered_at',
			auth.rfc3339(registered_at)) ORDER BY session_id), '[]')
		  FROM notify.device
		 WHERE user_id = $1))
  FROM profile.profile p
  JOIN auth.account USING (id)
 WHERE id = $1;

-- name: user_search
-- Who is called like $1, from behind the position $3: those whose nickname
-- begins with it, in order; and only if they don't fill the page, and there are
-- three characters to compare, those in whose nickname something is similar to
-- it, most similar first.  Of a name that very many have, the first 500 are
-- looked at.
--
-- A typo changes up to four of the n trigrams of $1, and adds as many: what
-- shares the others is similar.  But not less than 0.4 of all, where syllables
-- begin to do, or 0.5 of a few; and of much text 0.6, however many typos.  Of a
-- text that is longer than any nickname, the beginning is compared.
WITH beginning AS MATERIALIZED (
	SELECT p, 3::real AS score, nickname_search AS name, id
	  FROM profile.profile p
	 WHERE coalesce(($3::json->>0)::real, 3) = 3
	   AND (nickname_search, id) >
	       (coalesce($3::json->>1, $1), coalesce(($3::json->>2)::uuid,
		'00000000-0000-0000-0000-000000000000'))
	   AND nickname_search <= $1 || U&'\+10FFFF'
	 ORDER BY nickname_search, id
	 LIMIT $2::integer + 1
), resembling AS MATERIALIZED (
	SELECT p, (profile.word_similarity($1, name) +
		   profile.similarity($1, name))::real AS score, name, id
	  FROM (SELECT p, nickname_search AS name, id
		  FROM profile.profile p
		 WHERE nickname_search OPERATOR(profile.%>) left($1, 32)
		   AND (nickname_search BETWEEN $1 AND $1 || U&'\+10FFFF')
		       IS FALSE
		   AND (SELECT count(*) FROM beginning) <= $2::integer
		   AND char_length($1) >= 3
		   AND (SELECT set_config('pg_trgm.word_similarity_threshold',
				CASE WHEN n < 7 THEN 0.5
				     ELSE greatest(0.4, least(0.6,
					(n - 4.0) / (n + 4)))
				END::text, true)
			  FROM cardinality(profile.show_trgm(left($1, 32))) n
			 WHERE n > 0) IS NOT NULL
		 LIMIT 500) candidate
)
SELECT json_build_array(score, name, id), profile.public(p)
  FROM (SELECT *
	  FROM (SELECT * FROM beginning
		UNION ALL
		SELECT * FROM resembling) found
	 WHERE score < coalesce(($3::json->>0)::real, 4)
	    OR (score = ($3::json->>0)::real AND
		(name, id) > ($3::json->>1, ($3::json->>2)::uuid))
	 ORDER BY score DESC, name, id
	 LIMIT $2::integer + 1) page
 ORDER BY score DESC, name, id;

-- name: avatar_get
SELECT image
  FROM profile.avatar
 WHERE name = $1;
