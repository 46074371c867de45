/* link.c - see link.h. */
#include <openssl/crypto.h>
#include <stddef.h>
#include <string.h>

#include "runtime/base64url.h"
#include "runtime/bytea.h"
#include "runtime/keys.h"
#include "runtime/link.h"
#include "runtime/uuid.h"

enum { ID_TEXT = 37 };			/* with its NUL */

/* As it travels. */
struct link {
	unsigned char purpose;
	unsigned char id[16];
	unsigned char mac[16];
};

enum {
	CHARS = BASE64URL_CHARS(sizeof(struct link)),
	SIGNED_BYTES = offsetof(struct link, mac),
};

static void sign(struct arena *arena, const struct link *link,
		 unsigned char out[sizeof(link->mac)])
{
	size_t bytes;
	const void *mac = bytea_bytes(arena, keys_mac(arena, "link", link,
						      SIGNED_BYTES), &bytes);

	memcpy(out, mac, sizeof(link->mac));
}

const char *link_make(struct arena *arena, const char *purpose, const char *id)
{
	struct link link = { .purpose = (unsigned char)*purpose };
	char *token = arena_alloc(arena, CHARS + 1);

	uuid_bytes(id, link.id);
	sign(arena, &link, link.mac);
	base64url_encode(&link, sizeof(link), token);

	return token;
}

enum err link_read(struct arena *arena, const char *purpose, const char *token,
		   const char **id)
{
	unsigned char mac[sizeof(((struct link *)0)->mac)];
	struct link link;
	char *text;

	if (strnlen(token, CHARS + 1) != CHARS ||
	    !base64url_decode(token, CHARS, (unsigned char *)&link) ||
	    link.purpose != (unsigned char)*purpose)
		return ERR_AUTH;

	sign(arena, &link, mac);
	if (CRYPTO_memcmp(link.mac, mac, sizeof(mac)) != 0)
		return ERR_AUTH;

	text = arena_alloc(arena, ID_TEXT);
	uuid_text(link.id, text);
	*id = text;

	return OK;
}
