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

-- Each has a nickname, of letters that are their own key and search form.
CREATE FUNCTION public.nickname(i bigint) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN overlay(translate(left(md5(i::text), 14),
			 '0123456789abcdef', 'abdefghknprstuvy')
	       PLACING ' ' FROM 7 FOR 0);
GRANT USAGE ON SCHEMA public TO kith_user;
GRANT EXECUTE ON FUNCTION public.nickname TO kith_user;

UPDATE profile.profile p
   SET nickname = name, nickname_key = name, nickname_search = name,
       about = 'Somebody who is here to be found by others.'
  FROM (SELECT id, public.nickname(right(id::text, 12)::bigint) AS name
	  FROM profile.profile) new
 WHERE p.id = new.id;

-- The first thousand have fifty subscriptions each.
INSERT INTO social.subscription (user_id, other_id, state, since)
SELECT side.*, 'accepted', now() - k * interval '1 minute'
  FROM generate_series(1, 1000) i, generate_series(1, 50) k,
       LATERAL (SELECT
	('00000000-0000-7000-9000-' || lpad(i::text, 12, '0'))::uuid,
	('00000000-0000-7000-9000-' ||
	 lpad((1000 + (i - 1) * 50 + k)::text, 12, '0'))::uuid
       ) pair (one, other),
       LATERAL (VALUES (one, other), (other, one)) side;

-- A thousand pairs, accounts 1 and 2, 3 and 4 and so on, have said something a
-- hundred times.
INSERT INTO social.subscription (user_id, other_id, state)
SELECT a, b, 'accepted'
  FROM generate_series(1, 2000) i,
       LATERAL (SELECT
	('00000000-0000-7000-9000-' || lpad(i::text, 12, '0'))::uuid,
	('00000000-0000-7000-9000-' ||
	 lpad((i + i % 2 * 2 - 1)::text, 12, '0'))::uuid) pair (a, b);

INSERT INTO chat.chat (id, kind, last_seq)
SELECT ('00000000-0000-8000-a000-' || lpad(i::text, 12, '0'))::uuid, 'pair', 100
  FROM generate_series(1, 1000) i;

INSERT INTO chat.member (chat_id, user_id)
SELECT ('00000000-0000-8000-a000-' ||
	lpad(((i + 1) / 2)::text, 12, '0'))::uuid,
       ('00000000-0000-7000-9000-' || lpad(i::text, 12, '0'))::uuid
  FROM generate_series(1, 2000) i;

INSERT INTO chat.message (chat_id, seq, sender_id, client_id, text, sent_at)
SELECT chat_id, seq, user_id, gen_random_uuid(),
       'What do you say to a walk before it gets dark?', now()
  FROM chat.member, generate_series(1, 100) seq
 WHERE seq % 2 = right(user_id::text, 1)::integer % 2;

-- They have been told of 30 things each, of all kinds, and take pushes.
INSERT INTO notify.box (user_id, last_number, unread)
SELECT user_id, 30, 3 FROM chat.member;

INSERT INTO notify.notification (user_id, number, kind, collapse_id, read,
	actor_id, seq, title, body, created_at, expires_at)
SELECT user_id, number, kind::notify.kind,
       CASE kind WHEN 'message' THEN chat_id ELSE gen_random_uuid() END,
       number < 28, ('00000000-0000-7000-9000-' ||
		     lpad((2000 + number)::text, 12, '0'))::uuid,
       CASE kind WHEN 'message' THEN number END,
       CASE kind WHEN 'service' THEN 'Kith rests tonight' END,
       CASE kind WHEN 'service' THEN 'From 2 to 3 nothing can be sent.'
		 WHEN 'login' THEN 'laptop' END,
       now(), now() + interval '28 days'
  FROM chat.member, generate_series(1, 30) number,
       LATERAL (SELECT (ARRAY['request', 'message', 'login', 'message',
			      'accepted', 'message', 'service'])[number % 7 + 1]
		) k (kind);

INSERT INTO notify.device (session_id, user_id, platform, token)
SELECT id, account_id, 'fcm', id::text
  FROM auth.session
 WHERE account_id IN (SELECT user_id FROM chat.member)
   AND right(id::text, 12)::integer % 5 = 0;

VACUUM ANALYZE notify.box, notify.notification, notify.device;
VACUUM ANALYZE auth.account, auth.session, profile.profile, social.subscription,
	       chat.chat, chat.member, chat.message;
