/* What is no image, or too much of one, is refused and says why. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <jpeglib.h>

#include "tests/unit/avatar_fixture.h"

/* A system that has no 60 MB in one piece, as the greatest images take. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=60:allocator_may_return_null=1";
}

/* A clock of CPU time that passes whenever it is read. */
static int64_t passes_ms, passed_ms;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_THREAD_CPUTIME_ID)
		return (int)syscall(SYS_clock_gettime, clock, now);

	passed_ms += passes_ms;
	now->tv_sec = passed_ms / 1000;
	now->tv_nsec = passed_ms % 1000 * 1000000;
	return 0;
}

static void what_has_another_type_is_refused(void **state)
{
	static const struct { const char *data; size_t bytes; } cases[] = {
		{ "", 0 }, { "\0", 1 }, { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14 },
		{ "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0"
		  "\0\2\2D\1\0;", 35 },
		{ "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 41 },
		{ "<!DOCTYPE html><title>x</title>", 31 },
		{ "%PDF-1.7", 8 }, { "BM", 2 }, { "II*\0\b\0\0\0\0\0", 10 },
		{ "\xff\xd8\xff", 3 }, { "\xff\xd8\xff\xd9", 4 },
		{ "\x89PNG\r\n\x1a\n", 8 }, { "RIFF\4\0\0\0WEBP", 12 },
		{ "RIFF\4\0\0\0WAVE", 12 }, { "RIFF", 4 },
	};

	(void)state;
	for (int type = IMAGE_JPEG; type <= IMAGE_WEBP; type++) {
		for (size_t i = 0; i < COUNT(cases); i++)
			assert_refused(&(struct image){
				(enum image_type)type,
				(const unsigned char *)cases[i].data,
				cases[i].bytes }, "not_an_image");
		for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
			struct image image = image_make(k, 40, 40);

			image.type = (enum image_type)type;
			if (k->type != image.type)
				assert_refused(&image, "not_an_image");
		}
	}
}

static void a_bare_bitstream_is_no_webp(void **state)
{
	struct image image = image_make(kind_named("webp lossy"), 40, 40);

	(void)state;
	image.data += 20;
	image.bytes -= 20;
	assert_refused(&image, "not_an_image");
}

static void colours_for_printing_are_refused(void **state)
{
	static const int colours[] = { JCS_CMYK, JCS_YCCK };

	(void)state;
	for (size_t i = 0; i < COUNT(colours); i++) {
		const struct kind k = { .type = IMAGE_JPEG,
					.colour = colours[i] };
		const struct image image = image_make(&k, 300, 300);

		assert_refused(&image, "not_an_image");
	}
}

static void animations_are_refused(void **state)
{
	/* Announced is enough. */
	static const struct webp_extras extras = {
		.flags = 0x02, .before = "ANIM", .behind = "", .text = "......",
	};
	struct image webp = image_make(kind_named("webp lossy"), 40, 40);
	struct image png = image_make(kind_named("png palette"), 40, 40);

	(void)state;
	webp_extend(&webp, &extras);
	assert_refused(&webp, "animated");
	png_insert(&png, 33, "acTL", "\1\1\1\1\1\1\1\1");
	assert_refused(&png, "animated");
}

/* Where SOF0 or SOF2 has the height and then the width. */
static size_t jpeg_size_at(const struct image *image)
{
	size_t at = 2;

	while ((image->data[at + 1] & ~2) != 0xc0)
		at += 2 + (size_t)image->data[at + 2] * 256 +
		      image->data[at + 3];

	return at + 5;
}

static void resize(struct image *image, uint32_t width, uint32_t height)
{
	unsigned char *data = image_edit(image);

	switch (image->type) {
	case IMAGE_JPEG:
		data += jpeg_size_at(image);
		put(data, height, 2, true);
		put(data + 2, width, 2, true);
		break;
	case IMAGE_PNG:
		put(data + 16, width, 4, true);
		put(data + 20, height, 4, true);
		png_mend(image);
		break;
	case IMAGE_WEBP:
		if (memcmp(data + 12, "VP8L", 4) == 0) {
			put(data + 21, (width - 1) | (height - 1) << 14, 4,
			    false);
		} else {
			put(data + 26, width, 2, false);
			put(data + 28, height, 2, false);
		}
	}
}

static void a_stated_size_is_judged_before_pixels_are_read(void **state)
{
	static const char many[] = "too_many_pixels", none[] = "not_an_image";
	static const struct {
		const char *name, *reason;
		uint32_t width, height;
	} cases[] = {
		{ "jpeg colour",      many, 65500, 65500 },
		{ "jpeg colour",      many, 65535, 1 },
		{ "jpeg colour",      many, 1, 16385 },
		{ "jpeg gray",        many, 8192, 4097 },
		{ "jpeg progressive", many, 16384, 16384 },
		{ "jpeg colour",      none, 0, 40 },
		{ "jpeg colour",      none, 40, 0 },
		{ "png colour",       many, 60000, 60000 },
		{ "png colour",       many, INT32_MAX, INT32_MAX },
		{ "png interlaced",   many, 16385, 1 },
		{ "png gray",         many, 4097, 8192 },
		{ "png gray",         none, 0, 40 },
		{ "png gray",         none, 40, 0 },
		{ "png gray",         none, UINT32_MAX, 40 },
		{ "webp lossy",       many, 16383, 16383 },
		{ "webp lossy",       many, 8192, 4097 },
		{ "webp lossy",       none, 0, 40 },
		{ "webp lossless",    many, 16384, 16384 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct image image = image_make(kind_named(cases[i].name), 40,
						40);

		resize(&image, cases[i].width, cases[i].height);
		assert_refused(&image, cases[i].reason);
	}
}

/* The second scan of this size refines DC coefficients; it may be repeated. */
static struct image with_scans(int scans)
{
	static const unsigned char start[] = { 0xff, 0xda, 0, 12 };
	struct image image = image_make(kind_named("jpeg progressive"), 60, 40);
	const unsigned char *data = image.data, *end = data + image.bytes;
	const unsigned char *scan, *next;

	scan = memmem(data, image.bytes, start, sizeof(start));
	scan = memmem(scan + 1, (size_t)(end - scan - 1), start, sizeof(start));
	next = memmem(scan + 1, (size_t)(end - scan - 1), "\xff", 1);
	while (scans-- > 0)
		image_insert(&image, (size_t)(next - data), scan,
			     (size_t)(next - scan));

	return image;
}

static void scans_without_end_are_refused(void **state)
{
	const struct image few = with_scans(80), many = with_scans(120);
	struct image_webp out;
	const char *code;

	(void)state;
	assert_int_equal(image_square(arena, &few, &out, &code), OK);
	assert_refused(&many, "too_complex");
}

static void a_jpeg_that_takes_too_long_is_refused(void **state)
{
	static const char *const names[] = {
		"jpeg colour", "jpeg progressive",
	};
	struct image_webp out;
	const char *code;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct image image =
			image_make(kind_named(names[i]), 300, 300);

		passes_ms = 1;
		assert_int_equal(image_square(arena, &image, &out, &code), OK);
		passes_ms = 100;
		assert_refused(&image, "too_complex");
		passes_ms = 0;
	}
}

static void memory_that_runs_out_is_no_fault_of_the_image(void **state)
{
	struct image images[] = {
		image_make(kind_named("jpeg gray progressive"), 40, 40),
		image_make(kind_named("png gray"), 40, 40),
		webp_plain(1, 1),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(images); i++) {
		resize(&images[i], 5792, 5792);
		assert_fails(&images[i], ERR_UNAVAILABLE, "");
	}
}

IMAGE_TESTS(
	CLAIM(what_has_another_type_is_refused),
	CLAIM(a_bare_bitstream_is_no_webp),
	CLAIM(colours_for_printing_are_refused),
	CLAIM(animations_are_refused),
	CLAIM(a_stated_size_is_judged_before_pixels_are_read),
	CLAIM(scans_without_end_are_refused),
	CLAIM(a_jpeg_that_takes_too_long_is_refused),
	CLAIM(memory_that_runs_out_is_no_fault_of_the_image)
)
