/* Whatever comes in, it is refused or becomes a square, in bounded memory. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <jpeglib.h>

#include "tests/unit/avatar_fixture.h"

/* Little of what is freed is kept, so that the peak is the code's. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8";
}

enum { MUTANTS = 1000, PEAK_MB = 300, SANITIZER_MB = 100 };

/* xorshift64 (Marsaglia 2003): the same numbers from the same seed. */
static uint64_t seed;

static size_t below(size_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;

	return seed % limit;
}

static void flip_bits(struct image *image)
{
	unsigned char *data = image_edit(image);

	for (size_t n = 1 + below(8); n > 0; n--)
		data[below(image->bytes)] ^= (unsigned char)(1 << below(8));
}

static void cut_off(struct image *image)
{
	image->bytes = below(image->bytes);
}

/* A run of it, at another place once more. */
static void duplicate(struct image *image)
{
	const size_t from = below(image->bytes);

	image_insert(image, below(image->bytes), image->data + from,
		     1 + below(image->bytes - from));
}

/* A run of it, over another. */
static void splice(struct image *image)
{
	const size_t bytes = 1 + below(image->bytes / 4);
	const size_t from = below(image->bytes - bytes);
	const size_t to = below(image->bytes - bytes);
	unsigned char *data = image_edit(image);

	memmove(data + to, data + from, bytes);
}

/* Most lengths, counts and sizes are among the first bytes. */
static void change_number(struct image *image)
{
	static const uint32_t numbers[] = {
		0, 1, 2, 7, 8, 255, 256, 5792, 32767, 32768, 65535, 65536,
		INT32_MAX, 0x80000000, UINT32_MAX - 8, UINT32_MAX,
	};
	unsigned char *data = image_edit(image);
	const size_t near = image->bytes < 200 ? image->bytes : 200;
	const size_t at = below(below(2) ? near : image->bytes);
	const int bytes = at + 4 <= image->bytes && below(2) ? 4 : 2;

	if (at + 2 <= image->bytes)
		put(data + at, numbers[below(COUNT(numbers))], bytes,
		    below(2));
}

static void (*const mutate[])(struct image *) = {
	flip_bits, cut_off, duplicate, splice, change_number,
};

static struct image mutant(const struct kind *k)
{
	static const struct webp_extras extras = {
		.flags = 0x2c, .before = "ICCP", .behind = "EXIFXMP ",
		.text = CANARY,
	};
	struct image image = image_make(k, 1 + (int)below(300),
					1 + (int)below(300));
	unsigned char tiff[TIFF_BYTES];

	if (k->type == IMAGE_JPEG && below(2)) {
		tiff_make(tiff, 1 + (int)below(8), below(2));
		jpeg_insert_exif(&image, tiff, TIFF_BYTES);
	}
	if (k->type == IMAGE_WEBP && k->alpha == 255 && below(2))
		webp_extend(&image, &extras);

	for (size_t n = 1 + below(2); n > 0 && image.bytes > 4; n--)
		mutate[below(COUNT(mutate))](&image);
	/* Past its CRCs there is more of PNG to find fault with. */
	if (k->type == IMAGE_PNG && below(4))
		png_mend(&image);

	return image;
}

static bool is_stable(const char *code)
{
	static const char *const codes[] = {
		"not_an_image", "animated", "too_many_pixels", "too_complex",
	};

	for (size_t i = 0; i < COUNT(codes); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;

	return false;
}

static void a_mutant_is_refused_or_becomes_a_square(void **state)
{
	int accepted = 0;

	(void)state;
	for (unsigned int i = 0; i < MUTANTS; i++) {
		const struct kind *k = &kinds[i % KINDS];
		struct image_webp out = { 0 };
		const char *code = "none";
		struct image image;
		enum err err;

		seed = 0x9e3779b97f4a7c15 * (i + 1);
		image = mutant(k);
		err = image_square(arena, &image, &out, &code);
		if (err == OK)
			pixels_of(&out);
		else if (err != ERR_INVALID || !is_stable(code) || out.data)
			fail_msg("%s, mutant %u: %d %s", k->name, i, (int)err,
				 code);
		accepted += err == OK;
		arena_reset(arena);
	}
	/* Mutants are neither all broken nor all whole. */
	assert_in_range(accepted, MUTANTS / 20, MUTANTS / 2);
}

/* The DC coefficients of a progressive JPEG: zeros, as many as it takes. */
static struct image greedy_jpeg(void)
{
	enum { ZEROS = 1 << 20 };
	const struct kind k = {
		.type = IMAGE_JPEG, .colour = JCS_RGB, .in_passes = true,
		.full_chroma = true,
	};
	struct image image = image_make(&k, 40, 40);
	unsigned char *data = image_edit(&image);
	unsigned char *sof = memmem(data, image.bytes, "\xff\xc2", 2);
	unsigned char *sos = memmem(data, image.bytes, "\xff\xda\0\x0c", 4);

	put(sof + 5, 5792, 2, true);
	put(sof + 7, 5792, 2, true);
	image.bytes = (size_t)(sos - data) + 14;
	image_insert(&image, image.bytes, arena_alloc(arena, ZEROS), ZEROS);
	image_insert(&image, image.bytes, "\xff\xd9", 2);

	return image;
}

static void few_bytes_may_be_the_greatest_image(void **state)
{
	const struct image images[] = {
		greedy_jpeg(), webp_plain(5792, 5792),
		image_make(kind_named("png interlaced palette"), 5792, 5792),
	};
	struct image_webp out;
	const char *code;

	(void)state;
	for (size_t i = 0; i < COUNT(images); i++) {
		struct arena *own = arena_new();

		assert_int_equal(image_square(own, &images[i], &out, &code),
				 OK);
		pixels_of(&out);
		arena_free(own);
	}
}

/* Over all of the above. */
static void the_peak_of_memory_is_bounded(void **state)
{
	struct rusage usage;

	(void)state;
	getrusage(RUSAGE_SELF, &usage);
	assert_in_range(usage.ru_maxrss / 1024, 1, PEAK_MB + SANITIZER_MB);
}

IMAGE_TESTS(
	CLAIM(a_mutant_is_refused_or_becomes_a_square),
	CLAIM(few_bytes_may_be_the_greatest_image),
	CLAIM(the_peak_of_memory_is_bounded)
)
