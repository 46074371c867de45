/* Nothing but pixels gets through. */
#include <string.h>

#include "tests/unit/avatar_fixture.h"

static void assert_only_pixels(const struct image *image)
{
	const struct image_webp out = squared(image);
	size_t at = 12;

	assert_non_null(memmem(image->data, image->bytes, CANARY,
			       strlen(CANARY)));
	assert_null(memmem(out.data, out.bytes, CANARY, strlen(CANARY)));

	/* Chunks of WebP: names, little-endian sizes, even. */
	while (at + 8 <= out.bytes) {
		const unsigned char *p = out.data + at;

		assert_true(memcmp(p, "VP8 ", 4) == 0 ||
			    memcmp(p, "VP8X", 4) == 0 ||
			    memcmp(p, "ALPH", 4) == 0);
		at += 8 + (((size_t)p[4] | (size_t)p[5] << 8 |
			    (size_t)p[6] << 16) + 1) / 2 * 2;
	}
	assert_int_equal(at, out.bytes);
}

static void metadata_of_jpeg_is_gone(void **state)
{
	/* XMP, an ICC profile, IPTC, a comment. */
	static const char *const markers[] = {
		"\xff\xe1", "\xff\xe2", "\xff\xed", "\xff\xfe",
	};
	unsigned char tiff[TIFF_BYTES];
	struct image image;

	(void)state;
	tiff_make(tiff, 1, false);
	image = image_make(kind_named("jpeg colour"), 300, 300);
	jpeg_insert_exif(&image, tiff, TIFF_BYTES);
	assert_only_pixels(&image);

	for (size_t i = 0; i < COUNT(markers); i++) {
		image = image_make(kind_named("jpeg colour"), 300, 300);
		image_insert(&image, 2, CANARY, strlen(CANARY));
		image_insert(&image, 2, "\0\x11", 2);
		image_insert(&image, 2, markers[i], 2);
		assert_only_pixels(&image);
	}
	image_insert(&image, image.bytes, CANARY, strlen(CANARY));
	assert_only_pixels(&image);
}

static void metadata_of_png_is_gone(void **state)
{
	static const char *const names[] = {
		"tEXt", "zTXt", "iTXt", "eXIf", "iCCP", "sPLT", "heLo",
	};
	struct image image;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		image = image_make(kind_named("png alpha"), 300, 300);
		png_insert(&image, 33, names[i], CANARY);
		assert_only_pixels(&image);
	}
	image_insert(&image, image.bytes, CANARY, strlen(CANARY));
	assert_only_pixels(&image);
}

static void metadata_of_webp_is_gone(void **state)
{
	static const char *const names[] = { "webp lossy", "webp lossless" };
	static const struct webp_extras extras = {
		.flags = 0x2c, .before = "ICCP", .behind = "EXIFXMP ",
		.text = CANARY,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct image image = image_make(kind_named(names[i]), 300, 300);

		webp_extend(&image, &extras);
		assert_only_pixels(&image);
	}
}

IMAGE_TESTS(
	CLAIM(metadata_of_jpeg_is_gone),
	CLAIM(metadata_of_png_is_gone),
	CLAIM(metadata_of_webp_is_gone)
)
