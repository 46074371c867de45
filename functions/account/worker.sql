-- name: mail_claim
SELECT id, tries, age_s, address, template, purpose, language
  FROM auth.claim_mail(make_interval(secs => $1));

-- name: mail_settle
SELECT auth.settle_mail($1, $2, $3, make_interval(secs => $4));
