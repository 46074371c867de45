/*
 * image_jpeg.c - decode JPEG: see image_private.h.
 *
 * libjpeg leaves through longjmp(), so what is used after it lives in the
 * arena.  Its messages go nowhere.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>
#include <jerror.h>

#include "functions/avatar/image_private.h"

#include "runtime/log.h"

enum {
	/* The coefficients of 32 megapixels, none subsampled, take 192 MB. */
	MEMORY_BYTES = 256 << 20,
	/* Encoders write ten or so; in each, few bytes may pass all pixels. */
	MAX_SCANS = 100,
	CPU_MS = 2000,
};

static const char exif[] = "Exif\0";	/* and the NUL of its own */

struct decoder {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	int64_t deadline_ms;		/* as cpu_ms() tells */
	int orientation;		/* EXIF's, 1 to 8 */
	jmp_buf failed;
	enum err err;			/* why failed */
	const char *code;		/* of ERR_INVALID */
};

/* Of this thread: other work on the machine makes no image too complex. */
static int64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static _Noreturn void refuse(struct decoder *d, const char *code)
{
	d->err = ERR_INVALID;
	d->code = code;
	longjmp(d->failed, 1);
}

static _Noreturn void fail(j_common_ptr jpeg)
{
	struct decoder *d = jpeg->client_data;

	switch (jpeg->err->msg_code) {
	case JERR_IMAGE_TOO_BIG:
		refuse(d, "too_many_pixels");
	case JERR_NO_BACKING_STORE:	/* MEMORY_BYTES are not enough */
		refuse(d, "too_complex");
	case JERR_OUT_OF_MEMORY:
		log_error("jpeg: out of memory");
		d->err = ERR_UNAVAILABLE;
		longjmp(d->failed, 1);
	default:
		refuse(d, "not_an_image");
	}
}

/* Warnings that mean that pixels are missing or made up are failures. */
static void warn(j_common_ptr jpeg, int level)
{
	if (level >= 0)
		return;

	switch (jpeg->err->msg_code) {
	case JWRN_ARITH_BAD_CODE:
	case JWRN_HIT_MARKER:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_JPEG_EOF:
	case JWRN_MUST_RESYNC:
		fail(jpeg);
	}
}

static void ignore(j_common_ptr jpeg)
{
	(void)jpeg;
}

/* Called for every row of blocks in every scan, and for rows of pixels. */
static void check_progress(j_common_ptr jpeg)
{
	struct decoder *d = jpeg->client_data;

	if (d->jpeg.input_scan_number > MAX_SCANS || cpu_ms() > d->deadline_ms)
		refuse(d, "too_complex");
}

static void destroy(void *jpeg)
{
	jpeg_destroy_decompress(jpeg);
}

static struct decoder *decoder_new(struct arena *arena)
{
	struct decoder *d = arena_alloc(arena, sizeof(*d));

	d->jpeg.err = jpeg_std_error(&d->errors);
	d->errors.error_exit = fail;
	d->errors.emit_message = warn;
	d->errors.output_message = ignore;
	d->jpeg.client_data = d;
	d->deadline_ms = cpu_ms() + CPU_MS;

	/* While zeroed, there is nothing to destroy. */
	arena_defer(arena, destroy, &d->jpeg);
	return d;
}

/* What the first EXIF block says. */
static int orientation(const struct decoder *d)
{
	jpeg_saved_marker_ptr m;

	for (m = d->jpeg.marker_list; m; m = m->next)
		if (m->data_length >= sizeof(exif) &&
		    memcmp(m->data, exif, sizeof(exif)) == 0)
			return image_orientation(m->data + sizeof(exif),
						 m->data_length - sizeof(exif));

	return 1;
}

static void read_header(struct decoder *d, const struct image *image)
{
	jpeg_create_decompress(&d->jpeg);
	d->jpeg.mem->max_memory_to_use = MEMORY_BYTES;
	d->progress.progress_monitor = check_progress;
	d->jpeg.progress = &d->progress;

	jpeg_mem_src(&d->jpeg, image->data, image->bytes);
	jpeg_save_markers(&d->jpeg, JPEG_APP0 + 1, 0xffff);
	jpeg_read_header(&d->jpeg, TRUE);

	if (image_too_large(d->jpeg.image_width, d->jpeg.image_height))
		refuse(d, "too_many_pixels");
	d->orientation = orientation(d);
}

/*
 * The inverse transform can leave out what a smaller picture doesn't show: the
 * least of 8 eighths that keeps the shorter side at IMAGE_SIDE or more.
 */
static void start(struct decoder *d)
{
	const unsigned int width = d->jpeg.image_width;
	const unsigned int height = d->jpeg.image_height;
	const unsigned int side = width < height ? width : height;
	unsigned int eighths = (8 * IMAGE_SIDE + side - 1) / side;

	d->jpeg.scale_num = eighths < 8 ? eighths : 8;
	d->jpeg.scale_denom = 8;
	/* Gray, YCbCr and RGB can be made that; with others libjpeg fails. */
	d->jpeg.out_color_space = JCS_EXT_BGRA;
	jpeg_start_decompress(&d->jpeg);
}

static void read_rows(struct decoder *d, const WebPPicture *picture)
{
	while (d->jpeg.output_scanline < d->jpeg.output_height) {
		JSAMPROW row = image_row(picture, d->jpeg.output_scanline);

		jpeg_read_scanlines(&d->jpeg, &row, 1);
	}
	/* Reads on to the end, so that nothing is missing. */
	jpeg_finish_decompress(&d->jpeg);
}

enum err image_jpeg(struct arena *arena, const struct image *image,
		    struct image_decoded *out, const char **code)
{
	struct decoder *d = decoder_new(arena);
	WebPPicture *picture;
	enum err err;

	if (setjmp(d->failed)) {
		if (d->err == ERR_INVALID)
			*code = d->code;
		return d->err;
	}
	read_header(d, image);
	start(d);
	err = image_picture(arena, (int)d->jpeg.output_width,
			    (int)d->jpeg.output_height, &picture);
	if (err)
		return err;
	read_rows(d, picture);
	*out = (struct image_decoded){ picture, d->orientation };

	return OK;
}
