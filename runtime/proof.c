/* proof.c - see proof.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime/keys.h"
#include "runtime/password.h"
#include "runtime/proof.h"

#include "proof.sql.h"

/* What proof_attempt found. */
enum { HASH, WAIT_S, RECENT, EMAIL, CREDENTIALS };

enum err proof_wrong(struct req *req)
{
	return http_fail(req, ERR_DENIED, "wrong_password",
			 "The password is wrong");
}

enum err proof_check(struct req *req, const char *pointer,
		     const char *password, struct proof *out)
{
	const char *key = keys_mac(req->arena, "proof", req->user,
				   strlen(req->user));
	const char *const *row;
	bool matches;
	enum err err;

	err = db_row(req->db, &sql_proof_attempt,
		     ARGS(req->user, req->session, password ? key : NULL),
		     &row);
	if (err)
		return err;
	*out = (struct proof){ key, row[EMAIL], row[CREDENTIALS] };

	if (!row[HASH])
		return row[RECENT] ? OK : http_fail(req, ERR_DENIED,
			"sign_in_again", "This needs a recent sign-in");
	if (!password)
		return http_invalid(req, pointer, "required");
	if (row[WAIT_S])
		return http_later(req, ERR_THROTTLED, atoi(row[WAIT_S]));

	err = password_verify(row[HASH], password, &matches);
	if (err)
		return err;

	return matches ? OK : proof_wrong(req);
}
