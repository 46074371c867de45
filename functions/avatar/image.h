/*
 * image.h - an uploaded image becomes an avatar.
 *
 * What goes out is made of pixels alone: no metadata, such as where a photo was
 * taken, gets through.  The orientation that EXIF gives a JPEG is carried out.
 *
 * Threads may work at once.  An image as large as is accepted takes each up to
 * 230 MB and 2 s, so the caller limits how many do.
 *
 * Ownership: the result, and what the libraries hold, belong to the arena.
 *
 * Errors: *code is set with ERR_INVALID only.
 *
 *	ERR_INVALID	the image is refused; *code is the stable reason:
 *		not_an_image	not of its type, broken, cut off, or in a colour
 *				model that a screen doesn't have, as CMYK
 *		animated	WebP or PNG
 *		too_many_pixels	over IMAGE_MAX_PIXELS, or a side is over
 *				IMAGE_MAX_SIDE
 *		too_complex	a JPEG that takes too long to decode
 *	ERR_UNAVAILABLE	memory ran out; logged
 *	ERR_INTERNAL	the encoder fails; logged
 */
#ifndef FUNCTIONS_AVATAR_IMAGE_H
#define FUNCTIONS_AVATAR_IMAGE_H

#include <stddef.h>

#include "runtime/arena.h"
#include "runtime/err.h"

enum {
	IMAGE_SIDE = 256,		/* of the result, pixels */
	IMAGE_MAX_SIDE = 16384,		/* of an upload, pixels */
	IMAGE_MAX_PIXELS = 1 << 25,	/* of an upload: 32 megapixels */
};

enum image_type { IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP };

/* As uploaded. */
struct image {
	enum image_type type;		/* what it is said to be */
	const unsigned char *data;	/* data[bytes] */
	size_t bytes;
};

struct image_webp {
	const unsigned char *data;	/* data[bytes] */
	size_t bytes;
};

/*
 * The central square, scaled up or down to IMAGE_SIDE x IMAGE_SIDE, as lossy
 * WebP; transparency is kept.
 */
enum err image_square(struct arena *, const struct image *,
		      struct image_webp *out, const char **code);

#endif
