/*
 * image_exif.c - the one tag of EXIF that matters: see image_private.h.
 *
 * EXIF 2.32, section 4.6, and TIFF 6.0, section 2.  No offset or count is
 * trusted: what lies outside the block reads as 0.
 */
#include <string.h>

#include "functions/avatar/image_private.h"

enum { HEADER_BYTES = 8, ENTRY_BYTES = 12, ORIENTATION = 0x112, SHORT = 3 };

struct tiff {
	const unsigned char *data;
	size_t bytes;
	bool big_endian;
};

static uint32_t number(const struct tiff *t, size_t at, size_t bytes)
{
	uint32_t value = 0;

	if (at > t->bytes || bytes > t->bytes - at)
		return 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 |
			t->data[at + (t->big_endian ? i : bytes - 1 - i)];

	return value;
}

int image_orientation(const unsigned char *tiff, size_t bytes)
{
	struct tiff t = { tiff, bytes, false };
	size_t entry, entries;
	uint32_t value;

	if (bytes < HEADER_BYTES)
		return 1;
	t.big_endian = memcmp(tiff, "MM\0*", 4) == 0;
	if (!t.big_endian && memcmp(tiff, "II*\0", 4) != 0)
		return 1;

	entry = number(&t, 4, 4);
	entries = number(&t, entry, 2);
	for (entry += 2; entries > 0; entries--, entry += ENTRY_BYTES) {
		if (number(&t, entry, 2) != ORIENTATION)
			continue;
		value = number(&t, entry + 8, 2);
		return number(&t, entry + 2, 2) == SHORT && value >= 1 &&
		       value <= 8 ? (int)value : 1;
	}
	return 1;
}
