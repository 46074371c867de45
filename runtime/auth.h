/*
 * auth.h - who is asking: the bearer check in front of AUTH_USER routes.
 *
 * A verified token is remembered by the process until it expires.  Its session
 * is looked at again in the database once the last look is 0.9 s old, so that
 * a logout, a ban or a deletion holds everywhere within a second.
 *
 * Errors: ERR_AUTH for a token that is missing, not valid, or of an ended
 * session; those of db.h when the session can't be looked at.
 */
#ifndef RUNTIME_AUTH_H
#define RUNTIME_AUTH_H

#include "runtime/err.h"
#include "runtime/http.h"

/* Sets req->user, req->session and req->expires_s. */
enum err auth_check(struct req *);

#endif
