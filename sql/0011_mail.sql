-- migrate:up
-- Mails that wait to be sent, the links in them, and what those prove.

-- Nothing has called it since profiles have a table, and a table gets no column
-- while a function takes its rows.
DROP FUNCTION auth.own_profile;

-- How often the password or the address was changed: what was proved before a
-- change proves nothing after it.
ALTER TABLE auth.account ADD credentials integer NOT NULL DEFAULT 0;

ALTER TABLE auth.session
 DROP CONSTRAINT session_end_reason_check,
  ADD CONSTRAINT session_end_reason_check
      CHECK (end_reason IN ('logout', 'replaced', 'reuse', 'password'));

-- A mail until it is sent.  Whose account it is about is looked up by who
-- sends it: asking for one runs the same statements whether there is one or
-- not.  The link in it has the mail's id.
CREATE TABLE auth.mail (
	id		uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	account_id	uuid		-- null: whose address it is then
			CONSTRAINT mail_account_id_fkey
			REFERENCES auth.account ON DELETE CASCADE,
	credentials	integer,	-- the account's, when it was asked for
	address		text NOT NULL
			CONSTRAINT mail_address_check
			CHECK (octet_length(address) <= 254),
	template	text NOT NULL
			CONSTRAINT mail_template_check
			CHECK (template IN ('reset', 'known', 'verify',
					    'change', 'changing', 'changed',
					    'password')),
	data		json,		-- for the link
	created_at	timestamptz NOT NULL DEFAULT now(),
	due_at		timestamptz NOT NULL DEFAULT now(),
	tries		integer NOT NULL DEFAULT 0,
	failed_at	timestamptz	-- given up
);
CREATE INDEX mail_due_at_idx ON auth.mail (due_at) WHERE failed_at IS NULL;
CREATE INDEX mail_account_id_idx ON auth.mail (account_id);
CREATE INDEX mail_created_at_idx ON auth.mail (created_at);

-- What was sent.  Only an HMAC that is stored nowhere opens it.
CREATE TABLE auth.link (
	id		uuid PRIMARY KEY,
	account_id	uuid NOT NULL
			CONSTRAINT link_account_id_fkey
			REFERENCES auth.account ON DELETE CASCADE,
	purpose		text NOT NULL
			CONSTRAINT link_purpose_check
			CHECK (purpose IN ('reset', 'verify', 'change')),
	email		text NOT NULL,	-- where it was sent
	credentials	integer NOT NULL,
	data		json,		-- verify: the nickname to take then
	created_at	timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz NOT NULL,
	used_at		timestamptz
);
CREATE INDEX link_account_id_idx ON auth.link (account_id);
CREATE INDEX link_expires_at_idx ON auth.link (expires_at);

-- Links that open something: the one place that decides it.
CREATE VIEW auth.live_link AS
SELECT l.id, l.account_id, l.purpose, l.email, l.data
  FROM auth.link l
  JOIN auth.account a ON a.id = l.account_id
 WHERE l.used_at IS NULL AND now() < l.expires_at
   AND (l.purpose = 'change' OR l.email = a.email)
   AND (l.purpose = 'verify' OR l.credentials = a.credentials);

-- Mails an hour, as the generic cell rate algorithm counts them, by a keyed
-- digest of what is counted.
CREATE TABLE auth.mail_rate (
	key		bytea PRIMARY KEY,
	used_until	timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX mail_rate_used_until_idx ON auth.mail_rate (used_until);

-- May this happen, so often an hour?  Then it is counted.
CREATE FUNCTION auth.mail_allowed(salt bytea, what text, hourly integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	share constant interval := interval '1 hour' / hourly;
BEGIN
	INSERT INTO auth.mail_rate AS r (key, used_until)
	VALUES (sha256(salt || convert_to(what, 'UTF8')), now() + share)
	ON CONFLICT (key) DO UPDATE
	   SET used_until = greatest(r.used_until, now()) + share
	 WHERE r.used_until <= now() + interval '1 hour' - share;
	RETURN FOUND;
END
$$;

-- Have a mail sent, if its address has not had too many like it; null as an
-- address: no.  3 an hour of those that anybody can ask for.
CREATE FUNCTION auth.send_mail(salt bytea, who uuid, address text,
			       template text, data json, trace text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind constant text := CASE template
		WHEN 'known' THEN 'reset'
		WHEN 'changed' THEN 'password'
		ELSE template END;
	mail_id uuid;
BEGIN
	IF address IS NULL OR NOT auth.mail_allowed(salt,
		kind || ' ' || auth.email_key(address),
		CASE kind WHEN 'password' THEN 20 ELSE 3 END) THEN
		RETURN false;
	END IF;

	INSERT INTO auth.mail (account_id, credentials, address, template,
			       data)
	VALUES (who, (SELECT credentials FROM auth.account WHERE id = who),
		address, template, data)
	RETURNING id INTO mail_id;

	INSERT INTO event.outbox (topic, type, key, data, traceparent)
	VALUES ('mail.events', 'MailRequested', mail_id,
		jsonb_build_object('mail_id', mail_id), trace);
	RETURN true;
END
$$;

-- What the link of a mail is for, and how long it opens it; null: has none.
CREATE FUNCTION auth.link_purpose(template text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE template
	WHEN 'reset' THEN 'reset'
	WHEN 'known' THEN 'reset'
	WHEN 'verify' THEN 'verify'
	WHEN 'change' THEN 'change' END;

CREATE FUNCTION auth.link_lifetime(purpose text) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE purpose WHEN 'verify' THEN interval '1 day'
		    ELSE interval '10 minutes' END;

-- A mail that is due, to be sent within the lease: then it is due again.  Its
-- link lives from now on.  A mail that has no point any more is deleted: of an
-- address that no account has, of a link that was used.  No row: nothing is
-- due.
CREATE FUNCTION auth.claim_mail(lease interval)
RETURNS TABLE (id uuid, tries integer, age_s integer, address text,
	       template text, purpose text, language text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	m auth.mail;
	a auth.account;
	link text;
BEGIN
	FOR looked IN 1..100 LOOP
		UPDATE auth.mail
		   SET due_at = clock_timestamp() + lease,
		       tries = mail.tries + 1
		 WHERE mail.id = (SELECT due.id
				    FROM auth.mail due
				   WHERE due.due_at <= clock_timestamp()
				     AND due.failed_at IS NULL
				   ORDER BY due.due_at
				   LIMIT 1
				     FOR UPDATE SKIP LOCKED)
		RETURNING mail.* INTO m;
		IF NOT FOUND THEN
			RETURN;
		END IF;

		link := auth.link_purpose(m.template);
		IF link = 'reset' THEN
			SELECT account.* INTO a
			  FROM auth.account
			 WHERE email_key = auth.email_key(m.address);
		ELSE
			SELECT account.* INTO a
			  FROM auth.account
			 WHERE account.id = m.account_id;
		END IF;

		IF link IS NOT NULL THEN
			INSERT INTO auth.link AS l (id, account_id, purpose,
				email, credentials, data, expires_at)
			SELECT m.id, a.id, link,
			       CASE link WHEN 'change' THEN m.address
					 ELSE a.email END,
			       a.credentials, m.data, now() + auth.link_lifetime(link)
			 WHERE CASE link
				WHEN 'reset' THEN a.email IS NOT NULL
				WHEN 'verify' THEN a.email = m.address AND
						   NOT a.email_verified
				ELSE a.credentials = m.credentials END
			ON CONFLICT (id) DO UPDATE
			   SET expires_at = excluded.expires_at
			 WHERE l.used_at IS NULL;
			IF NOT FOUND THEN
				DELETE FROM auth.mail WHERE mail.id = m.id;
				CONTINUE;
			END IF;
		END IF;

		-- Not to what looks like the account's address: to that.
		RETURN QUERY
		SELECT m.id, m.tries,
		       extract(epoch FROM now() - m.created_at)::integer,
		       CASE link WHEN 'reset' THEN a.email ELSE m.address END,
		       m.template, link,
		       coalesce((SELECT box.language
				   FROM notify.box
				  WHERE user_id = a.id), 'en');
		RETURN;
	END LOOP;
END
$$;

-- It was sent; it is due again after a while; nobody takes it.  Only of who
-- has claimed it so many times: another may have since.
CREATE FUNCTION auth.settle_mail(mail_id uuid, claim integer, outcome text,
				 wait interval)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CASE outcome
	WHEN 'sent' THEN
		DELETE FROM auth.mail WHERE id = mail_id;
	WHEN 'later' THEN
		UPDATE auth.mail SET due_at = clock_timestamp() + wait
		 WHERE id = mail_id AND tries = claim;
	WHEN 'failed' THEN
		UPDATE auth.mail SET failed_at = now()
		 WHERE id = mail_id AND tries = claim;
	END CASE;
	RETURN FOUND;
END
$$;

-- Deletes some of what has served its time; the relay calls it when it calls
-- event.tidy().
CREATE FUNCTION auth.tidy_mail() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
	DELETE FROM auth.mail
	 WHERE id IN (SELECT id FROM auth.mail
		       WHERE created_at < now() - interval '7 days'
		       LIMIT 10000);
	DELETE FROM auth.link
	 WHERE id IN (SELECT id FROM auth.link
		       WHERE expires_at < now() - interval '7 days'
		       LIMIT 10000);
	DELETE FROM auth.mail_rate
	 WHERE key IN (SELECT key FROM auth.mail_rate
			WHERE used_until < now() - interval '1 hour'
			LIMIT 10000);
END;

-- migrate:down
DROP FUNCTION auth.tidy_mail;
DROP FUNCTION auth.settle_mail;
DROP FUNCTION auth.claim_mail;
DROP FUNCTION auth.link_lifetime;
DROP FUNCTION auth.link_purpose;
DROP FUNCTION auth.send_mail;
DROP FUNCTION auth.mail_allowed;
DROP TABLE auth.mail_rate;
DROP VIEW auth.live_link;
DROP TABLE auth.link;
DROP TABLE auth.mail;
UPDATE auth.session SET end_reason = 'logout' WHERE end_reason = 'password';
ALTER TABLE auth.session
 DROP CONSTRAINT session_end_reason_check,
  ADD CONSTRAINT session_end_reason_check
      CHECK (end_reason IN ('logout', 'replaced', 'reuse'));
ALTER TABLE auth.account DROP credentials;
