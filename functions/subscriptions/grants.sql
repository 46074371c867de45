-- UPDATE lets it lock them.
GRANT SELECT, UPDATE (created_at) ON profile.profile TO kith_subscriptions;
GRANT SELECT, INSERT, UPDATE ON social.subscription, social.request_rate
   TO kith_subscriptions;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_subscriptions;
GRANT EXECUTE ON FUNCTION profile.avatar_path, profile.public,
      social.pending, social.try_again TO kith_subscriptions;
