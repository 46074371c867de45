/*
 * avatar_fixture.h - images to upload, and a look at what becomes of them.
 *
 * An image shows its central square in four quarters of different colours; what
 * is beside the square is black.
 *
 * Ownership: images and results belong to the arena.
 */
#ifndef TESTS_UNIT_AVATAR_FIXTURE_H
#define TESTS_UNIT_AVATAR_FIXTURE_H

#include <stdbool.h>

#include "tests/unit/test.h"

#include "functions/avatar/image.h"

/* From set-up to tear-down; a claim that makes much may reset it. */
extern struct arena *arena;

enum { TOP_LEFT = 1, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT, COLOURS };

/* A flavour of a format. */
struct kind {
	const char *name;
	enum image_type type;
	bool gray;
	int alpha;		/* of the quarter BOTTOM_RIGHT; 255 elsewhere */
	int colour;		/* libjpeg's colour space or libpng's type */
	int depth;		/* PNG: bits a sample */
	bool in_passes;		/* JPEG: progressive; PNG: interlaced */
	bool lossless;		/* WebP */
	bool full_chroma;	/* JPEG: 4:4:4 */
	bool arithmetic;	/* JPEG */
	int restart_rows;	/* JPEG: between restart markers; 0: none */
};

/* All that are accepted. */
enum { KINDS = 28 };
extern const struct kind kinds[KINDS];

const struct kind *kind_named(const char *name);

/* RGBA of a colour as the kind has it. */
void colour_of(const struct kind *, int colour, unsigned char rgba[4]);

struct image image_make(const struct kind *, int width, int height);

/* Give the image data of its own, which may be written to. */
unsigned char *image_edit(struct image *);

/* Put bytes in before the one at offset at. */
void image_insert(struct image *, size_t at, const void *data, size_t bytes);

/* Make every chunk's CRC right, as far as chunks can be told. */
void png_mend(struct image *);

/* Put a chunk in before the one at offset at; 33 is behind the header. */
void png_insert(struct image *, size_t at, const char *name, const char *text);

/* Make it the extended format; chunks of the text go before and behind. */
struct webp_extras {
	unsigned char flags;		/* of VP8X */
	const char *before, *behind;	/* names of chunks, 4 bytes each */
	const char *text;
};
void webp_extend(struct image *, const struct webp_extras *);

/* The segment APP1 with EXIF goes first. */
void jpeg_insert_exif(struct image *, const unsigned char *tiff, size_t bytes);

/* Lossless, of one colour, in 28 bytes: no pixel takes a bit. */
struct image webp_plain(uint32_t width, uint32_t height);

/* A value of some bytes, in either order. */
void put(unsigned char *out, uint32_t value, int bytes, bool big_endian);

/* A TIFF structure with an orientation, and GPS data that holds CANARY. */
#define CANARY "CANARY-51.5074N"
enum { TIFF_BYTES = 72 };
void tiff_make(unsigned char out[TIFF_BYTES], int orientation, bool big_endian);

/* image_square() must accept the image, or fail and leave out untouched. */
struct image_webp squared(const struct image *);
void assert_refused(const struct image *, const char *reason);
void assert_fails(const struct image *, enum err, const char *reason);

/* RGBA of a result, which must be WebP of the right size. */
const unsigned char *pixels_of(const struct image_webp *);

/* quarters[4]: what is seen top left, top right, bottom left, bottom right. */
void assert_square(const struct image *, const struct kind *,
		   const int *quarters);
extern const int upright[4];

/* main() of a test. */
#define IMAGE_TESTS(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
		return cmocka_run_group_tests(tests, image_open, image_close); \
	}
int image_open(void **state);
int image_close(void **state);

#endif
