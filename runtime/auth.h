/*
 * auth.h - who is asking: the bearer check in front of AUTH_USER and
 * AUTH_SERVICE routes.
 *
 * A verified token is remembered by the process until it expires.  Its session
 * or service is looked at again in the database once the last look is 0.9 s
 * old, so that a logout, a ban, a deletion or a revocation holds everywhere
 * within a second.
 *
 * Errors: ERR_AUTH for a token that is missing, not valid, or of an ended
 * session or service; ERR_DENIED for one that this route doesn't take, with
 * the header that RFC 6750 wants; those of db.h when the database can't be
 * asked.
 */
#ifndef RUNTIME_AUTH_H
#define RUNTIME_AUTH_H

#include "runtime/err.h"
#include "runtime/http.h"

/* Sets req->user, req->session and req->expires_s. */
enum err auth_check(struct req *);

#endif
