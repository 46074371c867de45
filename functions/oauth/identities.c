/* identities.c - see oauth.h. */
#include <string.h>

#include "functions/oauth/oauth.h"
#include "runtime/keys.h"
#include "runtime/uuid.h"

#include "oauth.sql.h"

enum { TRIES = 3 };

enum err identities_list(struct req *req)
{
	const char *limit, *after;
	struct db_rows rows;
	enum err err;

	err = http_paging(req, &limit, &after);
	if (err)
		return err;

	err = db_all(req->db, &sql_identity_list,
		     ARGS(req->user, limit, after), &rows);
	if (err)
		return err;

	return http_page(req, &rows, limit);
}

enum err identities_add(struct req *req, const struct identity *who,
			const char *account, const char **doc)
{
	enum err err;

	err = db_one(req->db, &sql_identity_create,
		     ARGS(uuid_new(req->arena), who->issuer, who->subject,
			  account, who->provider->name, who->email,
			  keys_mac(req->arena, "mail", "", 0),
			  req->traceparent), doc);

	return err == ERR_NOT_FOUND ? ERR_CONFLICT : err;
}

/* One request to link. */
struct linking {
	struct req *req;
	const struct identity *who;
	const char *doc;
	int status;
	bool taken;
};

static enum err link_once(struct db *db, void *arg)
{
	struct linking *l = arg;
	const struct identity *who = l->who;
	const char *const *found;
	enum err err;

	err = sign_in_nonce(l->req, who);
	if (err)
		return err;
	err = db_row(db, &sql_identity_find,
		     ARGS(who->issuer, who->subject, NULL), &found);
	if (err)
		return err;

	l->taken = found[0] && strcmp(found[0], l->req->user) != 0;
	if (l->taken)
		return ERR_CONFLICT;
	l->status = found[0] ? 200 : 201;
	if (found[0])
		return db_one(db, &sql_identity_get,
			      ARGS(who->issuer, who->subject), &l->doc);

	return identities_add(l->req, who, l->req->user, &l->doc);
}

enum err identities_link(struct req *req)
{
	struct linking l = { .req = req };
	struct identity who;
	struct sign_in body;
	enum err err;
	int tries = 0;

	err = proof_read(req, &body, &who);
	if (err)
		return err;

	l.who = &who;
	do
		err = db_atomic(req->db, link_once, &l);
	while (err == ERR_CONFLICT && !l.taken && ++tries < TRIES);
	if (err == ERR_CONFLICT)
		return l.taken ? http_fail(req, err, "identity_taken",
					   "It signs in to another account")
			       : ERR_UNAVAILABLE;
	if (err)
		return err;

	return http_json(req, l.status, l.doc);
}

static enum err delete_once(struct db *db, void *arg)
{
	struct req *req = arg;
	const char *row;
	enum err err;

	err = db_one(db, &sql_account_lock, ARGS(req->user), &row);
	if (err)
		return err;
	err = db_one(db, &sql_identity_delete, ARGS(req->user, req->id), &row);
	if (err)
		return err;

	return row ? OK : ERR_CONFLICT;
}

enum err identities_delete(struct req *req)
{
	enum err err;

	err = db_atomic(req->db, delete_once, req);
	if (err == ERR_CONFLICT)
		return http_fail(req, err, "last_way_in",
				 "Nothing else signs in to the account");
	if (err)
		return err;

	return http_empty(req, 204);
}
