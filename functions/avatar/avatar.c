/*
 * avatar - take the picture of a profile.
 *
 *	POST /user/me/avatar	201 {avatar}, ETag | 413 | 415 | 422
 *
 * A JPEG, PNG or WebP becomes a square WebP without metadata (image.h).  It is
 * named by what it shows and whose it is, so a name never gets another image
 * and the same image no other name.  The function user serves it: here decoders
 * may be busy.
 */
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "runtime/bytea.h"
#include "runtime/http.h"
#include "runtime/uuid.h"

#include "functions/avatar/image.h"

#include "avatar.sql.h"

static const struct media {
	const char *name;
	enum image_type type;
} media[] = {
	{ "image/jpeg", IMAGE_JPEG },
	{ "image/png",  IMAGE_PNG },
	{ "image/webp", IMAGE_WEBP },
	{ 0 }
};

/* NULL: none of ours. */
static const struct media *media_of(const struct req *req)
{
	for (const struct media *m = media; m->name; m++)
		if (req->content_type &&
		    strcasecmp(m->name, req->content_type) == 0)
			return m;

	return NULL;
}

/* A UUID of version 8: RFC 9562, 5.8. */
static const char *name_of(struct req *req, const struct image_webp *image)
{
	const size_t user_bytes = strlen(req->user);
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned char *named = arena_alloc(req->arena,
					   user_bytes + image->bytes);
	char name[37];

	memcpy(named, req->user, user_bytes);
	memcpy(named + user_bytes, image->data, image->bytes);
	SHA256(named, user_bytes + image->bytes, digest);

	digest[6] = (digest[6] & 0x0f) | 0x80;
	digest[8] = (digest[8] & 0x3f) | 0x80;
	uuid_text(digest, name);

	return arena_copy(req->arena, name, sizeof(name));
}

static enum err avatar_put(struct req *req)
{
	const struct media *m = media_of(req);
	const char *const *row, *reason;	/* document, revision */
	struct image_webp image;
	enum err err;

	if (!m)
		return http_fail(req, ERR_MEDIA_TYPE, NULL, "The body must be "
				 "image/jpeg, image/png or image/webp");
	err = image_square(req->arena, &(struct image){
				m->type, (const void *)req->body,
				req->body_bytes }, &image, &reason);
	if (err == ERR_INVALID)
		return http_invalid(req, "", reason);
	if (err)
		return err;

	err = db_row(req->db, &sql_avatar_put,
		     ARGS(req->user, name_of(req, &image),
			  bytea_text(req->arena, image.data, image.bytes),
			  req->traceparent), &row);
	if (err)
		return err;

	http_etag(req, row[1]);
	return http_json(req, 201, row[0]);
}

const struct route routes[] = {
	{ "POST", "/user/me/avatar", AUTH_USER, avatar_put, .creates = true },
	{ 0 }
};
