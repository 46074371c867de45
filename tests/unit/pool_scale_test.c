/* As many workers as the load needs: soon more, slowly fewer, none at rest. */
#include "tests/unit/test.h"

#include "runtime/pool_scale.h"

enum { IDLE_MS = 1000 };

/* So many samples of the same load, and what is wanted after them. */
struct step {
	int samples;
	struct load load;
	int wanted;
};

/* Of n workers with 4 threads each. */
#define LOAD(n, busy_threads, queued) \
	{ .threads = 4 * (n), .busy = (busy_threads), .queued_ms = (queued) }

static const struct {
	const char *name;
	struct range range;
	struct step step[10];		/* ends with 0 samples */
} cases[] = {
	{ "at rest", { 1, 8 }, {
		{ 100, LOAD(1, 0, 0), 1 } } },
	{ "up by 1, 2, 4", { 1, 8 }, {
		{ 1, LOAD(1, 4, 0), 1 }, { 1, LOAD(1, 4, 0), 2 },
		{ 1, LOAD(2, 8, 0), 4 }, { 1, LOAD(4, 16, 0), 8 },
		{ 9, LOAD(8, 32, 0), 8 } } },
	{ "one sample is chance", { 1, 8 }, {
		{ 1, LOAD(1, 4, 0), 1 }, { 9, LOAD(1, 1, 0), 1 } } },
	{ "half busy is enough", { 1, 8 }, {
		{ 100, LOAD(1, 2, 0), 1 } } },
	{ "waiting requests are too much load", { 1, 8 }, {
		{ 1, LOAD(1, 1, 49), 1 }, { 1, LOAD(1, 1, 50), 2 },
		{ 1, LOAD(2, 1, 0), 2 }, { 1, LOAD(2, 1, 50), 3 } } },
	{ "no more while some start", { 1, 8 }, {
		{ 2, LOAD(1, 4, 0), 2 },
		{ 9, { .starting = true, .threads = 4, .busy = 4 }, 2 },
		{ 1, LOAD(2, 8, 0), 4 } } },
	{ "down one at a time", { 1, 8 }, {
		{ 1, LOAD(1, 0, 50), 2 }, { 1, LOAD(2, 0, 50), 4 },
		{ 10, LOAD(4, 0, 0), 4 }, { 1, LOAD(4, 0, 0), 3 },
		{ 10, LOAD(3, 0, 0), 3 }, { 1, LOAD(3, 0, 0), 2 },
		{ 11, LOAD(2, 0, 0), 1 }, { 99, LOAD(1, 0, 0), 1 } } },
	{ "not down if one fewer would be half busy", { 1, 8 }, {
		{ 1, LOAD(1, 0, 50), 2 }, { 40, LOAD(2, 3, 0), 2 },
		{ 40, LOAD(2, 2, 0), 1 } } },
	{ "load in between begins anew", { 1, 2 }, {
		{ 1, LOAD(1, 0, 50), 2 }, { 9, LOAD(2, 0, 0), 2 },
		{ 3, LOAD(2, 4, 0), 2 }, { 9, LOAD(2, 0, 0), 2 },
		{ 5, LOAD(2, 0, 0), 1 } } },
	{ "to none when nothing was asked", { 0, 8 }, {
		{ 10, LOAD(1, 0, 0), 1 }, { 1, LOAD(1, 0, 0), 0 } } },
	{ "a busy thread is not rest", { 0, 8 }, {
		{ 99, LOAD(1, 1, 0), 1 } } },
	{ "who takes no requests is never at rest", { 0, 8 }, {
		{ 99, { 0 }, 1 } } },
	{ "a range is kept", { 3, 4 }, {
		{ 99, LOAD(3, 0, 0), 3 }, { 2, LOAD(3, 12, 0), 4 } } },
};

static void wanted_follows_the_load(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scale s = { .wanted = 1 };
		int64_t now_ms = 1000000;

		scale_fit(&s, &cases[i].range);
		for (const struct step *t = cases[i].step; t->samples; t++) {
			for (int n = 0; n < t->samples; n++) {
				now_ms += SCALE_SAMPLE_MS;
				scale_next(&s, &cases[i].range, &t->load,
					   IDLE_MS, now_ms);
			}
			if (s.wanted != t->wanted)
				fail_msg("%s, step %d: %d", cases[i].name,
					 (int)(t - cases[i].step), s.wanted);
		}
	}
}

static void a_request_between_two_samples_is_no_rest(void **state)
{
	const struct range range = { 0, 1 };
	struct load load = LOAD(1, 0, 0);
	struct scale s = { .wanted = 1 };
	int64_t now_ms = 1000000;

	(void)state;
	for (int n = 0; n < 100; n++) {
		now_ms += SCALE_SAMPLE_MS;
		if (n % 9 == 0)
			load.asked_ms = now_ms - 10;
		scale_next(&s, &range, &load, IDLE_MS, now_ms);
		assert_int_equal(s.wanted, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(wanted_follows_the_load),
		CLAIM(a_request_between_two_samples_is_no_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
