/* nickname_icu.c - see nickname_private.h. */
#include <pthread.h>
#include <string.h>
#include <unicode/ustring.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/nickname_private.h"

struct icu icu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void nickname_check(UErrorCode status)
{
	if (U_FAILURE(status))
		log_exit(EXIT_SYSTEM, "ICU: %s", u_errorName(status));
}

static void open_tables(void)
{
	UErrorCode status = U_ZERO_ERROR;

	icu.nfc = unorm2_getNFCInstance(&status);
	icu.nfd = unorm2_getNFDInstance(&status);
	icu.nfkd = unorm2_getNFKDInstance(&status);
	icu.nfkc_casefold = unorm2_getNFKCCasefoldInstance(&status);
	icu.graphemes = ubrk_open(UBRK_CHARACTER, "", NULL, 0, &status);
	icu.spoof = uspoof_open(&status);
	uspoof_setChecks(icu.spoof, USPOOF_RESTRICTION_LEVEL |
			 USPOOF_MIXED_NUMBERS | USPOOF_INVISIBLE, &status);
	nickname_check(status);
	uspoof_setRestrictionLevel(icu.spoof, USPOOF_HIGHLY_RESTRICTIVE);
}

void nickname_open(void)
{
	pthread_once(&once, open_tables);
}

/* One more: ICU refuses to write at the address it reads, even nothing. */
struct text nickname_text(struct arena *arena, int32_t units)
{
	UChar *v = arena_alloc(arena, ((size_t)units + 1) * sizeof(*v));

	return (struct text){ .v = v };
}

struct text nickname_from_utf8(struct arena *arena, const char *utf8)
{
	const int32_t bytes = (int32_t)strlen(utf8);
	struct text to = nickname_text(arena, bytes);
	UErrorCode status = U_ZERO_ERROR;

	u_strFromUTF8WithSub(to.v, bytes, &to.n, utf8, bytes, 0xfffd, NULL,
			     &status);
	nickname_check(status);

	return to;
}

const char *nickname_to_utf8(struct arena *arena, struct text from)
{
	const int32_t bytes = 3 * from.n + 1;
	char *utf8 = arena_alloc(arena, (size_t)bytes);
	UErrorCode status = U_ZERO_ERROR;

	u_strToUTF8(utf8, bytes, NULL, from.v, from.n, &status);
	nickname_check(status);

	return utf8;
}

struct points nickname_points(struct arena *arena, struct text from)
{
	struct points to = {
		.v = arena_alloc(arena, (size_t)from.n * sizeof(*to.v))
	};
	UErrorCode status = U_ZERO_ERROR;

	u_strToUTF32(to.v, from.n, &to.n, from.v, from.n, &status);
	nickname_check(status);

	return to;
}

/* The first call only measures; that it has no room is no error. */
struct text nickname_normalize(struct arena *arena, const UNormalizer2 *form,
			       struct text from)
{
	UErrorCode status = U_ZERO_ERROR;
	const int32_t n = unorm2_normalize(form, from.v, from.n, NULL, 0,
					   &status);
	struct text to = nickname_text(arena, n);

	status = U_ZERO_ERROR;
	to.n = unorm2_normalize(form, from.v, from.n, to.v, n, &status);
	nickname_check(status);

	return to;
}

/* Likewise. */
struct text nickname_skeleton(struct arena *arena, struct text from)
{
	UErrorCode status = U_ZERO_ERROR;
	const int32_t n = uspoof_getSkeleton(icu.spoof, 0, from.v, from.n,
					     NULL, 0, &status);
	struct text to = nickname_text(arena, n);

	status = U_ZERO_ERROR;
	to.n = uspoof_getSkeleton(icu.spoof, 0, from.v, from.n, to.v, n,
				  &status);
	nickname_check(status);

	return to;
}
