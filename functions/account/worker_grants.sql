-- Not a function: it needs less than what all of them may.
REVOKE kith_function FROM kith_account_worker;
GRANT USAGE ON SCHEMA auth, event TO kith_account_worker;
GRANT SELECT, INSERT (consumer, event_id) ON event.inbox
   TO kith_account_worker;
GRANT EXECUTE ON FUNCTION auth.claim_mail, auth.settle_mail
   TO kith_account_worker;
