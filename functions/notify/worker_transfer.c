/* worker_transfer.c - see worker_transfer.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_lane.h"
#include "functions/notify/worker_socket.h"
#include "functions/notify/worker_transfer.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum {
	CONNECT_MS = 5000,
	BUFFER_BYTES = 4096,		/* of each transfer, for reading */
	UPLOAD_BYTES = 16 * 1024,	/* and for writing: curl's least */
	CACHED = 64,			/* connections that rest */
};

/* What the caller sees, and what it needn't. */
struct slot {
	struct transfer transfer;
	CURL *easy;
	struct socket_rule rule;
	int64_t started_ms;
	struct slot *next, *before;	/* of those on their way, or free */
	char body[TRANSFER_BODY_BYTES + 1];
};

struct transfers {
	struct transfer_rules rules;
	struct sockets *sockets;
	CURLM *multi;
	struct slot *flying, *free;
	int n;				/* on their way */
};

struct transfers *transfers_new(const struct transfer_rules *rules)
{
	struct transfers *ts = calloc(1, sizeof(*ts));

	if (ts)
		ts->multi = curl_multi_init();
	if (!ts || !ts->multi)
		log_exit(EXIT_SYSTEM, "out of memory");
	ts->rules = *rules;
	ts->sockets = sockets_new();
	curl_multi_setopt(ts->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(ts->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			  (long)LANE_CONNECTIONS);
	curl_multi_setopt(ts->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
			  (long)LANE_STREAMS);
	curl_multi_setopt(ts->multi, CURLMOPT_MAXCONNECTS, (long)CACHED);

	return ts;
}

static size_t on_body(char *data, size_t size, size_t n, void *slot)
{
	struct slot *f = slot;
	const size_t have = f->transfer.answer.body_bytes, bytes = size * n;
	const size_t room = TRANSFER_BODY_BYTES - have;
	const size_t kept = bytes < room ? bytes : room;

	memcpy(f->body + have, data, kept);
	f->transfer.answer.body_bytes += kept;

	/* Less than all ends the transfer: nobody has to say that much. */
	return kept;
}

static void set_options(struct transfers *ts, struct slot *f)
{
	CURL *easy = f->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	if (ts->rules.ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, ts->rules.ca);

	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Or the end of one transfer would wait for a hanging name server. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ts->rules.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
	sockets_watch(easy, &f->rule);
}

static struct slot *slot_new(struct transfers *ts)
{
	struct slot *f = calloc(1, sizeof(*f));

	if (f)
		f->easy = curl_easy_init();
	if (!f || !f->easy)
		log_exit(EXIT_SYSTEM, "out of memory");
	f->transfer.arena = arena_new();
	f->rule.sockets = ts->sockets;
	set_options(ts, f);

	return f;
}

struct transfer *transfers_take(struct transfers *ts)
{
	struct slot *f = ts->free;

	if (f)
		ts->free = f->next;
	else
		f = slot_new(ts);
	return &f->transfer;
}

void transfers_give(struct transfers *ts, struct transfer *t)
{
	struct slot *f = (struct slot *)t;

	arena_reset(t->arena);
	f->transfer = (struct transfer){ .arena = t->arena };
	f->next = ts->free;
	ts->free = f;
}

void transfers_start(struct transfers *ts, struct transfer *t)
{
	struct slot *f = (struct slot *)t;
	const struct request *r = &t->request;

	t->answer = (struct answer){ .body = f->body };
	t->error = NULL;
	f->rule.public_only = t->stranger && !ts->rules.private_allowed;
	f->rule.forbidden = f->rule.allowed = false;
	curl_easy_setopt(f->easy, CURLOPT_URL, r->url);
	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, r->body);
	curl_easy_setopt(f->easy, CURLOPT_POSTFIELDSIZE, (long)r->body_bytes);

	curl_easy_setopt(f->easy, CURLOPT_FRESH_CONNECT, (long)t->fresh);

	f->started_ms = now_ms();
	f->before = NULL;
	f->next = ts->flying;
	if (f->next)
		f->next->before = f;
	ts->flying = f;
	ts->n++;
	if (curl_multi_add_handle(ts->multi, f->easy) != CURLM_OK)
		log_exit(EXIT_SYSTEM, "curl: no transfer can be added");
}

int transfers_flying(const struct transfers *ts)
{
	return ts->n;
}

/* From the list of those on their way. */
static void land(struct transfers *ts, struct slot *f)
{
	curl_multi_remove_handle(ts->multi, f->easy);
	if (f->next)
		f->next->before = f->before;
	*(f->before ? &f->before->next : &ts->flying) = f->next;
	ts->n--;
}

/* There is an answer, as far as it matters, whatever libcurl thinks of it. */
static bool answered(const struct slot *f, CURLcode code)
{
	const struct transfer *t = &f->transfer;
	const long status = t->answer.status;

	switch (code) {
	case CURLE_OK:
		return true;
	case CURLE_WRITE_ERROR:		/* longer than anybody will read */
		return t->answer.body_bytes == TRANSFER_BODY_BYTES;
	case CURLE_HTTP2_STREAM:	/* before our body was sent */
		return t->stranger ? status >= 200 :
			status >= 200 && status < 300;
	default:
		return false;
	}
}

static void judge(struct transfers *ts, struct slot *f, CURLcode code)
{
	struct transfer *t = &f->transfer;
	curl_off_t wait_s = 0;

	f->body[t->answer.body_bytes] = '\0';
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &t->answer.status);
	if (answered(f, code)) {
		curl_easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &wait_s);
		t->answer.retry_after_s = wait_s > 0 ? wait_s : 0;
		t->end = TRANSFER_ANSWERED;
		sockets_heard(ts->sockets, f->easy, now_ms());
		return;
	}

	t->answer.status = 0;
	t->error = curl_easy_strerror(code);
	t->end = TRANSFER_FAILED;
	if (f->rule.forbidden && !f->rule.allowed)
		t->end = TRANSFER_FORBIDDEN;
	else if (code == CURLE_URL_MALFORMAT ||
		 code == CURLE_UNSUPPORTED_PROTOCOL ||
		 code == CURLE_LOGIN_DENIED)
		t->end = TRANSFER_BAD_URL;
	else if (code == CURLE_OPERATION_TIMEDOUT)
		sockets_silent(ts->sockets, f->easy, f->started_ms);
}

void transfers_run(struct transfers *ts, int wait_ms,
		   void (*each)(void *arg, struct transfer *), void *arg)
{
	CURLMsg *message;
	struct slot *f;
	CURLcode code;
	int running, left;

	curl_multi_perform(ts->multi, &running);
	if (wait_ms > 0 && running == ts->n) {
		curl_multi_poll(ts->multi, NULL, 0, wait_ms, NULL);
		curl_multi_perform(ts->multi, &running);
	}

	while ((message = curl_multi_info_read(ts->multi, &left))) {
		assert(message->msg == CURLMSG_DONE);
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &f);
		code = message->data.result;
		judge(ts, f, code);
		land(ts, f);
		each(arg, &f->transfer);
	}
}

void transfers_stop(struct transfers *ts,
		    void (*each)(void *arg, struct transfer *), void *arg)
{
	struct slot *f;

	while ((f = ts->flying)) {
		land(ts, f);
		f->transfer.end = TRANSFER_FAILED;
		f->transfer.error = "cut off";
		each(arg, &f->transfer);
	}
}

void transfers_wake(struct transfers *ts)
{
	curl_multi_wakeup(ts->multi);
}

static void slot_free(struct slot *f)
{
	curl_easy_cleanup(f->easy);
	arena_free(f->transfer.arena);
	free(f);
}

void transfers_free(struct transfers *ts)
{
	struct slot *f;

	while ((f = ts->flying)) {
		land(ts, f);
		slot_free(f);
	}
	while ((f = ts->free)) {
		ts->free = f->next;
		slot_free(f);
	}
	curl_multi_cleanup(ts->multi);
	sockets_free(ts->sockets);
	free(ts);
}
