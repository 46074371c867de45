/*
 * link.h - the tokens of links that mails carry.
 *
 * base64url of the purpose's first letter (1 byte), the link's id (16) and the
 * first 16 bytes of their HMAC.  Nothing of it is stored but the id.
 *
 * Errors: ERR_AUTH for every token that is not ours, without saying why.
 * Whether the link is still good, the database knows.
 */
#ifndef RUNTIME_LINK_H
#define RUNTIME_LINK_H

#include "runtime/arena.h"
#include "runtime/err.h"

/* purpose: one of auth.link; id: a UUID. */
const char *link_make(struct arena *, const char *purpose, const char *id);

/* Only of this purpose.  *id is text. */
enum err link_read(struct arena *, const char *purpose, const char *token,
		   const char **id);

#endif
