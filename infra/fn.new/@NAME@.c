/* @NAME@ - greet the caller: GET /@NAME@?name= */
#include "runtime/http.h"

#include "@NAME@.sql.h"

static enum err @NAME@_get(struct req *req)
{
	const char *name, *doc;
	enum err err;

	err = http_query(req, "name", &name);
	if (err)
		return err;
	err = db_one(req->db, &sql_@NAME@_get, ARGS(name ?: "world"), &doc);
	if (err)
		return err;

	return http_json(req, 200, doc);
}

const struct route routes[] = {
	{ "GET", "/@NAME@", AUTH_NONE, @NAME@_get },
	{ 0 }
};
