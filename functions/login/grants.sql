GRANT SELECT, UPDATE (password) ON auth.account TO kith_login;
GRANT SELECT, UPDATE (ended_at, end_reason),
      INSERT (id, account_id, device, address, idle_expires_at, expires_at)
   ON auth.session TO kith_login;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.throttle TO kith_login;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_login;
GRANT SELECT ON profile.profile TO kith_login;
GRANT EXECUTE ON FUNCTION auth.email_key, auth.throttle_attempt,
      auth.throttle_delay, profile.avatar_path, profile.own TO kith_login;
