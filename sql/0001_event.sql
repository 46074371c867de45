-- migrate:up
-- The outbox: events wait here, written in the transaction of their change,
-- until the relay has published them.
DO $$
BEGIN
	CREATE ROLE kith_function NOLOGIN;	-- what all functions may do
EXCEPTION WHEN duplicate_object THEN
	NULL;
END
$$;

DO $$
BEGIN
	EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC',
		       current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE SCHEMA event;

-- Four slots take turns of a minute.  The ones that rest are emptied by
-- TRUNCATE, which no forgotten snapshot can hold up.
CREATE TABLE event.outbox (
	id		bigint GENERATED ALWAYS AS IDENTITY,
	slot		smallint NOT NULL
			DEFAULT extract(epoch FROM clock_timestamp())::bigint
				/ 60 % 4,
	xid		xid8 NOT NULL DEFAULT pg_current_xact_id(),
	topic		text NOT NULL,
	type		text NOT NULL,
	key		text NOT NULL,		-- of the aggregate
	data		jsonb NOT NULL,
	traceparent	text,
	created_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	CONSTRAINT outbox_topic_check CHECK (topic ~ '^[a-z]+\.events$'),
	CONSTRAINT outbox_type_check CHECK (type ~ '^[A-Za-z]{1,64}$'),
	CONSTRAINT outbox_key_check CHECK (octet_length(key) BETWEEN 1 AND 128),
	CONSTRAINT outbox_traceparent_check
		CHECK (octet_length(traceparent) <= 128),
	CONSTRAINT outbox_data_check	-- far below what Kafka takes, 1 MB
		CHECK (octet_length(data::text) <= 64 * 1024)
) PARTITION BY LIST (slot);

-- TRUNCATE leaves nothing to vacuum.
CREATE TABLE event.outbox_0 PARTITION OF event.outbox FOR VALUES IN (0)
  WITH (autovacuum_enabled = off);
CREATE TABLE event.outbox_1 PARTITION OF event.outbox FOR VALUES IN (1)
  WITH (autovacuum_enabled = off);
CREATE TABLE event.outbox_2 PARTITION OF event.outbox FOR VALUES IN (2)
  WITH (autovacuum_enabled = off);
CREATE TABLE event.outbox_3 PARTITION OF event.outbox FOR VALUES IN (3)
  WITH (autovacuum_enabled = off);
CREATE INDEX outbox_xid_idx ON event.outbox (xid);	-- what is new
CREATE INDEX outbox_id_idx ON event.outbox (id);	-- pages of a backlog

-- How far the relay has come.  Published are the events visible in snapshot,
-- and of those visible in target too the ones up to after_id.  A relay that
-- was superseded holds an older epoch and can't move it.
CREATE TABLE event.cursor (
	only_one	boolean PRIMARY KEY DEFAULT true CHECK (only_one),
	epoch		bigint NOT NULL DEFAULT 0,
	snapshot	pg_snapshot NOT NULL DEFAULT '1:1:',
	target		pg_snapshot,
	after_id	bigint NOT NULL DEFAULT 0
);
INSERT INTO event.cursor DEFAULT VALUES;

-- Empties the slots that rest and returns how many.
--
-- No event is lost.  A writer locks its slot until it ends, so whoever holds
-- the exclusive lock sees, in a snapshot taken after it (the next statement's,
-- in READ COMMITTED), every event that the slot will ever have but for those
-- of writers that still wait for the lock, and theirs come after TRUNCATE.  A
-- slot with an event that the stored cursor has not passed is left alone.  The
-- clock only chooses slots that nobody wants: NOWAIT keeps writers from having
-- to queue behind us where it is wrong, or a writer slow.
CREATE FUNCTION event.empty_slots() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	turn constant integer :=
		extract(epoch FROM clock_timestamp())::bigint / 60 % 4;
	done constant pg_snapshot := snapshot FROM event.cursor;
	name text;
	used boolean;
	emptied integer := 0;
BEGIN
	ASSERT current_setting('transaction_isolation') = 'read committed';
	FOR away IN 2..3 LOOP
		name := 'event.outbox_' || (turn + away) % 4;
		CONTINUE WHEN pg_relation_size(name) = 0;

		EXECUTE 'LOCK TABLE ' || name ||
			' IN ACCESS EXCLUSIVE MODE NOWAIT';
		EXECUTE 'SELECT EXISTS (SELECT FROM ' || name ||
			' WHERE xid >= pg_snapshot_xmax($1) OR xid = ANY'
			' (ARRAY(SELECT pg_snapshot_xip($1))))'
			INTO used USING done;
		CONTINUE WHEN used;

		EXECUTE 'TRUNCATE ' || name;
		emptied := emptied + 1;
	END LOOP;
	RETURN emptied;
EXCEPTION WHEN lock_not_available THEN
	RETURN 0;			-- a reader or a slow writer; later
END
$$;

-- migrate:down
-- kith_function stays: roles are the server's, not this database's.
DROP SCHEMA event CASCADE;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
