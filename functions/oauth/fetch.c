/* fetch.c - see fetch.h. */
#include <ctype.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "functions/oauth/fetch.h"
#include "runtime/address.h"
#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/log.h"

enum { CONNECT_MS = 2000, BODY_BYTES = 64 * 1024, FIRST_BYTES = 4096 };

/* What has come of an answer. */
struct body {
	struct arena *arena;
	char *text;
	size_t bytes, room;
	bool too_long;
};

static bool private_allowed(void)
{
	return strcmp(conf.oauth_private, "allowed") == 0;
}

void fetch_start(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		log_exit(EXIT_SYSTEM, "curl: can't start");
}

bool fetch_takes(const char *url)
{
	return strncmp(url, "https://", 8) == 0 ||
	       (private_allowed() && strncmp(url, "http://", 7) == 0);
}

const char *fetch_encode(struct arena *arena, const char *text)
{
	char *out = arena_alloc(arena, 3 * strlen(text) + 1), *p = out;

	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
			*p++ = *text;
		else
			p += sprintf(p, "%%%02X", c);
	}
	return out;
}

const char *fetch_pair(struct arena *arena, const char *name,
		       const char *value)
{
	return arena_printf(arena, "%s=%s&", name, fetch_encode(arena, value));
}

/* Room for so many bytes and a NUL. */
static void make_room(struct body *b, size_t bytes)
{
	size_t room = b->room ?: FIRST_BYTES;
	char *more;

	while (room <= bytes)
		room *= 2;
	if (room == b->room)
		return;

	more = arena_alloc(b->arena, room);
	if (b->bytes)
		memcpy(more, b->text, b->bytes);
	b->text = more;
	b->room = room;
}

static size_t on_body(char *data, size_t size, size_t n, void *body)
{
	struct body *b = body;
	const size_t bytes = size * n;

	if (bytes > BODY_BYTES - b->bytes) {
		b->too_long = true;
		return 0;
	}
	make_room(b, b->bytes + bytes);
	memcpy(b->text + b->bytes, data, bytes);
	b->bytes += bytes;

	return bytes;
}

static curl_socket_t on_open(void *forbidden, curlsocktype purpose,
			     struct curl_sockaddr *address)
{
	(void)purpose;
	if (!private_allowed() && !address_public(&address->addr)) {
		*(bool *)forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		      address->protocol);
}

/* NULL: no memory. */
static struct curl_slist *headers_of(struct arena *arena,
				     const struct fetch *f)
{
	struct curl_slist *list = curl_slist_append(NULL,
						    "Accept: application/json");

	if (list && f->authorization)
		list = curl_slist_append(list, arena_printf(arena,
			"Authorization: %s", f->authorization)) ?: list;
	/* No round trip more for a long body. */
	if (list)
		list = curl_slist_append(list, "Expect:") ?: list;
	return list;
}

static void set_options(CURL *easy, const struct fetch *f, long timeout_ms,
			struct body *body, bool *forbidden)
{
	curl_easy_setopt(easy, CURLOPT_URL, f->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
			 private_allowed() ? "http,https" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	if (conf.oauth_ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, conf.oauth_ca);

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Or the end would wait for a hanging name server. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	/* GitHub answers nobody without a name. */
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "kith");
	if (f->form)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, f->form);

	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, forbidden);
}

static bool is_json(const char *type)
{
	static const char *const types[] = {
		"application/json", "application/jwk-set+json",
	};

	for (size_t i = 0; type && i < sizeof(types) / sizeof(*types); i++) {
		const size_t bytes = strlen(types[i]);

		if (strncasecmp(type, types[i], bytes) == 0 &&
		    strchr("; ", type[bytes]))	/* or the end */
			return true;
	}
	return false;
}

/* NULL if it is an answer, else why not. */
static const char *problem_of(CURL *easy, CURLcode code,
			      const struct body *body, bool forbidden,
			      struct fetched *out)
{
	const char *type = NULL;

	if (forbidden)
		return "its address is not public";
	if (body->too_long)
		return "the answer is too long";
	if (code != CURLE_OK)
		return curl_easy_strerror(code);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &out->status);
	if (out->status < 200 || out->status == 429 || out->status >= 500 ||
	    (out->status >= 300 && out->status < 400))
		return arena_printf(body->arena, "status %ld", out->status);

	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	out->text = body->text ?: "";
	out->json = is_json(type) ?
		json_document(body->arena, out->text, body->bytes) : NULL;
	return NULL;
}

enum err fetch(struct arena *arena, const struct fetch *f,
	       struct fetched *out)
{
	const long timeout_ms = (long)(f->deadline_ms - now_ms());
	struct body body = { .arena = arena };
	struct curl_slist *headers;
	struct fetched fetched = { 0 };
	bool forbidden = false;
	const char *problem;
	CURL *easy;

	if (timeout_ms <= 0 ||
	    (f->authorization && strpbrk(f->authorization, "\r\n"))) {
		log_warn("%s: no time left to ask, or no token", f->url);
		return ERR_UNAVAILABLE;
	}
	easy = curl_easy_init();
	headers = headers_of(arena, f);
	if (!easy || !headers)
		log_exit(EXIT_SYSTEM, "out of memory");

	set_options(easy, f, timeout_ms, &body, &forbidden);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	problem = problem_of(easy, curl_easy_perform(easy), &body, forbidden,
			     &fetched);
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	if (problem) {
		log_warn("%s: %s", f->url, problem);
		return ERR_UNAVAILABLE;
	}
	*out = fetched;

	return OK;
}
