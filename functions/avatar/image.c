/* image.c - see image.h; the decoders are in files of their own. */
#include "functions/avatar/image_private.h"

#include "runtime/log.h"

static const float quality = 82;	/* 0 to 100 */

static enum err (*const decode[])(struct arena *, const struct image *,
				  struct image_decoded *, const char **) = {
	[IMAGE_JPEG] = image_jpeg,
	[IMAGE_PNG]  = image_png,
	[IMAGE_WEBP] = image_webp,
};

bool image_too_large(uint32_t width, uint32_t height)
{
	return width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE ||
	       width * height > IMAGE_MAX_PIXELS;
}

static void picture_free(void *picture)
{
	WebPPictureFree(picture);
}

static void writer_free(void *writer)
{
	WebPMemoryWriterClear(writer);
}

enum err image_picture(struct arena *arena, int width, int height,
		       WebPPicture **out)
{
	WebPPicture *picture = arena_alloc(arena, sizeof(*picture));

	if (!WebPPictureInit(picture)) {
		log_error("webp: not the version compiled for");
		return ERR_INTERNAL;
	}
	arena_defer(arena, picture_free, picture);

	picture->use_argb = 1;
	picture->width = width;
	picture->height = height;
	if (!WebPPictureAlloc(picture)) {
		log_error("webp: no memory for %d x %d pixels", width, height);
		return ERR_UNAVAILABLE;
	}
	*out = picture;

	return OK;
}

/* Look at the central square only. */
static void crop(WebPPicture *picture)
{
	const int width = picture->width, height = picture->height;
	const int side = width < height ? width : height;

	picture->argb += (height - side) / 2 * picture->argb_stride +
			 (width - side) / 2;
	picture->width = picture->height = side;
}

static enum err scale(WebPPicture *picture)
{
	if (picture->width == IMAGE_SIDE ||
	    WebPPictureRescale(picture, IMAGE_SIDE, IMAGE_SIDE))
		return OK;

	log_error("webp: no memory to scale %d pixels", picture->width);
	return ERR_UNAVAILABLE;
}

/* How an upright pixel is found in a square that is stored otherwise. */
static const struct turn {
	bool swap, mirror_x, mirror_y;	/* in this order */
} turns[] = {
	[2] = { false, true,  false },
	[3] = { false, true,  true  },
	[4] = { false, false, true  },
	[5] = { true,  false, false },
	[6] = { true,  false, true  },
	[7] = { true,  true,  true  },
	[8] = { true,  true,  false },
};

static void turn(struct arena *arena, WebPPicture *picture, int orientation)
{
	const struct turn t = turns[orientation];
	uint32_t *upright = arena_alloc(arena, sizeof(*upright) *
					IMAGE_SIDE * IMAGE_SIDE);

	for (int y = 0; y < IMAGE_SIDE; y++)
		for (int x = 0; x < IMAGE_SIDE; x++) {
			int column = t.swap ? y : x, row = t.swap ? x : y;

			column = t.mirror_x ? IMAGE_SIDE - 1 - column : column;
			row = t.mirror_y ? IMAGE_SIDE - 1 - row : row;
			upright[y * IMAGE_SIDE + x] =
				picture->argb[row * picture->argb_stride +
					      column];
		}
	picture->argb = upright;
	picture->argb_stride = IMAGE_SIDE;
}

static enum err encode(struct arena *arena, WebPPicture *picture,
		       struct image_webp *out)
{
	WebPMemoryWriter *writer = arena_alloc(arena, sizeof(*writer));
	WebPConfig config;

	WebPMemoryWriterInit(writer);
	arena_defer(arena, writer_free, writer);
	picture->writer = WebPMemoryWrite;
	picture->custom_ptr = writer;

	if (!WebPConfigPreset(&config, WEBP_PRESET_PICTURE, quality) ||
	    !WebPEncode(&config, picture)) {
		log_error("webp: encoding: error %d", picture->error_code);
		return picture->error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ?
			ERR_UNAVAILABLE : ERR_INTERNAL;
	}
	*out = (struct image_webp){ writer->mem, writer->size };

	return OK;
}

enum err image_square(struct arena *arena, const struct image *image,
		      struct image_webp *out, const char **code)
{
	struct image_decoded decoded = { .orientation = 1 };
	enum err err;

	err = decode[image->type](arena, image, &decoded, code);
	if (err)
		return err;

	crop(decoded.picture);
	err = scale(decoded.picture);
	if (err)
		return err;
	if (decoded.orientation != 1)
		turn(arena, decoded.picture, decoded.orientation);

	return encode(arena, decoded.picture, out);
}
