GRANT SELECT (id, email, email_verified) ON auth.account TO kith_session;
GRANT SELECT ON profile.profile TO kith_session;
GRANT SELECT, UPDATE (counter, rotated_at, last_used_at, idle_expires_at,
		      ended_at, end_reason)
   ON auth.session TO kith_session;
GRANT EXECUTE ON FUNCTION profile.avatar_path, profile.own TO kith_session;
