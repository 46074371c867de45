/*
 * err.h - the one error vocabulary, from the database to the HTTP status.
 *
 * A function that can fail returns enum err and nothing else; results go
 * through trailing out parameters, which it leaves untouched on error.
 */
#ifndef RUNTIME_ERR_H
#define RUNTIME_ERR_H

enum [[nodiscard]] err {
	OK = 0,
	ERR_MALFORMED,		/* 400: not JSON, not UTF-8, not HTTP */
	ERR_AUTH,		/* 401: no valid token */
	ERR_DENIED,		/* 403: valid token, not allowed */
	ERR_NOT_FOUND,		/* 404: not there, or not to be seen */
	ERR_METHOD,		/* 405: the path exists, the method doesn't */
	ERR_CONFLICT,		/* 409: the state says no */
	ERR_CHANGED,		/* 412: not what If-Match names any more */
	ERR_TOO_LARGE,		/* 413: the body passes the limit */
	ERR_MEDIA_TYPE,		/* 415: the body is not what it should be */
	ERR_INVALID,		/* 422: well-formed, but breaks a rule */
	ERR_THROTTLED,		/* 429: too many requests */
	ERR_INTERNAL,		/* 500: a bug of ours */
	ERR_UNAVAILABLE,	/* 503: a dependency is away; retry later */
};

#endif
