/*
 * idempotency.h - the same Idempotency-Key gives the same answer.
 *
 * The key, the change and the answer are committed together, so a client that
 * lost an answer asks again and gets it, byte for byte, for 24 hours.  A
 * refused request leaves nothing: its key may be used again.  Keys belong to
 * the account or service, or to nobody, and to the path.  Stored are a MAC of
 * key and request and the sealed answer: a copy of the table tells nothing.  An
 * answer is text, without headers of its own, and goes with the account that it
 * was for.
 *
 * Errors: ERR_INVALID for a key that is not 1 to 128 printable characters, or
 * (code idempotency_key_reused) came with another request before; those of
 * db.h; the handler's.
 */
#ifndef RUNTIME_IDEMPOTENCY_H
#define RUNTIME_IDEMPOTENCY_H

#include "runtime/err.h"
#include "runtime/http.h"

/* Run the route's handler, or answer what it answered before. */
enum err idempotency_run(struct req *);

#endif
