/* POST /user/me/avatar */
#include <string.h>

#include "tests/unit/avatar_fixture.h"
#include "tests/unit/harness.h"

/* One account with a session, and its token. */
struct person {
	const char *id, *token;
};

static struct person person_new(void)
{
	const char *id = account_new(fresh_email());

	return (struct person){ id, token_of(id, session_of(id)) };
}

static struct reply upload(struct person p, const char *type,
			   const struct image *image, const char *key)
{
	return POST("/user/me/avatar", (const void *)image->data,
		    .body_bytes = image->bytes, .type = type,
		    .token = p.token, .key = key);
}

static struct image png(const char *kind)
{
	return image_make(kind_named(kind), 300, 300);
}

/* Avatar, revision, number of images and events of a person. */
static const char *state_of(struct person p)
{
	return sql("SELECT concat_ws(' ', coalesce(avatar::text, 'none'),"
		   " revision, (SELECT count(*) FROM profile.avatar"
		   " WHERE user_id = '%s'), (SELECT count(*) FROM event.outbox"
		   " WHERE key = '%s' AND type = 'UserProfileUpdated'))"
		   " FROM profile.profile WHERE id = '%s'", p.id, p.id, p.id);
}

static void an_upload_is_on_the_profile_and_announced(void **state)
{
	const struct person p = person_new();
	const struct image image = png("png colour");
	struct reply r = upload(p, "image/png", &image, NULL);
	const char *path = member(r.body, "avatar");

	(void)state;
	assert_int_equal(r.status, 201);
	assert_string_equal(r.headers, "ETag: \"2\"\r\n");
	assert_string_equal(path, sql("SELECT profile.avatar_path(name) FROM"
				      " profile.avatar WHERE user_id = '%s'",
				      p.id));
	assert_string_equal(state_of(p), text("%.36s 2 1 1",
					      path + strlen("/avatars/")));
	assert_string_equal(sql("SELECT concat_ws(' ', topic, data)"
				" FROM event.outbox WHERE key = '%s'", p.id),
			    text("user.events {\"changed\": [\"avatar\"],"
				 " \"user_id\": \"%s\", \"revision\": 2}",
				 p.id));
	assert_string_equal(sql("SELECT substr(image, 1, 4) FROM profile.avatar"
				" WHERE user_id = '%s'", p.id), "\\x52494646");
}

static void the_same_image_again_changes_nothing(void **state)
{
	const struct person p = person_new();
	const struct image image = png("png colour");
	const char *before, *first;

	(void)state;
	first = upload(p, "image/png", &image, NULL).body;
	before = state_of(p);
	assert_string_equal(upload(p, "image/png", &image, NULL).body, first);
	assert_string_equal(state_of(p), before);
}

static void another_image_has_another_name_and_takes_the_place(void **state)
{
	const struct person p = person_new();
	const struct image one = png("png colour"), two = png("png gray");
	const char *first, *second;

	(void)state;
	first = member(upload(p, "image/png", &one, NULL).body, "avatar");
	second = member(upload(p, "image/png", &two, NULL).body, "avatar");
	assert_string_not_equal(first, second);
	assert_string_equal(state_of(p), text("%.36s 3 1 2",
					      second + strlen("/avatars/")));
}

/* Whose it is is in the name: nobody's deletion takes another's image. */
static void two_people_with_one_image_have_two_names(void **state)
{
	const struct image image = png("png colour");

	(void)state;
	assert_string_not_equal(
		member(upload(person_new(), "image/png", &image, NULL).body,
		       "avatar"),
		member(upload(person_new(), "image/png", &image, NULL).body,
		       "avatar"));
}

static void other_media_are_refused(void **state)
{
	static const char *const types[] = {
		"", "application/json", "image/gif", "image/png; x=y",
		"image/svg+xml", "multipart/form-data", "image/pngg",
	};
	const struct person p = person_new();
	const struct image image = png("png colour");

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		assert_problem(upload(p, types[i], &image, NULL), 415,
			       "unsupported_media_type");
	assert_int_equal(upload(p, "Image/PNG", &image, NULL).status, 201);
}

static void a_refused_image_leaves_nothing(void **state)
{
	static const struct image none = { IMAGE_PNG,
					   (const unsigned char *)"", 0 };
	const struct person p = person_new();
	const struct image image = png("png colour");
	const struct image huge = webp_plain(16000, 16000);
	const struct {
		const char *type, *code;
		const struct image *image;
	} cases[] = {
		{ "image/jpeg", "not_an_image", &image },
		{ "image/png", "not_an_image", &none },
		{ "image/webp", "too_many_pixels", &huge },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r = upload(p, cases[i].type, cases[i].image, NULL);

		assert_problem(r, 422, "invalid");
		assert_non_null(strstr(r.body, text("{\"pointer\":\"\","
				"\"code\":\"%s\"}", cases[i].code)));
	}
	assert_string_equal(state_of(p), "none 1 0 0");
}

/* The bytes behind the first NUL count too. */
static void a_key_belongs_to_all_bytes_of_an_image(void **state)
{
	const struct person p = person_new();
	const struct image one = png("png colour"), two = png("png gray");
	const char *key = fresh_email(), *first;

	(void)state;
	first = upload(p, "image/png", &one, key).body;
	assert_string_equal(upload(p, "image/png", &one, key).body, first);
	assert_problem(upload(p, "image/png", &two, key), 422,
		       "idempotency_key_reused");
	assert_string_equal(state_of(p), text("%.36s 2 1 1",
			member(first, "avatar") + strlen("/avatars/")));
}

static void nobody_uploads_without_a_token(void **state)
{
	const struct image image = png("png colour");

	(void)state;
	assert_problem(upload((struct person){ 0 }, "image/png", &image, NULL),
		       401, "unauthorized");
}

static int open_both(void **state)
{
	return harness_open("avatar") || image_open(state);
}

static int close_both(void **state)
{
	return harness_close() || image_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_upload_is_on_the_profile_and_announced),
		CLAIM(the_same_image_again_changes_nothing),
		CLAIM(another_image_has_another_name_and_takes_the_place),
		CLAIM(two_people_with_one_image_have_two_names),
		CLAIM(other_media_are_refused),
		CLAIM(a_refused_image_leaves_nothing),
		CLAIM(a_key_belongs_to_all_bytes_of_an_image),
		CLAIM(nobody_uploads_without_a_token),
	};

	return cmocka_run_group_tests(tests, open_both, close_both);
}
