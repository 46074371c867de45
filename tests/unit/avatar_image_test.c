/* Images of every kind become squares. */
#include <string.h>

#include "tests/unit/avatar_fixture.h"

static void every_kind_of_image_becomes_its_central_square(void **state)
{
	static const int sizes[][2] = {
		{ 640, 400 }, { 400, 641 }, { 512, 512 }, { 256, 256 },
		{ 257, 255 }, { 1100, 1051 }, { 40, 40 },
	};

	(void)state;
	for (const struct kind *k = kinds; k < kinds + KINDS; k++)
		for (size_t i = 0; i < COUNT(sizes); i++) {
			const struct image image =
				image_make(k, sizes[i][0], sizes[i][1]);

			assert_square(&image, k, upright);
			arena_reset(arena);
		}
}

static void tiny_and_thin_images_are_enlarged(void **state)
{
	static const int sizes[][2] = {
		{ 1, 1 }, { 1, 10000 }, { 10000, 1 }, { 2, 3 }, { 17, 16000 },
	};

	(void)state;
	for (const struct kind *k = kinds; k < kinds + KINDS; k++)
		for (size_t i = 0; i < COUNT(sizes); i++) {
			const struct image image =
				image_make(k, sizes[i][0], sizes[i][1]);
			const struct image_webp out = squared(&image);

			pixels_of(&out);
			arena_reset(arena);
		}
}

static void the_greatest_size_is_accepted(void **state)
{
	static const struct { const char *name; int width, height; } cases[] = {
		{ "jpeg gray", 16384, 2048 }, { "jpeg gray", 2048, 16384 },
		{ "png gray 4", 16384, 2048 }, { "png gray 4", 2048, 16384 },
		{ "webp lossy", 16383, 300 }, { "webp lossless", 300, 16383 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct kind *k = kind_named(cases[i].name);
		const struct image image =
			image_make(k, cases[i].width, cases[i].height);

		assert_square(&image, k, upright);
		arena_reset(arena);
	}
}

/* Linear light is brighter than the same numbers in sRGB. */
static void gamma_of_png_is_heeded(void **state)
{
	const struct kind *k = kind_named("png gray");
	struct image image = image_make(k, 300, 300);
	struct image_webp out;
	int seen;

	(void)state;
	image_insert(&image, 33, "\0\0\0\4gAMA\0\1\x86\xa0" "crc.", 16);
	png_mend(&image);
	out = squared(&image);
	seen = pixels_of(&out)[4 * (64 * IMAGE_SIDE + 64)];
	assert_in_range(seen, 132, 140);	/* 60 */
}

IMAGE_TESTS(
	CLAIM(every_kind_of_image_becomes_its_central_square),
	CLAIM(tiny_and_thin_images_are_enlarged),
	CLAIM(the_greatest_size_is_accepted),
	CLAIM(gamma_of_png_is_heeded)
)
