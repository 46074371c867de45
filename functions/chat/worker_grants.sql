-- Not a function: it needs less than what all of them may.
REVOKE kith_function FROM kith_chat_worker;
GRANT USAGE ON SCHEMA chat, event, profile TO kith_chat_worker;
GRANT SELECT, INSERT (consumer, event_id) ON event.inbox TO kith_chat_worker;
GRANT SELECT (id) ON profile.profile TO kith_chat_worker;
GRANT SELECT, UPDATE (last_seq, abandoned) ON chat.chat TO kith_chat_worker;
GRANT SELECT, UPDATE (role), DELETE ON chat.member TO kith_chat_worker;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_chat_worker;
GRANT EXECUTE ON FUNCTION chat.members, chat.remove_member
   TO kith_chat_worker;
-- All is found by its key or one user's: planning took as long as running.
ALTER ROLE kith_chat_worker SET plan_cache_mode = force_generic_plan;
ALTER ROLE kith_chat_worker SET enable_seqscan = off;
