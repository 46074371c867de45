/* base64url.c - see base64url.h. */
#include <stdint.h>
#include <string.h>

#include "runtime/base64url.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *data, size_t bytes, char *out)
{
	const unsigned char *in = data;
	uint32_t bits = 0;
	int n = 0;

	for (; bytes > 0; bytes--) {
		bits = bits << 8 | *in++;
		for (n += 8; n >= 6; n -= 6)
			*out++ = alphabet[bits >> (n - 6) & 63];
	}
	if (n > 0)
		*out++ = alphabet[bits << (6 - n) & 63];
	*out = '\0';
}

bool base64url_decode(const char *text, size_t chars, unsigned char *out)
{
	uint32_t bits = 0;
	int n = 0;

	for (; chars > 0; chars--) {
		const char *digit = memchr(alphabet, *text++, 64);

		if (!digit)
			return false;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		n += 6;
		if (n >= 8) {
			n -= 8;
			*out++ = (unsigned char)(bits >> n);
		}
	}
	/* A character that begins no byte, or bits that belong to none. */
	return n < 6 && (bits & ((1U << n) - 1)) == 0;
}
