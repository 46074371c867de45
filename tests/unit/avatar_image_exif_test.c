/* The one tag of EXIF that counts is heeded, however the block is made. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/avatar_fixture.h"

#include "functions/avatar/image_private.h"

static void orientation_is_carried_out(void **state)
{
	/* What EXIF 2.32, section 4.6.4, says of rows and columns. */
	static const int seen[][4] = {
		{ TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT },
		{ TOP_RIGHT, TOP_LEFT, BOTTOM_RIGHT, BOTTOM_LEFT },
		{ BOTTOM_RIGHT, BOTTOM_LEFT, TOP_RIGHT, TOP_LEFT },
		{ BOTTOM_LEFT, BOTTOM_RIGHT, TOP_LEFT, TOP_RIGHT },
		{ TOP_LEFT, BOTTOM_LEFT, TOP_RIGHT, BOTTOM_RIGHT },
		{ BOTTOM_LEFT, TOP_LEFT, BOTTOM_RIGHT, TOP_RIGHT },
		{ BOTTOM_RIGHT, TOP_RIGHT, BOTTOM_LEFT, TOP_LEFT },
		{ TOP_RIGHT, BOTTOM_RIGHT, TOP_LEFT, BOTTOM_LEFT },
	};
	static const int widths[] = { 256, 300, 700 };
	const struct kind *k = kind_named("jpeg colour");
	unsigned char tiff[TIFF_BYTES];

	(void)state;
	for (size_t w = 0; w < COUNT(widths); w++)
		for (int i = 0; i < 16; i++) {
			struct image image = image_make(k, widths[w], 400);

			tiff_make(tiff, i % 8 + 1, i / 8);
			jpeg_insert_exif(&image, tiff, TIFF_BYTES);
			assert_square(&image, k, seen[i % 8]);
		}
}

/* A copy that ends where its memory ends. */
static int orientation_of(const unsigned char *tiff, size_t bytes)
{
	unsigned char *copy = malloc(bytes);
	int orientation;

	memcpy(copy, tiff, bytes);
	orientation = image_orientation(copy, bytes);
	free(copy);

	return orientation;
}

static void an_orientation_that_is_none_is_upright(void **state)
{
	static const int values[] = { 0, 9, 256, 0xffff };
	/* Number of entries, tag, type and offset of the first IFD. */
	static const struct { int at, bytes; uint32_t value; } changes[] = {
		{ 0, 1, 'J' }, { 2, 2, 43 }, { 4, 4, 72 }, { 4, 4, 71 },
		{ 4, 4, 0 }, { 4, 4, UINT32_MAX }, { 4, 4, INT32_MAX },
		{ 8, 2, 0 }, { 10, 2, 0x111 }, { 12, 2, 4 },
	};
	unsigned char tiff[TIFF_BYTES];

	(void)state;
	for (int big = 0; big < 2; big++) {
		for (size_t i = 0; i < COUNT(values); i++) {
			tiff_make(tiff, values[i], big);
			assert_int_equal(orientation_of(tiff, TIFF_BYTES), 1);
		}
		for (size_t i = 0; i < COUNT(changes); i++) {
			tiff_make(tiff, 6, big);
			put(tiff + changes[i].at, changes[i].value,
			    changes[i].bytes, big);
			assert_int_equal(orientation_of(tiff, TIFF_BYTES), 1);
		}
		/* The value ends at 20. */
		tiff_make(tiff, 6, big);
		for (size_t bytes = 0; bytes <= TIFF_BYTES; bytes++)
			assert_int_equal(orientation_of(tiff, bytes),
					 bytes < 20 ? 1 : 6);
	}
}

static void orientation_is_found_behind_other_entries(void **state)
{
	unsigned char tiff[TIFF_BYTES], moved[TIFF_BYTES + 12];

	(void)state;
	tiff_make(tiff, 8, true);
	memcpy(moved, tiff, 10);
	memset(moved + 10, 0, 12);
	memcpy(moved + 22, tiff + 10, TIFF_BYTES - 10);
	put(moved + 8, 3, 2, true);
	assert_int_equal(orientation_of(moved, sizeof(moved)), 8);
	put(moved + 8, 0xffff, 2, true);
	put(moved + 22, 0, 2, true);
	assert_int_equal(orientation_of(moved, sizeof(moved)), 1);
}

IMAGE_TESTS(
	CLAIM(orientation_is_carried_out),
	CLAIM(an_orientation_that_is_none_is_upright),
	CLAIM(orientation_is_found_behind_other_entries)
)
