/* worker_verdict.c - see worker_verdict.h. */
#include <ctype.h>
#include <string.h>

#include "functions/notify/worker_verdict.h"

enum {
	SECOND_MS = 1000,
	LONGEST_S = 3600,	/* that a provider may ask for */
	REST_S = 300,		/* the longest of a push */
};

struct verdict verdict(enum verdict_kind kind, int wait_ms, const char *reason)
{
	struct verdict v = { .kind = kind, .wait_ms = wait_ms };

	if (!reason)
		return v;
	strncpy(v.reason, reason, sizeof(v.reason) - 1);
	for (char *c = v.reason; *c; c++)
		if (!isascii(*c) || !isalnum((unsigned char)*c))
			*c = '_';
	return v;
}

static struct verdict away(const struct answer *a)
{
	const int64_t s = a->retry_after_s;

	if (s <= 0)
		return verdict(VERDICT_AWAY, 0, NULL);
	return verdict(VERDICT_PAUSE,
		       (int)(s < LONGEST_S ? s : LONGEST_S) * SECOND_MS, NULL);
}

struct verdict verdict_of_status(const struct answer *a)
{
	if (a->status >= 200 && a->status < 300)
		return verdict(VERDICT_SENT, 0, NULL);
	if (a->status == 408 || a->status == 429 || a->status >= 500 ||
	    a->status < 200)
		return away(a);

	return verdict(VERDICT_REFUSED, 0, NULL);
}

int verdict_wait_ms(int tries)
{
	int s = 2;

	for (int i = 1; i < tries && s < REST_S; i++)
		s *= 2;
	return (s < REST_S ? s : REST_S) * SECOND_MS;
}

enum push_outcome verdict_outcome(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_SENT:
		return PUSH_SENT;
	case VERDICT_GONE:
		return PUSH_GONE;
	case VERDICT_REFUSED:
		return PUSH_REFUSED;
	default:
		return PUSH_LATER;
	}
}

const char *verdict_word(enum verdict_kind kind)
{
	static const char *const words[PUSHES] = {
		[PUSH_SENT] = "sent",
		[PUSH_GONE] = "gone",
		[PUSH_REFUSED] = "refused",
		[PUSH_LATER] = "later",
	};

	return words[verdict_outcome(kind)];
}
