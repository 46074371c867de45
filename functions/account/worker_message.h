/*
 * worker_message.h - mails as they travel: RFC 5322, 2045 and 2047.
 *
 * One part of plain text in UTF-8, quoted-printable, so that every line is
 * ASCII and at most 76 characters; only an address may be UTF-8 itself, which
 * then needs SMTPUTF8 (RFC 6532).
 */
#ifndef ACCOUNT_WORKER_MESSAGE_H
#define ACCOUNT_WORKER_MESSAGE_H

#include <stdbool.h>
#include <time.h>

#include "runtime/arena.h"

/* A mailbox: what MAIL_FROM says. */
struct mailbox {
	const char *name;	/* UTF-8; "": none */
	const char *address;
};

struct message {
	struct mailbox from;
	const char *to;		/* an address */
	const char *id;		/* a mail that is sent twice has it twice */
	const char *language;
	const char *subject;	/* UTF-8 without control characters */
	const char *text;	/* UTF-8, lines end with \n */
	time_t at;
};

/* An address that can be in a header and an envelope, and end neither. */
bool message_address_valid(const char *);

/* "name <address>" or "address"; false: it is neither. */
bool message_mailbox(struct arena *, const char *text, struct mailbox *out);

/* The whole of it, with CRLF. */
const char *message_write(struct arena *, const struct message *);

#endif
