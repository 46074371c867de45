/*
 * session.h - starting a session and answering with its tokens: what all
 * token-issuing functions share.
 */
#ifndef RUNTIME_SESSION_H
#define RUNTIME_SESSION_H

#include <stdint.h>

#include "runtime/err.h"
#include "runtime/http.h"

/* The parameters of a new row of auth.session, as text. */
struct session {
	const char *id;
	const char *device;		/* at most 64 code points */
	const char *idle_s, *ttl_s;
	const char *most;		/* sessions of an account */
};

/* device_or_null names the device; else User-Agent does. */
void session_new(struct req *, const char *device_or_null, struct session *);

/*
 * Reply with the tokens object of RFC 6749, 5.1; profile is a JSON document.
 * From here on the request is the account's.
 */
enum err session_tokens(struct req *, int status, const char *account,
			const char *session, uint32_t counter,
			const char *profile);

#endif
