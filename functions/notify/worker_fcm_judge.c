/*
 * worker_fcm_judge.c - what FCM's answers mean: see worker_fcm.h.
 *
 * An error has a status, a canonical code, and details: one of them the code
 * of FCM, another the members of the request that it doesn't like.
 */
#include <jansson.h>
#include <string.h>

#include "functions/notify/worker_fcm.h"

enum {
	QUOTA_MS = 60 * 1000,		/* as Google asks for */
	KIND_MS = 15 * 60 * 1000,	/* Apple's or a browser's credentials */
};

/* Words of an error; "": it has none. */
struct error {
	const char *code;	/* of FCM, else the canonical one */
	const char *message;
	bool token;		/* it is the device's token that is wrong */
};

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)) ?: "";
}

static bool names_token(const json_t *detail)
{
	const json_t *violation;
	size_t i;

	json_array_foreach(json_object_get(detail, "fieldViolations"), i,
			   violation)
		if (strcmp(text_of(violation, "field"), "message.token") == 0)
			return true;
	return false;
}

static struct error error_of(const json_t *body)
{
	const json_t *error = json_object_get(body, "error"), *detail;
	struct error e = {
		.code = text_of(error, "status"),
		.message = text_of(error, "message"),
	};
	size_t i;

	json_array_foreach(json_object_get(error, "details"), i, detail) {
		if (*text_of(detail, "errorCode"))
			e.code = text_of(detail, "errorCode");
		e.token = e.token || names_token(detail);
	}
	/* Without a violation the message alone tells it from a bad push. */
	e.token = e.token || strstr(e.message, "registration token");

	return e;
}

static struct verdict judge_error(const struct answer *a,
				  const struct error *e)
{
	struct verdict v;

	switch (a->status) {
	case 400:
		return verdict(e->token ? VERDICT_GONE : VERDICT_REFUSED, 0,
			       e->code);
	case 401:
		/* Of this kind of device only. */
		if (strcmp(e->code, "THIRD_PARTY_AUTH_ERROR") == 0)
			return verdict(VERDICT_LATER, KIND_MS, e->code);
		return verdict(VERDICT_TOKEN, 0, e->code);
	case 403:
		/* A wrong account of ours mustn't cost all devices. */
		if (strcmp(e->code, "SENDER_ID_MISMATCH") == 0)
			return verdict(VERDICT_REFUSED, 0, e->code);
		return verdict(VERDICT_CONFIG, 0, e->code);
	case 404:
		if (strcmp(e->code, "UNREGISTERED") == 0)
			return verdict(VERDICT_GONE, 0, e->code);
		return verdict(VERDICT_CONFIG, 0, e->code);
	case 413:
		return verdict(VERDICT_REFUSED, 0, e->code);
	default:
		v = verdict_of_status(a);
		if (v.kind == VERDICT_REFUSED)
			v.kind = VERDICT_CONFIG;
		/* It may be one device's quota: only if all say so, a pause. */
		if (a->status == 429) {
			v.kind = VERDICT_AWAY;
			v.wait_ms = v.wait_ms > 0 ? v.wait_ms : QUOTA_MS;
		}
		return verdict(v.kind, v.wait_ms, e->code);
	}
}

struct verdict fcm_judge(const struct answer *a)
{
	json_t *body;
	struct error e;
	struct verdict v;

	if (a->status == 200)
		return verdict(VERDICT_SENT, 0, NULL);

	body = json_loadb(a->body, a->body_bytes, 0, NULL);
	e = error_of(body);
	v = judge_error(a, &e);
	json_decref(body);

	return v;
}
