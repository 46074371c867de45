/* avatar_fixture.c - images as encoders make them: see avatar_fixture.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include "tests/unit/avatar_fixture.h"

#define JPEG(name_, colour_, ...) \
	{ .name = "jpeg " name_, .type = IMAGE_JPEG, .alpha = 255, \
	  .colour = colour_, __VA_ARGS__ }
#define PNG(name_, colour_, depth_, alpha_, ...) \
	{ .name = "png " name_, .type = IMAGE_PNG, .colour = colour_, \
	  .depth = depth_, .alpha = alpha_, __VA_ARGS__ }
#define WEBP(name_, alpha_, ...) \
	{ .name = "webp " name_, .type = IMAGE_WEBP, .alpha = alpha_, \
	  __VA_ARGS__ }

const struct kind kinds[KINDS] = {
	JPEG("colour",      JCS_YCbCr),
	JPEG("full chroma", JCS_YCbCr, .full_chroma = true),
	JPEG("rgb",         JCS_RGB),
	JPEG("gray",        JCS_GRAYSCALE, .gray = true),
	JPEG("progressive", JCS_YCbCr, .in_passes = true),
	JPEG("gray progressive", JCS_GRAYSCALE, .gray = true,
	     .in_passes = true),
	JPEG("arithmetic",  JCS_YCbCr, .arithmetic = true),
	JPEG("restarts",    JCS_YCbCr, .restart_rows = 1),
	PNG("gray 4",       PNG_COLOR_TYPE_GRAY,        4, 255, .gray = true),
	PNG("gray",         PNG_COLOR_TYPE_GRAY,        8, 255, .gray = true),
	PNG("gray 16",      PNG_COLOR_TYPE_GRAY,       16, 255, .gray = true),
	PNG("gray key",     PNG_COLOR_TYPE_GRAY,        8,   0, .gray = true),
	PNG("gray alpha",   PNG_COLOR_TYPE_GRAY_ALPHA,  8, 128, .gray = true),
	PNG("palette 4",    PNG_COLOR_TYPE_PALETTE,     4, 255),
	PNG("palette",      PNG_COLOR_TYPE_PALETTE,     8, 255),
	PNG("palette alpha", PNG_COLOR_TYPE_PALETTE,    8, 128),
	PNG("colour",       PNG_COLOR_TYPE_RGB,         8, 255),
	PNG("colour 16",    PNG_COLOR_TYPE_RGB,        16, 255),
	PNG("colour key",   PNG_COLOR_TYPE_RGB,         8,   0),
	PNG("alpha",        PNG_COLOR_TYPE_RGB_ALPHA,   8, 128),
	PNG("alpha 16",     PNG_COLOR_TYPE_RGB_ALPHA,  16, 128),
	PNG("interlaced",   PNG_COLOR_TYPE_RGB,         8, 255,
	    .in_passes = true),
	PNG("interlaced palette", PNG_COLOR_TYPE_PALETTE, 4, 128,
	    .in_passes = true),
	PNG("interlaced alpha 16", PNG_COLOR_TYPE_RGB_ALPHA, 16, 128,
	    .in_passes = true),
	WEBP("lossy",          255),
	WEBP("lossy alpha",    128),
	WEBP("lossless",       255, .lossless = true),
	WEBP("lossless alpha", 128, .lossless = true),
};

static const unsigned char colours[COLOURS][3] = {
	{ 0, 0, 0 }, { 220, 40, 40 }, { 40, 200, 60 }, { 50, 60, 220 },
	{ 230, 220, 60 },
};
static const unsigned char grays[COLOURS] = { 0, 60, 120, 180, 240 };

const struct kind *kind_named(const char *name)
{
	for (const struct kind *k = kinds; k < kinds + KINDS; k++)
		if (strcmp(k->name, name) == 0)
			return k;

	fail_msg("no %s", name);
	return NULL;
}

/* The index of a colour. */
static int paint(int x, int y, int width, int height)
{
	const int side = width < height ? width : height;

	x -= (width - side) / 2;
	y -= (height - side) / 2;
	if (x < 0 || y < 0 || x >= side || y >= side)
		return 0;

	return TOP_LEFT + (x >= side / 2) + 2 * (y >= side / 2);
}

void colour_of(const struct kind *k, int index, unsigned char rgba[4])
{
	for (int i = 0; i < 3; i++)
		rgba[i] = k->gray ? grays[index] : colours[index][i];
	rgba[3] = index == BOTTOM_RIGHT ? (unsigned char)k->alpha : 255;
}

static unsigned char *paint_rgba(const struct kind *k, int width, int height)
{
	unsigned char *rgba = arena_alloc(arena, (size_t)(width * height * 4));
	unsigned char *out = rgba;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++, out += 4)
			colour_of(k, paint(x, y, width, height), out);

	return rgba;
}

static struct image jpeg_make(const struct kind *k, int width, int height)
{
	const bool cmyk = k->colour == JCS_CMYK || k->colour == JCS_YCCK;
	unsigned char *row = paint_rgba(k, width, height), *data = NULL;
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned long bytes = 0;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &data, &bytes);
	jpeg.image_width = (JDIMENSION)width;
	jpeg.image_height = (JDIMENSION)height;
	jpeg.input_components = 4;
	jpeg.in_color_space = cmyk ? JCS_CMYK : JCS_EXT_RGBX;
	jpeg_set_defaults(&jpeg);
	jpeg_set_colorspace(&jpeg, (J_COLOR_SPACE)k->colour);
	jpeg_set_quality(&jpeg, 95, TRUE);
	if (k->full_chroma)
		jpeg.comp_info[0].h_samp_factor =
			jpeg.comp_info[0].v_samp_factor = 1;
	if (k->in_passes)
		jpeg_simple_progression(&jpeg);
	jpeg.arith_code = k->arithmetic;
	jpeg.restart_in_rows = k->restart_rows;

	jpeg_start_compress(&jpeg, TRUE);
	for (; jpeg.next_scanline < jpeg.image_height; row += 4 * width)
		jpeg_write_scanlines(&jpeg, &row, 1);
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	arena_defer(arena, free, data);

	return (struct image){ IMAGE_JPEG, data, bytes };
}

static void memory_write(png_structp png, png_bytep data, size_t bytes)
{
	assert_int_equal(fwrite(data, bytes, 1, png_get_io_ptr(png)), 1);
}

/* Palette, and what tells that a colour is transparent. */
static void png_colours(png_structp png, png_infop info, const struct kind *k)
{
	png_byte alphas[COLOURS];
	png_color palette[COLOURS];
	png_color_16 key = { 0 };

	for (int i = 0; i < COLOURS; i++) {
		unsigned char rgba[4];

		colour_of(k, i, rgba);
		palette[i] = (png_color){ rgba[0], rgba[1], rgba[2] };
		key = (png_color_16){ 0, rgba[0], rgba[1], rgba[2], rgba[0] };
		alphas[i] = rgba[3];
	}
	if (k->colour == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, COLOURS);
	if (k->alpha < 255 && !(k->colour & PNG_COLOR_MASK_ALPHA))
		png_set_tRNS(png, info, alphas, COLOURS, &key);
}

/* One sample a byte, or two equal bytes. */
static unsigned char *png_sample(unsigned char *out, const struct kind *k,
				 unsigned char value)
{
	const int spare = k->depth < 8 ? 8 - k->depth : 0;

	*out++ = (unsigned char)(value >> spare);
	if (k->depth == 16)
		*out++ = value;

	return out;
}

static void png_row(unsigned char *out, const struct kind *k, int y,
		    int width, int height)
{
	for (int x = 0; x < width; x++) {
		const int index = paint(x, y, width, height);
		unsigned char rgba[4];

		colour_of(k, index, rgba);
		if (k->colour == PNG_COLOR_TYPE_PALETTE) {
			*out++ = (unsigned char)index;
			continue;
		}
		out = png_sample(out, k, rgba[0]);
		if (k->colour & PNG_COLOR_MASK_COLOR) {
			out = png_sample(out, k, rgba[1]);
			out = png_sample(out, k, rgba[2]);
		}
		if (k->colour & PNG_COLOR_MASK_ALPHA)
			out = png_sample(out, k, rgba[3]);
	}
}

static struct image png_make(const struct kind *k, int width, int height)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL,
						  NULL, NULL);
	png_infop info = png_create_info_struct(png);
	unsigned char *row = arena_alloc(arena, (size_t)width * 8);
	char *data;
	size_t bytes;
	FILE *file = open_memstream(&data, &bytes);

	png_set_write_fn(png, file, memory_write, NULL);
	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height,
		     k->depth, k->colour,
		     k->in_passes ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
	png_colours(png, info, k);
	png_write_info(png, info);
	png_set_packing(png);
	for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
		for (int y = 0; y < height; y++) {
			png_row(row, k, y, width, height);
			png_write_row(png, row);
		}
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	assert_int_equal(fclose(file), 0);
	arena_defer(arena, free, data);

	return (struct image){ IMAGE_PNG, (unsigned char *)data, bytes };
}

static struct image webp_make(const struct kind *k, int width, int height)
{
	unsigned char *rgba = paint_rgba(k, width, height), *data;
	size_t bytes = k->lossless ?
		WebPEncodeLosslessRGBA(rgba, width, height, 4 * width, &data) :
		WebPEncodeRGBA(rgba, width, height, 4 * width, 95, &data);

	assert_true(bytes > 0);
	arena_defer(arena, WebPFree, data);

	return (struct image){ IMAGE_WEBP, data, bytes };
}

struct image image_make(const struct kind *k, int width, int height)
{
	static struct image (*const make[])(const struct kind *, int, int) = {
		[IMAGE_JPEG] = jpeg_make,
		[IMAGE_PNG]  = png_make,
		[IMAGE_WEBP] = webp_make,
	};

	return make[k->type](k, width, height);
}
