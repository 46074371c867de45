-- migrate:up
-- The inbox: which events a consumer has done, written in the transaction of
-- their effect, so that one that comes again has no second effect.
CREATE TABLE event.inbox (
	consumer	text NOT NULL
			CONSTRAINT inbox_consumer_check
			CHECK (octet_length(consumer) <= 64),
	event_id	bigint NOT NULL
			CONSTRAINT inbox_event_id_check CHECK (event_id > 0),
	at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_at_idx ON event.inbox (at);

-- Deletes some of what is older than any topic keeps its events, and than a
-- dead letter; the relay calls it every few seconds.
CREATE FUNCTION event.tidy_inbox() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
	DELETE FROM event.inbox
	 WHERE (consumer, event_id) IN (
		SELECT consumer, event_id FROM event.inbox
		 WHERE at < now() - interval '30 days'
		 LIMIT 10000);
END;

-- migrate:down
DROP FUNCTION event.tidy_inbox;
DROP TABLE event.inbox;
