-- chat.is_open() looks at all of these.
GRANT SELECT ON chat.chat, chat.member, profile.profile, social.subscription,
      stream.gateway, stream.online, stream.seen TO kith_stream;
GRANT EXECUTE ON FUNCTION chat.is_open, stream.is_online TO kith_stream;
