-- name: user_deleted
-- How many groups they were in, or no row if the event names nobody.  Whoever
-- takes the locks of several chats does so in the order of their ids.
WITH leaver AS (
	SELECT ($1::jsonb ->> 'user_id')::uuid AS id
), mine AS MATERIALIZED (
	SELECT c.id, c.kind, l.id AS leaver_id
	  FROM leaver l
	  JOIN chat.member m ON m.user_id = l.id
	  JOIN chat.chat c ON c.id = m.chat_id
	 ORDER BY c.id
), ended AS (
	DELETE FROM chat.member m
	 USING mine
	 WHERE m.chat_id = mine.id AND mine.kind = 'pair'
	   AND NOT EXISTS (
		SELECT
		  FROM chat.member other
		  JOIN profile.profile p ON p.id = other.user_id
		 WHERE other.chat_id = mine.id)
)
SELECT count(chat.remove_member(id, leaver_id, leaver_id, $2))
  FROM mine
 WHERE kind = 'group'
HAVING (SELECT id IS NOT NULL FROM leaver);
