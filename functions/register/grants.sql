GRANT SELECT, INSERT (id, email, password) ON auth.account TO kith_register;
GRANT SELECT, INSERT (id, nickname, nickname_key, nickname_search)
   ON profile.profile TO kith_register;
GRANT INSERT (id, account_id, device, address, idle_expires_at, expires_at)
   ON auth.session TO kith_register;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_register;
GRANT EXECUTE ON FUNCTION auth.email_key, auth.send_mail, profile.avatar_path, profile.own
   TO kith_register;
