GRANT SELECT, UPDATE (password) ON auth.account TO kith_login;
GRANT SELECT, UPDATE (ended_at, end_reason),
      INSERT (id, account_id, device, address, idle_expires_at, expires_at)
   ON auth.session TO kith_login;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.throttle TO kith_login;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_login;
GRANT EXECUTE ON FUNCTION auth.email_key, auth.own_profile,
      auth.throttle_delay TO kith_login;
