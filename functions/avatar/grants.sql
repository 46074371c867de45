GRANT SELECT, UPDATE (avatar, revision) ON profile.profile TO kith_avatar;
GRANT SELECT, INSERT, UPDATE (name, image) ON profile.avatar TO kith_avatar;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_avatar;
GRANT EXECUTE ON FUNCTION profile.avatar_path TO kith_avatar;
