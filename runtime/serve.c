/* serve.c - see serve.h. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/fcgi.h"
#include "runtime/log.h"
#include "runtime/serve.h"
#include "runtime/trace.h"
#include "runtime/wake.h"

void server_open(struct server *s, struct db_pool *pool,
		 struct scoreboard_worker *slot,
		 struct scoreboard_thread *board)
{
	*s = (struct server){ .slot = slot, .board = board };
	s->arena = arena_new();
	s->db = db_new(pool, s->arena);
	db_tell(s->db, board->statement, sizeof(board->statement));
}

void server_close(struct server *s)
{
	db_free(s->db);
	arena_free(s->arena);
}

/* A parameter that nginx gave, copied; NULL if it is absent or empty. */
static const char *param(struct server *s, const char *name)
{
	const char *value = FCGX_GetParam(name, s->fcgi.envp);

	return value && *value ? arena_copy(s->arena, value, strlen(value))
			       : NULL;
}

/* What isn't nginx's $request_id can't be relied on to be text. */
static const char *request_id(struct server *s)
{
	const char *id = param(s, "REQUEST_ID") ?: "";

	return id[strspn(id, "0123456789abcdef")] ? "" : id;
}

static void read_params(struct server *s, struct req *req)
{
	const char *listener = param(s, "LISTENER");

	req->method = param(s, "REQUEST_METHOD") ?: "";
	req->path = param(s, "PATH") ?: "";
	req->query = param(s, "QUERY_STRING") ?: "";
	req->content_type = param(s, "CONTENT_TYPE");
	req->authorization = param(s, "AUTHORIZATION");
	req->idempotency_key = param(s, "IDEMPOTENCY_KEY");
	req->if_match = param(s, "IF_MATCH");
	req->user_agent = param(s, "USER_AGENT");
	req->address = param(s, "REMOTE_ADDR") ?: "";
	req->request_id = request_id(s);
	req->traceparent = trace_continue(s->arena, param(s, "TRACEPARENT"),
					  req->request_id);
	req->internal = listener && strcmp(listener, "internal") == 0;
}

/* The body's announced length; one that can't be is ERR_MALFORMED. */
static enum err body_length(struct server *s, size_t *bytes)
{
	const char *announced = param(s, "CONTENT_LENGTH") ?: "0";
	char *end;

	*bytes = strtoul(announced, &end, 10);
	if (!isdigit((unsigned char)*announced) || *end)
		return ERR_MALFORMED;

	return *bytes > (size_t)conf.body_bytes ? ERR_TOO_LARGE : OK;
}

static enum err read_body(struct server *s, struct req *req)
{
	size_t bytes;
	enum err err;
	char *body;
	int got;

	err = body_length(s, &bytes);
	if (err)
		return err;

	body = arena_alloc(s->arena, bytes + 1);
	got = FCGX_GetStr(body, (int)bytes, s->fcgi.in);
	if (got < 0 || (size_t)got != bytes || FCGX_GetChar(s->fcgi.in) != EOF)
		return ERR_MALFORMED;
	req->body = body;
	req->body_bytes = bytes;

	return OK;
}

/* For how long it has waited since nginx passed it on. */
static uint64_t waited_us(struct server *s)
{
	const char *arrived = param(s, "ARRIVED");
	double waited_s;

	if (!arrived)
		return 0;
	waited_s = (double)unix_ms() / 1e3 - strtod(arrived, NULL);

	return waited_s > 0 && isfinite(waited_s) ? (uint64_t)(waited_s * 1e6)
						  : 0;
}

static void write_reply(struct server *s, const struct reply *r)
{
	const char *head;

	if (r->type)
		head = arena_printf(s->arena, "Status: %d\r\n"
				    "Content-Type: %s\r\n"
				    "Content-Length: %zu\r\n%s\r\n",
				    r->status, r->type, r->body_bytes,
				    r->headers ?: "");
	else
		head = arena_printf(s->arena, "Status: %d\r\n%s\r\n",
				    r->status, r->headers ?: "");

	FCGX_PutStr(head, (int)strlen(head), s->fcgi.out);
	FCGX_PutStr(r->body, (int)r->body_bytes, s->fcgi.out);
}

/* The watchers' view of what this thread does. */
static void announce(struct server *s, const struct req *req, uint64_t since,
		     uint64_t waited)
{
	const struct route *r = http_route(req);
	struct scoreboard_thread *b = s->board;

	strncpy(b->request_id, req->request_id, sizeof(b->request_id) - 1);
	atomic_store(&b->route, r ? (int32_t)(r - routes) : -1);
	atomic_store(&b->since_us, since);
	atomic_store(&s->slot->asked_us, since);
	atomic_store(&s->slot->queued_us, waited);
}

static void count(struct server *s, const struct req *req, uint64_t since)
{
	const int32_t route = atomic_load(&s->board->route);

	if (route >= 0 && route < SCOREBOARD_ROUTES)
		scoreboard_count(&s->slot->route[route], req->reply.status,
				 now_us() - since);
	atomic_fetch_add(&s->slot->answered, 1);
	if (req->reply.status == 500)
		atomic_fetch_add(&s->slot->failed, 1);
	atomic_store(&s->board->since_us, 0);
}

static bool may_have_changed(const struct req *req)
{
	return req->reply.status < 300 && strcmp(req->method, "GET") != 0 &&
	       strcmp(req->method, "HEAD") != 0;
}

static void answer(struct server *s, uint64_t started_us)
{
	struct req req = {
		.arena = s->arena, .db = s->db, .body = "",
	};
	const uint64_t waited = waited_us(s);
	enum err err;

	read_params(s, &req);
	log_request(req.request_id, req.traceparent);
	announce(s, &req, started_us, waited);

	err = read_body(s, &req);
	if (err) {
		/* What is left of it would be taken for the next request. */
		s->fcgi.keepConnection = 0;
		http_refuse(&req, err);
	} else if (waited > (uint64_t)conf.queue_ms * 1000) {
		/* Its client may have left: refuse, don't queue. */
		atomic_fetch_add(&s->slot->shed, 1);
		http_refuse(&req, ERR_UNAVAILABLE);
	} else {
		http_handle(&req);
	}
	db_release(s->db);
	if (may_have_changed(&req))
		wake_relay();

	fcgi_deadline(now_us() + (uint64_t)conf.timeout_ms * 1000);
	write_reply(s, &req.reply);
	count(s, &req, started_us);
	log_request(NULL, NULL);
}

/* Hand libfcgi a connection of ours; it must not linger on closing it. */
static bool begin(struct server *s, int fd, uint64_t now)
{
	FCGX_InitRequest(&s->fcgi, -1, 0);
	s->fcgi.ipcFd = fd;
	s->fcgi.keepConnection = 1;
	s->fcgi.detached = 1;
	fcgi_expect((size_t)conf.body_bytes,
		    now + (uint64_t)conf.timeout_ms * 1000);

	return FCGX_Accept_r(&s->fcgi) == 0;
}

bool serve(struct server *s, int fd)
{
	const uint64_t now = now_us();

	/* On failure libfcgi has closed the connection. */
	if (!begin(s, fd, now)) {
		atomic_fetch_add(&s->slot->dropped, 1);
		return false;
	}
	answer(s, now);
	FCGX_Finish_r(&s->fcgi);
	arena_reset(s->arena);

	return s->fcgi.ipcFd >= 0;
}
