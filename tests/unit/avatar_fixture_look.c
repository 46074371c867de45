/* avatar_fixture_look.c - what image_square() makes of an image. */
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>

#include "tests/unit/avatar_fixture.h"

struct arena *arena;

const int upright[] = { TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT };

int image_open(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

int image_close(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

struct image_webp squared(const struct image *image)
{
	const char *code = "untouched";
	struct image_webp out = { 0 };

	if (image_square(arena, image, &out, &code) != OK)
		fail_msg("type %d, %zu bytes: %s", (int)image->type,
			 image->bytes, code);
	assert_string_equal(code, "untouched");

	return out;
}

void assert_fails(const struct image *image, enum err wanted,
		  const char *reason)
{
	static const unsigned char untouched[1];
	struct image_webp out = { untouched, 1 };
	const char *code = "";
	struct arena *own = arena_new();
	const enum err err = image_square(own, image, &out, &code);

	arena_free(own);
	if (err != wanted || strcmp(code, reason) != 0)
		fail_msg("type %d, %zu bytes: %d %s", (int)image->type,
			 image->bytes, (int)err, code);
	assert_ptr_equal(out.data, untouched);
	assert_int_equal(out.bytes, 1);
}

void assert_refused(const struct image *image, const char *reason)
{
	assert_fails(image, ERR_INVALID, reason);
}

const unsigned char *pixels_of(const struct image_webp *webp)
{
	WebPBitstreamFeatures features;
	unsigned char *rgba;

	assert_int_equal(WebPGetFeatures(webp->data, webp->bytes, &features),
			 VP8_STATUS_OK);
	assert_int_equal(features.width, IMAGE_SIDE);
	assert_int_equal(features.height, IMAGE_SIDE);
	assert_false(features.has_animation);

	rgba = WebPDecodeRGBA(webp->data, webp->bytes, NULL, NULL);
	assert_non_null(rgba);
	arena_defer(arena, WebPFree, rgba);

	return rgba;
}

/* What is transparent may have any colour. */
static bool is_like(const unsigned char *seen, const unsigned char *wanted)
{
	if (abs(seen[3] - wanted[3]) > 2)
		return false;
	for (int i = 0; i < 3 && wanted[3] > 0; i++)
		if (abs(seen[i] - wanted[i]) > 16)
			return false;

	return true;
}

void assert_square(const struct image *image, const struct kind *k,
		   const int *quarters)
{
	/* Off the middle of the picture, and near its corners. */
	static const int places[] = { 90, 64, 4 };
	const struct image_webp webp = squared(image);
	const unsigned char *rgba = pixels_of(&webp);
	unsigned char wanted[4];

	for (int q = 0; q < 4; q++)
		for (size_t i = 0; i < COUNT(places); i++) {
			const int far = IMAGE_SIDE - 1 - places[i];
			const int x = q % 2 == 0 ? places[i] : far;
			const int y = q / 2 == 0 ? places[i] : far;
			const unsigned char *p =
				rgba + 4 * (y * IMAGE_SIDE + x);

			colour_of(k, quarters[q], wanted);
			if (!is_like(p, wanted))
				fail_msg("%s: %d %d %d %d at %d, %d", k->name,
					 p[0], p[1], p[2], p[3], x, y);
		}
}
