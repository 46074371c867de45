GRANT SELECT (id, email, email_verified, password, credentials),
      UPDATE (email, email_verified, password, credentials)
   ON auth.account TO kith_account;
GRANT SELECT (id, account_id, created_at, ended_at),
      UPDATE (ended_at, end_reason)
   ON auth.session TO kith_account;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.throttle TO kith_account;
GRANT SELECT (account_id), DELETE ON auth.identity TO kith_account;
GRANT SELECT (id, account_id), UPDATE (used_at) ON auth.link TO kith_account;
GRANT SELECT ON auth.live_link TO kith_account;
GRANT SELECT (id, nickname, nickname_key, nickname_search, revision),
      UPDATE (nickname, nickname_key, nickname_search, revision)
   ON profile.profile TO kith_account;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_account;
GRANT EXECUTE ON FUNCTION auth.email_key, auth.mail_allowed, auth.send_mail,
      auth.throttle_attempt, auth.throttle_delay TO kith_account;
