/*
 * worker_smtp.h - hands one mail to the SMTP server: libcurl.
 *
 * A mail is one transaction (RFC 5321) within conf.smtp_timeout_ms, on the
 * connection of the one before if that still stands.  TLS is verified wherever
 * there is any.
 */
#ifndef ACCOUNT_WORKER_SMTP_H
#define ACCOUNT_WORKER_SMTP_H

#include <stdatomic.h>

struct smtp;

enum smtp_end {
	SMTP_SENT,
	SMTP_AWAY,		/* of no mail: the server, or our settings */
	SMTP_LATER,		/* of this mail: the server says 4xx */
	SMTP_REFUSED,		/* 5xx */
};

struct smtp_answer {
	enum smtp_end end;
	long status;		/* the last; 0: none */
	const char *error;	/* static text of libcurl's */
};

/*
 * After curl_global_init().  Reads conf, whose smtp_url must be set; what
 * libcurl won't take ends the process with EXIT_CONFIG.  A mail under way ends
 * as SMTP_AWAY once *cut is true.
 */
struct smtp *smtp_new(const atomic_bool *cut);
void smtp_free(struct smtp *);

/* message: with CRLF, without dots doubled. */
struct smtp_answer smtp_send(struct smtp *, const char *from, const char *to,
			     const char *message);

#endif
