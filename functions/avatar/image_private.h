/*
 * image_private.h - what image.c and the decoders share.
 */
#ifndef FUNCTIONS_AVATAR_IMAGE_PRIVATE_H
#define FUNCTIONS_AVATAR_IMAGE_PRIVATE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <webp/encode.h>

#include "functions/avatar/image.h"

/* libjpeg and libpng write bytes B, G, R, A where libwebp has a number ARGB. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "BGRA is not ARGB");

struct image_decoded {
	WebPPicture *picture;	/* in ARGB, as by image_picture() */
	int orientation;	/* EXIF's, 1 to 8; 1 is upright */
};

/*
 * Decoders, one a type, with the errors of image_square().  They check the size
 * that the header states before they take memory for pixels; they may crop to
 * the centre, and scale down until a side is IMAGE_SIDE.
 */
enum err image_jpeg(struct arena *, const struct image *,
		    struct image_decoded *out, const char **code);
enum err image_png(struct arena *, const struct image *,
		   struct image_decoded *out, const char **code);
enum err image_webp(struct arena *, const struct image *,
		    struct image_decoded *out, const char **code);

bool image_too_large(uint32_t width, uint32_t height);

/* Without content.  ERR_UNAVAILABLE: memory ran out; logged. */
enum err image_picture(struct arena *, int width, int height,
		       WebPPicture **out);

/* The row of a picture as bytes. */
static inline unsigned char *image_row(const WebPPicture *picture, size_t y)
{
	return (unsigned char *)(picture->argb +
				 y * (size_t)picture->argb_stride);
}

/* The orientation in the TIFF structure of an EXIF block; 1 without one. */
int image_orientation(const unsigned char *tiff, size_t bytes);

#endif
