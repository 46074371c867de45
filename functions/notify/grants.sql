GRANT SELECT ON notify.shown TO kith_notify;
GRANT SELECT,
      INSERT (user_id, language, message, request, accepted, login, service),
      UPDATE (language, message, request, accepted, login, service)
   ON notify.box TO kith_notify;
GRANT SELECT,
      INSERT (session_id, user_id, platform, token, p256dh, auth, sandbox),
      UPDATE (platform, token, p256dh, auth, sandbox, registered_at), DELETE
   ON notify.device TO kith_notify;
GRANT SELECT (device_id, lane), UPDATE (lane) ON notify.push TO kith_notify;
GRANT SELECT, INSERT, UPDATE (chat_id), DELETE ON notify.mute TO kith_notify;
GRANT SELECT (chat_id, user_id) ON chat.member TO kith_notify;
GRANT EXECUTE ON FUNCTION notify.collapse_id, notify.counted,
      notify.device_document, notify.forget, notify.make, notify.mark_read,
      notify.phrase, notify.preferences TO kith_notify;
-- All is found by its key or one user's, whatever the values.
ALTER ROLE kith_notify SET plan_cache_mode = force_generic_plan;
ALTER ROLE kith_notify SET enable_seqscan = off;
-- Nobody is met twice in a page: remembering whom took a quarter of its time.
ALTER ROLE kith_notify SET enable_memoize = off;
