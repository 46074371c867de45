-- Not a function: it needs less than what all of them may.
REVOKE kith_function FROM kith_relay;
GRANT USAGE ON SCHEMA event TO kith_relay;
GRANT SELECT ON event.outbox TO kith_relay;
GRANT SELECT, UPDATE ON event.cursor TO kith_relay;
GRANT USAGE ON SCHEMA auth, social, chat, notify TO kith_relay;
GRANT EXECUTE ON FUNCTION event.empty_slots, event.tidy, event.tidy_inbox,
      auth.tidy_nonces, auth.tidy_mail, social.tidy, chat.tidy, notify.tidy
   TO kith_relay;
-- One plan for ever, by indexes: the slots change too fast for statistics, and
-- where the planner overrated them, a look would start parallel workers.
ALTER ROLE kith_relay SET plan_cache_mode = force_generic_plan;
ALTER ROLE kith_relay SET enable_seqscan = off;
ALTER ROLE kith_relay SET max_parallel_workers_per_gather = 0;
-- A cursor that is lost in a crash means events sent again, nothing worse.
ALTER ROLE kith_relay SET synchronous_commit = off;
-- A relay that is stopped or cut off must not keep the lead.
ALTER ROLE kith_relay SET idle_session_timeout = '5s';
