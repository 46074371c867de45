/*
 * image_webp.c - decode WebP: see image_private.h.
 *
 * libwebp crops and scales while it decodes: the pixels of a whole image are
 * nowhere at once, unless it is lossless.
 */
#include <string.h>
#include <webp/decode.h>

#include "functions/avatar/image_private.h"

#include "runtime/log.h"

/* libwebp takes a bare bitstream as well. */
static bool is_riff(const struct image *image)
{
	return image->bytes >= 12 && memcmp(image->data, "RIFF", 4) == 0 &&
	       memcmp(image->data + 8, "WEBP", 4) == 0;
}

/* Fills in config->input; NULL if the image may be decoded, else the code. */
static const char *refusal(const struct image *image, WebPDecoderConfig *config)
{
	if (!is_riff(image) || WebPGetFeatures(image->data, image->bytes,
					       &config->input) != VP8_STATUS_OK)
		return "not_an_image";
	if (config->input.has_animation)
		return "animated";
	if (image_too_large((uint32_t)config->input.width,
			    (uint32_t)config->input.height))
		return "too_many_pixels";

	return NULL;
}

static void set_up(WebPDecoderConfig *config, const WebPPicture *picture)
{
	const int width = config->input.width, height = config->input.height;
	const int side = width < height ? width : height;
	WebPDecoderOptions *options = &config->options;
	WebPDecBuffer *output = &config->output;

	options->use_cropping = 1;
	options->crop_left = (width - side) / 2;
	options->crop_top = (height - side) / 2;
	options->crop_width = options->crop_height = side;
	options->use_scaling = 1;
	options->scaled_width = options->scaled_height = IMAGE_SIDE;

	output->colorspace = MODE_BGRA;
	output->is_external_memory = 1;
	output->u.RGBA.rgba = image_row(picture, 0);
	output->u.RGBA.stride = picture->argb_stride * 4;
	output->u.RGBA.size = IMAGE_SIDE * (size_t)output->u.RGBA.stride;
}

enum err image_webp(struct arena *arena, const struct image *image,
		    struct image_decoded *out, const char **code)
{
	WebPDecoderConfig config;
	WebPPicture *picture;
	VP8StatusCode status;
	const char *reason;
	enum err err;

	if (!WebPInitDecoderConfig(&config)) {
		log_error("webp: not the version compiled for");
		return ERR_INTERNAL;
	}
	reason = refusal(image, &config);
	if (reason) {
		*code = reason;
		return ERR_INVALID;
	}

	err = image_picture(arena, IMAGE_SIDE, IMAGE_SIDE, &picture);
	if (err)
		return err;
	set_up(&config, picture);
	status = WebPDecode(image->data, image->bytes, &config);
	if (status == VP8_STATUS_OUT_OF_MEMORY) {
		log_error("webp: out of memory");
		return ERR_UNAVAILABLE;
	}
	if (status != VP8_STATUS_OK) {
		*code = "not_an_image";
		return ERR_INVALID;
	}
	out->picture = picture;

	return OK;
}
