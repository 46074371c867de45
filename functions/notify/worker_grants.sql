-- Not a function: it needs less than what all of them may.
REVOKE kith_function FROM kith_notify_worker;
GRANT USAGE ON SCHEMA auth, chat, event, notify TO kith_notify_worker;
GRANT SELECT, INSERT (consumer, event_id) ON event.inbox TO kith_notify_worker;
GRANT SELECT (id, account_id, device, created_at)
   ON auth.session TO kith_notify_worker;
GRANT SELECT (id, created_at) ON auth.account TO kith_notify_worker;
GRANT SELECT (id, title) ON chat.chat TO kith_notify_worker;
GRANT SELECT (chat_id, user_id, read_seq) ON chat.member TO kith_notify_worker;
GRANT SELECT (user_id, actor_id, kind) ON notify.notification
   TO kith_notify_worker;
GRANT SELECT, DELETE ON notify.mute TO kith_notify_worker;
GRANT EXECUTE ON FUNCTION notify.claim, notify.due, notify.forget, notify.make,
      notify.mark_chat_read, notify.settle TO kith_notify_worker;
-- All is found by its key or one user's: planning took as long as running.
ALTER ROLE kith_notify_worker SET plan_cache_mode = force_generic_plan;
ALTER ROLE kith_notify_worker SET enable_seqscan = off;
-- What is claimed is thought to be more than it is, and joined with all rows.
ALTER ROLE kith_notify_worker SET enable_hashjoin = off;
ALTER ROLE kith_notify_worker SET enable_mergejoin = off;
