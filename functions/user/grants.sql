-- The hash of the password, since an account is deleted against its password.
GRANT SELECT (id, email, email_verified, password, credentials), DELETE
   ON auth.account TO kith_user;
GRANT SELECT (id, account_id, device, address, created_at, last_used_at,
	      ended_at, idle_expires_at, expires_at)
   ON auth.session TO kith_user;
GRANT SELECT (id, account_id, provider, issuer, subject, email, created_at)
   ON auth.identity TO kith_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.throttle TO kith_user;
GRANT SELECT, UPDATE (nickname, nickname_key, nickname_search, about, avatar,
		      revision)
   ON profile.profile TO kith_user;
GRANT SELECT, DELETE ON profile.avatar TO kith_user;
-- UPDATE lets it lock what is of who leaves.
GRANT UPDATE (created_at) ON auth.account TO kith_user;
GRANT UPDATE (language) ON notify.box TO kith_user;
GRANT SELECT, UPDATE (since) ON social.subscription TO kith_user;
GRANT SELECT ON chat.chat, chat.member, chat.message TO kith_user;
GRANT SELECT ON notify.box, notify.mute, notify.shown TO kith_user;
GRANT SELECT (session_id, user_id, platform, token, registered_at)
   ON notify.device TO kith_user;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_user;
GRANT EXECUTE ON FUNCTION auth.throttle_attempt, auth.throttle_delay,
      chat.shown, notify.counted, notify.phrase, notify.preferences,
      profile.avatar_path, profile.own, profile.public TO kith_user;
-- Search is always by index, whatever it is for: planning it took longer than
-- finding the beginnings.
ALTER ROLE kith_user SET enable_seqscan = off;
ALTER ROLE kith_user SET plan_cache_mode = force_generic_plan;
