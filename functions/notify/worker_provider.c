/* worker_provider.c - see worker_provider.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions/notify/worker_apns.h"
#include "functions/notify/worker_fcm.h"
#include "functions/notify/worker_provider.h"
#include "functions/notify/worker_webpush.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum { TOKEN_MS = 1000 };	/* a push rests while there is no token */

/* NULL: not served. */
struct providers {
	struct fcm *fcm;
	struct apns *apns;
	struct webpush *webpush;
};

struct providers *providers_new(void)
{
	const struct apns_account apple = {
		.key = conf.apns_key, .key_id = conf.apns_key_id,
		.team_id = conf.apns_team_id, .topic = conf.apns_topic,
		.url = conf.apns_url, .sandbox_url = conf.apns_sandbox_url,
	};
	struct providers *p = calloc(1, sizeof(*p));
	char path[PATH_MAX];

	if (!p)
		log_exit(EXIT_SYSTEM, "out of memory");
	if (conf.fcm_account)
		p->fcm = fcm_new(conf.fcm_account, conf.fcm_url);
	if (conf.apns_key)
		p->apns = apns_new(&apple);
	if (conf.keys) {
		snprintf(path, sizeof(path), "%s/vapid.pem", conf.keys);
		p->webpush = webpush_new(path, conf.push_contact);
	}
	log_info("push: served are%s%s%s", p->fcm ? " fcm" : "",
		 p->apns ? " apns" : "", p->webpush ? " webpush" : "");

	return p;
}

void providers_free(struct providers *p)
{
	fcm_free(p->fcm);
	apns_free(p->apns);
	webpush_free(p->webpush);
	free(p);
}

bool providers_ready(const struct providers *p, enum lane_kind kind,
		     int64_t now_s)
{
	switch (kind) {
	case LANE_FCM:
		return p->fcm && fcm_ready(p->fcm, now_s);
	case LANE_ORIGIN:
		return p->webpush;
	default:
		return p->apns;
	}
}

bool providers_ask(struct providers *p, struct transfer *t, int64_t now_s)
{
	return p->fcm && fcm_wants_token(p->fcm, now_s) &&
	       fcm_ask_token(p->fcm, t->arena, now_s, &t->request);
}

void providers_take(struct providers *p, const struct transfer *t,
		    int64_t now_s)
{
	fcm_take_token(p->fcm, now_s, &t->answer);
}

bool providers_request(struct providers *p, struct flight *f,
		       struct transfer *t, int64_t now_s,
		       struct verdict *instead)
{
	switch (f->lane->kind) {
	case LANE_FCM:
		if (!fcm_ready(p->fcm, now_s)) {
			*instead = verdict(VERDICT_TOKEN, TOKEN_MS, NULL);
			return false;
		}
		f->token_number = fcm_token_number(p->fcm);
		fcm_request(p->fcm, t->arena, &f->push, &t->request);
		return true;
	case LANE_ORIGIN:
		t->stranger = true;
		return webpush_request(p->webpush, t->arena, now_s, &f->push,
				       &t->request, instead);
	default:
		if (!apns_request(p->apns, t->arena, now_s, &f->push,
				  &t->request)) {
			*instead = verdict(VERDICT_GONE, 0, "bad_token");
			return false;
		}
		f->token_number = apns_token_number(p->apns);
		return true;
	}
}

/* PostgreSQL's "2026-11-23 08:00:00.123+00" in milliseconds; 0: no time. */
static int64_t time_ms(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	int64_t s;

	if (!rest)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	s = timegm(&tm);
	if (!strptime(rest, "%z", &tm))
		return 0;

	return (s - tm.tm_gmtoff) * 1000;
}

static struct verdict judge_answer(const struct flight *f,
				   const struct answer *answer)
{
	switch (f->lane->kind) {
	case LANE_FCM:
		return fcm_judge(answer);
	case LANE_ORIGIN:
		return webpush_judge(answer);
	default:
		return apns_judge(answer, time_ms(f->push.registered));
	}
}

/* Our token has expired: a new one, if that can be any better. */
static struct verdict judge_token(struct providers *p, const struct flight *f,
				  struct verdict v, int64_t now_s)
{
	const bool renewed = f->lane->kind == LANE_FCM ?
		fcm_token_refused(p->fcm, now_s, f->token_number) :
		apns_token_refused(p->apns, now_s, f->token_number);

	if (!renewed)
		v.kind = VERDICT_CONFIG;
	v.wait_ms = renewed ? TOKEN_MS : 0;
	return v;
}

struct verdict providers_judge(struct providers *p, const struct flight *f,
			       const struct transfer *t, int64_t now_s)
{
	struct verdict v;

	switch (t->end) {
	case TRANSFER_FORBIDDEN:
		return verdict(VERDICT_REFUSED, 0, "private_address");
	case TRANSFER_BAD_URL:
		return verdict(VERDICT_REFUSED, 0, "bad_endpoint");
	case TRANSFER_FAILED:
		return verdict(VERDICT_AWAY, 0, NULL);
	case TRANSFER_ANSWERED:
		break;
	}
	v = judge_answer(f, &t->answer);

	return v.kind == VERDICT_TOKEN ? judge_token(p, f, v, now_s) : v;
}
