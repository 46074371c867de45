GRANT SELECT, INSERT, UPDATE (last_seq, last_at, abandoned)
   ON chat.chat TO kith_chat;
GRANT SELECT, INSERT, UPDATE (role, received_seq, read_seq), DELETE
   ON chat.member TO kith_chat;
GRANT SELECT, INSERT, UPDATE (text, edited_at) ON chat.message TO kith_chat;
GRANT SELECT, INSERT, UPDATE ON chat.creation_rate TO kith_chat;
-- UPDATE lets it lock the profiles of those whom it adds.
GRANT SELECT, UPDATE (created_at) ON profile.profile TO kith_chat;
GRANT SELECT ON social.subscription TO kith_chat;
GRANT INSERT (topic, type, key, data, traceparent)
   ON event.outbox TO kith_chat;
GRANT EXECUTE ON FUNCTION chat.document, chat.is_open, chat.members,
      chat.pair_id, chat.remove_member, chat.shown, profile.avatar_path,
      profile.public TO kith_chat;
-- All is found by its key or one user's: a plan for any values is as good, and
-- planning took longer than running.
ALTER ROLE kith_chat SET plan_cache_mode = force_generic_plan;
ALTER ROLE kith_chat SET enable_seqscan = off;
