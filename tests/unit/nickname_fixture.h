/* nickname_fixture.h - for tests that read nicknames. */
#ifndef TESTS_UNIT_NICKNAME_FIXTURE_H
#define TESTS_UNIT_NICKNAME_FIXTURE_H

#include "tests/unit/test.h"

#include "runtime/nickname.h"

#define FAMILY "👨\u200d👩\u200d👧\u200d👦"	/* 7 code points */

static struct arena *arena;

static int open_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct nickname accepted(const char *text)
{
	struct nickname nickname = { 0 };
	const char *code = nickname_read(arena, text, &nickname);

	if (code)
		fail_msg("\"%s\" is %s", text, code);

	return nickname;
}

#endif
