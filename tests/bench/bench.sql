-- Accounts of the benchmark, each with five sessions; :phc is the hash of their
-- password.
INSERT INTO auth.account (id, email, password)
SELECT ('00000000-0000-7000-9000-' || lpad(i::text, 12, '0'))::uuid,
       'bench' || i || '@kith.example', :'phc'
  FROM generate_series(1, :sessions / 5) i;

INSERT INTO auth.session (id, account_id, device, address, idle_expires_at,
			  expires_at)
SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid,
       ('00000000-0000-7000-9000-' ||
	lpad(((i - 1) / 5 + 1)::text, 12, '0'))::uuid,
       'bench', '127.0.0.1', now() + interval '1 day', now() + interval '1 day'
  FROM generate_series(1, :sessions) i;

ANALYZE auth.account, auth.session;
