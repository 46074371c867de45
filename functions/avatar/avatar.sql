-- name: avatar_put
-- The image's path, and the profile's revision.  The same image again is no
-- change.
WITH old AS (
	SELECT avatar, revision
	  FROM profile.profile
	 WHERE id = $1
	   FOR UPDATE
), changed AS (
	UPDATE profile.profile p
	   SET avatar = $2::uuid, revision = p.revision + 1
	  FROM old
	 WHERE id = $1 AND old.avatar IS DISTINCT FROM $2::uuid
	RETURNING p.revision
), stored AS (
	INSERT INTO profile.avatar AS a (user_id, name, image)
	SELECT $1, $2, $3 FROM changed
	ON CONFLICT (user_id) DO UPDATE
	   SET name = excluded.name, image = excluded.image
), announced AS (
	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	SELECT 'user.events', 'UserProfileUpdated', $1,
	       jsonb_build_object('user_id', $1::uuid, 'revision', revision,
				  'changed', jsonb_build_array('avatar')), $4
	  FROM changed
)
SELECT json_build_object('avatar', profile.avatar_path($2)),
       coalesce((SELECT revision FROM changed), revision)
  FROM old;
