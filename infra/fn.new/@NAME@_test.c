/* GET /@NAME@ */
#include "tests/unit/harness.h"

static void greets_by_name(void **state)
{
	(void)state;
	assert_string_equal(GET("/@NAME@", .query = "name=Ann").body,
			    "{\"hello\" : \"Ann\"}");
}

FUNCTION_TESTS("@NAME@", CLAIM(greets_by_name))
