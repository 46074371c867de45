/* Threads work at once and don't disturb each other. */
#include <pthread.h>

#include "tests/unit/avatar_fixture.h"

struct work {
	struct arena *arena;		/* the thread's own */
	const struct image *images;	/* images[KINDS] */
	struct image_webp out[KINDS];
};

/* NULL if an image is refused. */
static void *square_all(void *arg)
{
	struct work *w = arg;
	const char *code;

	for (int i = 0; i < KINDS; i++)
		if (image_square(w->arena, &w->images[i], &w->out[i], &code))
			return NULL;

	return w;
}

static void threads_at_once_have_the_same_results(void **state)
{
	struct image images[KINDS];
	struct work work[2];
	pthread_t thread[2];
	void *done;

	(void)state;
	for (int i = 0; i < KINDS; i++)
		images[i] = image_make(&kinds[i], 400, 300);
	for (int i = 0; i < 2; i++) {
		work[i] = (struct work){ arena_new(), images };
		assert_int_equal(pthread_create(&thread[i], NULL, square_all,
						&work[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(thread[i], &done), 0);
		assert_non_null(done);
	}

	for (int i = 0; i < KINDS; i++) {
		const struct image_webp *a = &work[0].out[i];
		const struct image_webp *b = &work[1].out[i];

		assert_int_equal(a->bytes, b->bytes);
		assert_memory_equal(a->data, b->data, a->bytes);
	}
	arena_free(work[0].arena);
	arena_free(work[1].arena);
}

IMAGE_TESTS(
	CLAIM(threads_at_once_have_the_same_results)
)
