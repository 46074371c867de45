-- People with the nicknames of standard input, a line each as tools.c prints
-- it.  What indexes them is made anew afterwards, which is much faster.
SET maintenance_work_mem = '512MB';
SET synchronous_commit = off;

SELECT pg_get_indexdef('profile.profile_nickname_search_idx'::regclass)
       AS search_idx,
       pg_get_indexdef('profile.profile_nickname_similar_idx'::regclass)
       AS similar_idx,
       pg_get_constraintdef(oid) AS unique_key
  FROM pg_constraint
 WHERE conname = 'profile_nickname_key_key' \gset

BEGIN;
CREATE TABLE public.people (
	number bigint GENERATED ALWAYS AS IDENTITY,
	nickname text, key text, search text
);
\copy public.people (nickname, key, search) FROM pstdin (FORMAT csv, DELIMITER E'\t', QUOTE E'\x01')

ALTER TABLE auth.account DISABLE TRIGGER account_profile;
DROP INDEX profile.profile_nickname_search_idx,
	   profile.profile_nickname_similar_idx;
ALTER TABLE profile.profile DROP CONSTRAINT profile_nickname_key_key;

INSERT INTO auth.account (id, email)
SELECT ('00000000-0000-7000-a000-' || lpad(number::text, 12, '0'))::uuid,
       number || '@kith.example'
  FROM public.people;
INSERT INTO profile.profile (id, nickname, nickname_key, nickname_search)
SELECT ('00000000-0000-7000-a000-' || lpad(number::text, 12, '0'))::uuid,
       nickname, key, search
  FROM public.people;
DROP TABLE public.people;

ALTER TABLE auth.account ENABLE TRIGGER account_profile;
ALTER TABLE profile.profile
  ADD CONSTRAINT profile_nickname_key_key :unique_key;
:search_idx;
:similar_idx;
COMMIT;

VACUUM ANALYZE auth.account, profile.profile;
