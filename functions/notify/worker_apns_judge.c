/* worker_apns_judge.c - what APNs's answers mean: see worker_apns.h. */
#include <jansson.h>
#include <string.h>

#include "functions/notify/worker_apns.h"

enum {
	DEVICE_MS = 60 * 1000,		/* too many pushes to one device */
	UPDATES_MS = 5 * 60 * 1000,	/* too many tokens of ours */
};

/* Apple's reasons, as far as the status doesn't say what to do. */
static const struct reason {
	const char *word;
	enum verdict_kind kind;
	int wait_ms;
} reasons[] = {
	{ "BadDeviceToken", VERDICT_GONE },
	{ "DeviceTokenNotForTopic", VERDICT_GONE },
	{ "Unregistered", VERDICT_GONE },
	{ "ExpiredToken", VERDICT_GONE },

	{ "BadTopic", VERDICT_CONFIG },
	{ "MissingTopic", VERDICT_CONFIG },
	{ "TopicDisallowed", VERDICT_CONFIG },
	{ "BadCertificate", VERDICT_CONFIG },
	{ "BadCertificateEnvironment", VERDICT_CONFIG },
	{ "InvalidProviderToken", VERDICT_CONFIG },
	{ "MissingProviderToken", VERDICT_CONFIG },
	{ "UnrelatedKeyIdInToken", VERDICT_CONFIG },
	{ "BadEnvironmentKeyIdInToken", VERDICT_CONFIG },
	{ "Forbidden", VERDICT_CONFIG },
	{ "BadPath", VERDICT_CONFIG },
	{ "MethodNotAllowed", VERDICT_CONFIG },
	{ "ExpiredProviderToken", VERDICT_TOKEN },

	{ "IdleTimeout", VERDICT_AWAY },
	{ "TooManyRequests", VERDICT_LATER, DEVICE_MS },
	{ "TooManyProviderTokenUpdates", VERDICT_PAUSE, UPDATES_MS },
};

static const struct reason *reason_of(const char *word)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (strcmp(reasons[i].word, word) == 0)
			return &reasons[i];
	return NULL;
}

/* Without a reason that is known: a proxy's page, or a reason of tomorrow. */
static struct verdict judge_status(const struct answer *a, const char *word)
{
	struct verdict v = verdict_of_status(a);

	switch (a->status) {
	case 410:
		v.kind = VERDICT_GONE;
		break;
	case 403:
	case 404:
	case 405:
		v.kind = VERDICT_CONFIG;
		break;
	default:
		if (a->status < 400 && v.kind == VERDICT_REFUSED)
			v.kind = VERDICT_CONFIG;
	}
	return verdict(v.kind, v.wait_ms, word);
}

struct verdict apns_judge(const struct answer *a, int64_t registered_ms)
{
	const struct reason *reason;
	json_t *body;
	const char *word;
	struct verdict v;
	int64_t since_ms;

	if (a->status == 200)
		return verdict(VERDICT_SENT, 0, NULL);

	body = json_loadb(a->body, a->body_bytes, 0, NULL);
	word = json_string_value(json_object_get(body, "reason")) ?: "";
	since_ms = json_integer_value(json_object_get(body, "timestamp"));
	reason = a->status >= 400 && a->status < 500 ? reason_of(word) : NULL;
	v = reason ? verdict(reason->kind, reason->wait_ms, word)
		   : judge_status(a, word);
	/* It went before it was registered anew: this push alone is lost. */
	if (v.kind == VERDICT_GONE && since_ms > 0 && since_ms < registered_ms)
		v.kind = VERDICT_REFUSED;
	json_decref(body);

	return v;
}
