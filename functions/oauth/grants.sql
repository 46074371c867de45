-- UPDATE lets it lock the account; of the password it knows whether there is
-- one.
GRANT SELECT (id, email, email_key, email_verified),
      INSERT (id, email, email_verified), UPDATE (created_at)
   ON auth.account TO kith_oauth;
GRANT SELECT, DELETE,
      INSERT (id, issuer, subject, account_id, provider, email)
   ON auth.identity TO kith_oauth;
GRANT SELECT, INSERT (digest), DELETE ON auth.nonce TO kith_oauth;
GRANT SELECT, UPDATE (ended_at, end_reason),
      INSERT (id, account_id, device, address, idle_expires_at, expires_at)
   ON auth.session TO kith_oauth;
GRANT SELECT, INSERT (id, nickname, nickname_key, nickname_search)
   ON profile.profile TO kith_oauth;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_oauth;
GRANT EXECUTE ON FUNCTION auth.email_key, auth.has_password, auth.send_mail,
      profile.avatar_path, profile.own TO kith_oauth;
