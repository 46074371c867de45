/*
 * image_png.c - decode PNG: see image_private.h.
 *
 * libpng leaves through longjmp(), so what is used after it lives in the arena.
 * libpng's own memory is the arena's too, so nothing is to be freed then; it is
 * small beside the pixels, and asked for once.
 */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "functions/avatar/image_private.h"

/* Chunks that change how pixels look, beside those that are needed. */
static const png_byte looks[] = "gAMA\0sRGB";

struct decoder {
	png_structp png;
	png_infop info;
	const unsigned char *data;	/* data[bytes]: what is not read yet */
	size_t bytes;
	bool animated;
	jmp_buf failed;
	const char *code;		/* why failed */
};

static _Noreturn void refuse(struct decoder *d, const char *code)
{
	d->code = code;
	longjmp(d->failed, 1);
}

static _Noreturn void fail(png_structp png, const char *message)
{
	(void)message;
	refuse(png_get_error_ptr(png), "not_an_image");
}

static void ignore(png_structp png, const char *message)
{
	(void)png;
	(void)message;
}

static void *take(png_structp png, size_t bytes)
{
	return arena_alloc(png_get_mem_ptr(png), bytes);
}

static void leave(png_structp png, void *memory)
{
	(void)png;
	(void)memory;
}

static void read_data(png_structp png, png_byte *out, size_t bytes)
{
	struct decoder *d = png_get_io_ptr(png);

	if (bytes > d->bytes)
		refuse(d, "not_an_image");
	memcpy(out, d->data, bytes);
	d->data += bytes;
	d->bytes -= bytes;
}

/* The chunks that libpng doesn't interpret. */
static int see_chunk(png_structp png, png_unknown_chunkp chunk)
{
	struct decoder *d = png_get_user_chunk_ptr(png);

	d->animated = d->animated || memcmp(chunk->name, "acTL", 4) == 0;
	return 1;
}

static void set_up(struct decoder *d)
{
	png_set_read_fn(d->png, d, read_data);
	png_set_crc_action(d->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
	/* The limits are image_too_large()'s. */
	png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_AS_DEFAULT, looks,
				    sizeof(looks) / 5);
	png_set_read_user_chunk_fn(d->png, d, see_chunk);
}

/* Up to the pixels. */
static void read_header(struct decoder *d)
{
	uint32_t width, height;

	png_read_info(d->png, d->info);
	if (d->animated)
		refuse(d, "animated");
	width = png_get_image_width(d->png, d->info);
	height = png_get_image_height(d->png, d->info);
	if (image_too_large(width, height))
		refuse(d, "too_many_pixels");
}

/* Pixels of any kind become 8 bit BGRA in sRGB. */
static void transform(struct decoder *d)
{
	png_set_expand(d->png);
	png_set_scale_16(d->png);
	png_set_gray_to_rgb(d->png);
	png_set_add_alpha(d->png, 0xff, PNG_FILLER_AFTER);
	png_set_bgr(d->png);
	png_set_alpha_mode(d->png, PNG_ALPHA_PNG, PNG_DEFAULT_sRGB);
	png_set_interlace_handling(d->png);
	png_read_update_info(d->png, d->info);
}

static void read_rows(struct decoder *d, struct arena *arena,
		      const WebPPicture *picture)
{
	const size_t height = (size_t)picture->height;
	png_bytep *rows = arena_alloc(arena, height * sizeof(*rows));

	assert(png_get_rowbytes(d->png, d->info) == 4 * (size_t)picture->width);
	for (size_t y = 0; y < height; y++)
		rows[y] = image_row(picture, y);
	png_read_image(d->png, rows);
	/* Nothing is missing. */
	png_read_end(d->png, NULL);
}

enum err image_png(struct arena *arena, const struct image *image,
		   struct image_decoded *out, const char **code)
{
	struct decoder *d = arena_alloc(arena, sizeof(*d));
	WebPPicture *picture;
	enum err err;

	d->data = image->data;
	d->bytes = image->bytes;
	if (setjmp(d->failed)) {
		*code = d->code;
		return ERR_INVALID;
	}
	d->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, d, fail,
					  ignore, arena, take, leave);
	d->info = png_create_info_struct(d->png);
	set_up(d);
	read_header(d);
	transform(d);
	err = image_picture(arena,
			    (int)png_get_image_width(d->png, d->info),
			    (int)png_get_image_height(d->png, d->info),
			    &picture);
	if (err)
		return err;
	read_rows(d, arena, picture);
	out->picture = picture;

	return OK;
}
