-- name: consumer_inbox
-- Those of the events that the consumer has not done before, in their order.
-- Who does one at this moment is waited for.
INSERT INTO event.inbox (consumer, event_id)
SELECT $1, unnest($2::bigint[])
    ON CONFLICT DO NOTHING
RETURNING event_id;
