/* What is damaged is refused, unless no pixel suffers. */
#include <string.h>

#include "tests/unit/avatar_fixture.h"

static void an_image_cut_off_anywhere_is_refused(void **state)
{
	(void)state;
	for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
		struct image image = image_make(k, 60, 40);
		const size_t all = image.bytes, step = all / 200 + 1;

		for (image.bytes = 0; image.bytes < all;
		     image.bytes += image.bytes < all - 20 ? step : 1)
			assert_refused(&image, "not_an_image");
	}
}

static void a_png_with_any_bit_wrong_is_refused(void **state)
{
	struct image image = image_make(kind_named("png palette alpha"), 9,
					9);
	unsigned char *data = image_edit(&image);

	(void)state;
	for (size_t i = 0; i < image.bytes * 8; i++) {
		data[i / 8] ^= (unsigned char)(1 << i % 8);
		assert_refused(&image, "not_an_image");
		data[i / 8] ^= (unsigned char)(1 << i % 8);
	}
}

static void corrupt_pixels_of_jpeg_are_refused(void **state)
{
	static const struct { const char *name, *bytes; size_t n; } cases[] = {
		/* No code consists of ones; 0xff is written with a 0. */
		{ "jpeg colour", "\xff\0\xff\0\xff\0\xff", 8 },
		/* Found by trial: an arithmetic code that is none. */
		{ "jpeg arithmetic", "................", 16 },
		/* A marker, before all pixels were there. */
		{ "jpeg colour", "\xff\xd9", 2 },
		{ "jpeg gray", "\xff\xd0", 2 },
	};
	static const unsigned char zeros[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct image image =
			image_make(kind_named(cases[i].name), 40, 40);
		const unsigned char *data = image.data;
		const unsigned char *scan = memmem(data, image.bytes,
						   "\xff\xda\0", 3);

		/* There is no lack of bytes. */
		image_insert(&image, image.bytes - 2, zeros, sizeof(zeros));
		image_insert(&image, (size_t)(scan + 2 + scan[3] - data),
			     cases[i].bytes, cases[i].n);
		assert_refused(&image, "not_an_image");
	}
}

static void restarts_out_of_order_are_refused(void **state)
{
	struct image image = image_make(kind_named("jpeg restarts"), 400, 400);
	unsigned char *data = image_edit(&image);
	unsigned char *restart = memmem(data, image.bytes, "\xff\xd2", 2);

	(void)state;
	restart[1] = 0xd6;
	assert_refused(&image, "not_an_image");
}

static void harmless_faults_are_tolerated(void **state)
{
	const struct kind *jpeg = kind_named("jpeg colour");
	const struct kind *png = kind_named("png colour");
	struct image image;

	(void)state;
	/* Bytes between segments; APP0 ends at 20. */
	image = image_make(jpeg, 300, 300);
	image_insert(&image, 20, "\x11\x22\x33", 3);
	assert_square(&image, jpeg, upright);

	/* A frame of an animation that isn't announced is not looked at. */
	image = image_make(png, 300, 300);
	png_insert(&image, image.bytes - 12, "acTL", "\1\1\1\1\1\1\1\1");
	assert_square(&image, png, upright);
}

IMAGE_TESTS(
	CLAIM(an_image_cut_off_anywhere_is_refused),
	CLAIM(a_png_with_any_bit_wrong_is_refused),
	CLAIM(corrupt_pixels_of_jpeg_are_refused),
	CLAIM(restarts_out_of_order_are_refused),
	CLAIM(harmless_faults_are_tolerated)
)
