/* search.c - finding people by their nickname. */
#include "runtime/nickname.h"

#include "functions/user/user.h"

#include "user.sql.h"

enum { CODE_POINTS = 64 };

/* *text is what to look for, in the form in which nicknames are compared. */
static enum err read_nickname(struct req *req, const char **text)
{
	const char *asked;
	enum err err;

	err = http_query(req, "nickname", &asked);
	if (err)
		return err;
	if (!asked)
		return http_invalid(req, "nickname", "required");
	if (json_code_points(asked) > CODE_POINTS)
		return http_invalid(req, "nickname", "too_long");

	*text = nickname_search(req->arena, asked);
	return **text ? OK : http_invalid(req, "nickname", "too_short");
}

enum err user_search(struct req *req)
{
	const char *text = NULL, *limit, *after;
	struct db_rows rows;
	enum err err;

	err = read_nickname(req, &text);
	if (err)
		return err;
	err = http_paging(req, &limit, &after);
	if (err)
		return err;

	err = db_all(req->db, &sql_user_search, ARGS(text, limit, after),
		     &rows);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}
