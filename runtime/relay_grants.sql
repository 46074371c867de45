-- Not a function: it needs less than what all of them may.
REVOKE kith_function FROM kith_relay;
GRANT USAGE ON SCHEMA event TO kith_relay;
GRANT SELECT ON event.outbox TO kith_relay;
GRANT SELECT, UPDATE ON event.cursor TO kith_relay;
GRANT EXECUTE ON FUNCTION event.empty_slots, event.tidy TO kith_relay;
-- The slots are never analysed: they change faster than that.
ALTER ROLE kith_relay SET enable_seqscan = off;
