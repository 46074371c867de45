-- migrate:up
-- A mail for who is signed in to by another identity from now on.
ALTER TABLE auth.mail
 DROP CONSTRAINT mail_template_check,
  ADD CONSTRAINT mail_template_check
      CHECK (template IN ('reset', 'known', 'verify', 'change', 'changing',
			  'changed', 'password', 'linked'));

-- migrate:down
DELETE FROM auth.mail WHERE template = 'linked';
ALTER TABLE auth.mail
 DROP CONSTRAINT mail_template_check,
  ADD CONSTRAINT mail_template_check
      CHECK (template IN ('reset', 'known', 'verify', 'change', 'changing',
			  'changed', 'password'));
