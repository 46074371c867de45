/*
 * base64url.h - RFC 4648, section 5, without padding; strict when it decodes.
 */
#ifndef RUNTIME_BASE64URL_H
#define RUNTIME_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

/* How long the text of so many bytes is, and the reverse. */
#define BASE64URL_CHARS(bytes) (((bytes) * 4 + 2) / 3)
#define BASE64URL_BYTES(chars) ((chars) * 3 / 4)

/* out[BASE64URL_CHARS(bytes) + 1]: ends with a NUL. */
void base64url_encode(const void *data, size_t bytes, char *out);

/*
 * Accepts only what base64url_encode() makes: no other characters, no bits
 * left over.  out[BASE64URL_BYTES(chars)].
 */
bool base64url_decode(const char *text, size_t chars, unsigned char *out);

#endif
