/* worker_smtp.c - see worker_smtp.h. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "functions/account/worker_smtp.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum { CONNECT_MS = 5000 };

/* How far a transaction has come: what an answer is about. */
enum phase { GREETING, SENDER, RECIPIENT, CONTENT };

struct smtp {
	CURL *easy;
	const atomic_bool *cut;
	const char *rest;		/* of the message, still to be sent */
	enum phase phase;
};

static size_t on_read(char *out, size_t size, size_t n, void *smtp)
{
	struct smtp *s = smtp;
	const size_t bytes = strnlen(s->rest, size * n);

	memcpy(out, s->rest, bytes);
	s->rest += bytes;

	return bytes;
}

static int on_progress(void *smtp, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	const struct smtp *s = smtp;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(s->cut);
}

static bool begins(const char *data, size_t bytes, const char *word)
{
	const size_t n = strlen(word);

	return bytes >= n && memcmp(data, word, n) == 0;
}

/* What libcurl says to the server; nothing of it is kept. */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t bytes,
		    void *smtp)
{
	struct smtp *s = smtp;

	(void)easy;
	if (type != CURLINFO_HEADER_OUT)
		return 0;
	if (begins(data, bytes, "MAIL FROM:"))
		s->phase = SENDER;
	else if (begins(data, bytes, "RCPT TO:"))
		s->phase = RECIPIENT;
	else if (begins(data, bytes, "DATA"))
		s->phase = CONTENT;

	return 0;
}

static void must(CURLcode code)
{
	if (code != CURLE_OK)
		log_exit(EXIT_CONFIG, "SMTP: %s", curl_easy_strerror(code));
}

/* A password is said to nobody without TLS, unless one says so. */
static long tls(void)
{
	if (strcmp(conf.smtp_tls, "never") == 0)
		return CURLUSESSL_NONE;
	if (strcmp(conf.smtp_tls, "required") == 0 || conf.smtp_user)
		return CURLUSESSL_ALL;
	return CURLUSESSL_TRY;
}

static void set_server(CURL *easy)
{
	must(curl_easy_setopt(easy, CURLOPT_URL, conf.smtp_url));
	must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps"));
	must(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
	must(curl_easy_setopt(easy, CURLOPT_USE_SSL, tls()));
	must(curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			      (long)CURL_SSLVERSION_TLSv1_2));
	if (conf.smtp_ca)
		must(curl_easy_setopt(easy, CURLOPT_CAINFO, conf.smtp_ca));
	if (conf.smtp_user) {
		must(curl_easy_setopt(easy, CURLOPT_USERNAME, conf.smtp_user));
		must(curl_easy_setopt(easy, CURLOPT_PASSWORD,
				      conf.smtp_password ?: ""));
	}
}

static void set_transfer(struct smtp *s)
{
	CURL *easy = s->easy;

	must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	must(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			      (long)CONNECT_MS));
	must(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			      (long)conf.smtp_timeout_ms));
	must(curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L));
	must(curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read));
	must(curl_easy_setopt(easy, CURLOPT_READDATA, s));
	must(curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L));
	must(curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress));
	must(curl_easy_setopt(easy, CURLOPT_XFERINFODATA, s));
	must(curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L));
	must(curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug));
	must(curl_easy_setopt(easy, CURLOPT_DEBUGDATA, s));
}

struct smtp *smtp_new(const atomic_bool *cut)
{
	struct smtp *s = calloc(1, sizeof(*s));

	if (strncmp(conf.smtp_url, "smtp://", 7) != 0 &&
	    strncmp(conf.smtp_url, "smtps://", 8) != 0)
		log_exit(EXIT_CONFIG, "SMTP_URL must be smtp:// or smtps://");
	if (s)
		s->easy = curl_easy_init();
	if (!s || !s->easy)
		log_exit(EXIT_SYSTEM, "out of memory");
	s->cut = cut;
	set_server(s->easy);
	set_transfer(s);

	return s;
}

void smtp_free(struct smtp *s)
{
	curl_easy_cleanup(s->easy);
	free(s);
}

/*
 * Until the recipient is named all answers are about the server and us, and so
 * is 421 at any time (RFC 5321, 3.8).
 */
static enum smtp_end end_of(const struct smtp *s, CURLcode code, long status)
{
	if (code == CURLE_OK)
		return SMTP_SENT;
	if (code == CURLE_OPERATION_TIMEDOUT ||
	    code == CURLE_ABORTED_BY_CALLBACK || s->phase < RECIPIENT ||
	    status == 421)
		return SMTP_AWAY;
	if (status >= 500 && status < 600)
		return SMTP_REFUSED;
	if (status >= 400 && status < 500)
		return SMTP_LATER;
	return SMTP_AWAY;
}

struct smtp_answer smtp_send(struct smtp *s, const char *from, const char *to,
			     const char *message)
{
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	struct smtp_answer answer = { 0 };
	CURLcode code;

	if (!recipients)
		log_exit(EXIT_SYSTEM, "out of memory");
	s->rest = message;
	s->phase = GREETING;
	must(curl_easy_setopt(s->easy, CURLOPT_MAIL_FROM, from));
	must(curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, recipients));
	must(curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE,
			      (curl_off_t)strlen(message)));

	code = curl_easy_perform(s->easy);
	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	answer.end = end_of(s, code, answer.status);
	answer.error = code == CURLE_OK ? NULL : curl_easy_strerror(code);
	curl_slist_free_all(recipients);

	return answer;
}
