/*
 * callback.c - see oauth.h: the answer of a provider that has a browser post it
 * as a form.
 *
 * The page can't read what is posted, so it gets that behind "#": there neither
 * a log nor another site sees it.  It alone knows what it began and whether
 * this answers it.
 */
#include <string.h>

#include "functions/oauth/oauth.h"
#include "runtime/conf.h"

enum { ANSWER_BYTES = 4096 };

/* Browsers encode all but these: URL Standard, 1.3. */
static bool is_encoded(const struct req *req)
{
	return strspn(req->body, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz"
				 "0123456789%&=+._~*-") == req->body_bytes;
}

enum err callback_post(struct req *req)
{
	if (!http_sent_as(req, "application/x-www-form-urlencoded"))
		return http_fail(req, ERR_MEDIA_TYPE, NULL, "The body must be "
				 "application/x-www-form-urlencoded");
	if (req->body_bytes == 0)
		return http_invalid(req, "", "too_short");
	if (req->body_bytes > ANSWER_BYTES)
		return http_invalid(req, "", "too_long");
	if (!is_encoded(req))
		return http_invalid(req, "", "not_allowed");

	return http_see_other(req, arena_printf(req->arena, "%s#/oauth?%s",
						conf.page_url, req->body));
}
