-- Not a function: it needs less than what all of them may.
REVOKE kith_function FROM kith_stream_worker;
GRANT USAGE ON SCHEMA auth, stream TO kith_stream_worker;
GRANT SELECT ON auth.live_session TO kith_stream_worker;
GRANT EXECUTE ON FUNCTION stream.beat, stream.bury, stream.change
   TO kith_stream_worker;
