/* avatar_fixture_edit.c - images as encoders don't make them. */
#include <string.h>
#include <webp/decode.h>

#include "tests/unit/avatar_fixture.h"

enum { PNG_SIGNATURE_BYTES = 8, PNG_CHUNK_BYTES = 12, RIFF_BYTES = 12 };

void put(unsigned char *out, uint32_t value, int bytes, bool big_endian)
{
	for (int i = 0; i < bytes; i++)
		out[big_endian ? bytes - 1 - i : i] =
			(unsigned char)(value >> 8 * i);
}

static uint32_t get(const unsigned char *data)
{
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 |
	       (uint32_t)data[2] << 8 | data[3];
}

unsigned char *image_edit(struct image *image)
{
	char *copy = arena_copy(arena, image->data, image->bytes);

	image->data = (unsigned char *)copy;
	return (unsigned char *)copy;
}

void image_insert(struct image *image, size_t at,
		  const void *data, size_t bytes)
{
	unsigned char *copy = arena_alloc(arena, image->bytes + bytes);

	assert_true(at <= image->bytes);
	memcpy(copy, image->data, at);
	memcpy(copy + at, data, bytes);
	memcpy(copy + at + bytes, image->data + at, image->bytes - at);
	image->data = copy;
	image->bytes += bytes;
}

/* PNG, third edition, annex D. */
static uint32_t crc(const unsigned char *data, size_t bytes)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < bytes; i++) {
		sum ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
	}
	return ~sum;
}

void png_mend(struct image *image)
{
	unsigned char *data = image_edit(image);
	size_t at = PNG_SIGNATURE_BYTES;

	while (at + PNG_CHUNK_BYTES <= image->bytes) {
		const size_t bytes = get(data + at);

		if (bytes > image->bytes - at - PNG_CHUNK_BYTES)
			break;
		put(data + at + 8 + bytes, crc(data + at + 4, 4 + bytes), 4,
		    true);
		at += PNG_CHUNK_BYTES + bytes;
	}
}

void png_insert(struct image *image, size_t at,
		const char *name, const char *text)
{
	const size_t bytes = strlen(text);
	unsigned char *chunk = arena_alloc(arena, PNG_CHUNK_BYTES + bytes);

	put(chunk, (uint32_t)bytes, 4, true);
	memcpy(chunk + 4, name, 4);
	memcpy(chunk + 8, text, bytes);
	image_insert(image, at, chunk, PNG_CHUNK_BYTES + bytes);
	png_mend(image);
}

static void riff_insert(struct image *image, size_t at,
			const char *name, const void *data, size_t bytes)
{
	const size_t padded = bytes + bytes % 2;
	unsigned char *chunk = arena_alloc(arena, 8 + padded);

	memcpy(chunk, name, 4);
	put(chunk + 4, (uint32_t)bytes, 4, false);
	memcpy(chunk + 8, data, bytes);
	image_insert(image, at, chunk, 8 + padded);
	put(image_edit(image) + 4, (uint32_t)image->bytes - 8, 4, false);
}

void webp_extend(struct image *image, const struct webp_extras *extras)
{
	unsigned char header[10] = { extras->flags };
	int width, height;
	size_t names;

	assert_true(WebPGetInfo(image->data, image->bytes, &width, &height));
	put(header + 4, (uint32_t)width - 1, 3, false);
	put(header + 7, (uint32_t)height - 1, 3, false);

	for (names = strlen(extras->before); names > 0; names -= 4)
		riff_insert(image, RIFF_BYTES, extras->before + names - 4,
			    extras->text, strlen(extras->text));
	riff_insert(image, RIFF_BYTES, "VP8X", header, sizeof(header));
	for (const char *name = extras->behind; *name; name += 4)
		riff_insert(image, image->bytes, name, extras->text,
			    strlen(extras->text));
}

struct image webp_plain(uint32_t width, uint32_t height)
{
	/* No transform or cache, and five codes of one symbol each. */
	static const char data[28] = "RIFF\x14\0\0\0WEBPVP8L\x8\0\0\0"
				     "\x2f....\x88\x88\x8";
	struct image image = {
		IMAGE_WEBP, (const unsigned char *)data, sizeof(data),
	};

	put(image_edit(&image) + 21, (width - 1) | (height - 1) << 14, 4,
	    false);
	return image;
}

void tiff_make(unsigned char out[TIFF_BYTES], int orientation, bool big_endian)
{
	/* The header, two entries, no next IFD; one entry, no next IFD. */
	const struct { uint32_t value; int bytes; } numbers[] = {
		{ 42, 2 }, { 8, 4 },
		{ 2, 2 },
		{ 0x112, 2 }, { 3, 2 }, { 1, 4 },
		{ (uint32_t)orientation, 2 }, { 0, 2 },
		{ 0x8825, 2 }, { 4, 2 }, { 1, 4 }, { 38, 4 },
		{ 0, 4 },
		{ 1, 2 },
		{ 0x1d, 2 }, { 2, 2 }, { sizeof(CANARY), 4 }, { 56, 4 },
		{ 0, 4 },
	};
	size_t at = 2;

	memcpy(out, big_endian ? "MM" : "II", at);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		put(out + at, numbers[i].value, numbers[i].bytes, big_endian);
		at += (size_t)numbers[i].bytes;
	}
	memcpy(out + at, CANARY, sizeof(CANARY));
	assert_int_equal(at + sizeof(CANARY), TIFF_BYTES);
}

void jpeg_insert_exif(struct image *image,
		      const unsigned char *tiff, size_t bytes)
{
	unsigned char header[10] = "\xff\xe1..Exif\0";

	put(header + 2, (uint32_t)(bytes + 8), 2, true);
	image_insert(image, 2, tiff, bytes);
	image_insert(image, 2, header, sizeof(header));
}
