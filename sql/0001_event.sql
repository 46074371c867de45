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

REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE SCHEMA event;

-- Four slots take turns of a minute.  The ones that rest are emptied by
-- TRUNCATE, which no forgotten snapshot can hold up.
CREATE TABLE event.outbox (
	id		bigint GENERATED ALWAYS AS IDENTITY,
	slot		smallint NOT NULL
			DEFAULT extract(epoch FROM now())::bigint / 60 % 4,
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
	CONSTRAINT outbox_data_check
		CHECK (octet_length(data::text) <= 256 * 1024)
) PARTITION BY LIST (slot);

CREATE TABLE event.outbox_0 PARTITION OF event.outbox FOR VALUES IN (0);
CREATE TABLE event.outbox_1 PARTITION OF event.outbox FOR VALUES IN (1);
CREATE TABLE event.outbox_2 PARTITION OF event.outbox FOR VALUES IN (2);
CREATE TABLE event.outbox_3 PARTITION OF event.outbox FOR VALUES IN (3);
CREATE INDEX outbox_xid_idx ON event.outbox (xid);

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

-- Empties the slots that rest and returns how many.  Nothing is lost: under
-- the exclusive lock no writer is between its insert and its end, and a slot
-- with an event that the cursor has not passed is left alone.  A writer that
-- comes late, with a slot chosen minutes ago, finds it empty and is published
-- like any other.
CREATE FUNCTION event.empty_slots() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
	turn constant integer := extract(epoch FROM now())::bigint / 60 % 4;
	done constant pg_snapshot := snapshot FROM event.cursor;
	name text;
	used boolean;
	emptied integer := 0;
BEGIN
	FOR away IN 2..3 LOOP
		name := 'event.outbox_' || (turn + away) % 4;
		EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO used;
		CONTINUE WHEN NOT used;

		EXECUTE 'LOCK TABLE ' || name || ' IN ACCESS EXCLUSIVE MODE NOWAIT';
		EXECUTE 'SELECT EXISTS (SELECT FROM ' || name ||
			' WHERE xid >= pg_snapshot_xmin($1)'
			' AND NOT pg_visible_in_snapshot(xid, $1))'
			INTO used USING done;
		CONTINUE WHEN used;

		EXECUTE 'TRUNCATE ' || name;
		emptied := emptied + 1;
	END LOOP;
	RETURN emptied;
EXCEPTION WHEN lock_not_available THEN
	RETURN 0;			-- a slow writer; another time
END
$$;

-- migrate:down
DROP SCHEMA event CASCADE;
DROP ROLE kith_function;
