/*
 * worker_mailer.h - sends the mails that are due, in a thread of its own.
 *
 * It claims a mail of the database, hands it to the SMTP server and settles
 * what became of it, one after the other.  A mail is sent at least once:
 * whoever dies in between leaves it to the next after its lease, with the same
 * Message-ID and link.
 *
 * While the server is away all mails wait, 1 s doubling to a minute.  A mail
 * that the server puts off waits alone, for 3 days at most; one that it refuses
 * is kept with its row for the operator.
 *
 *	worker_words.c		what mails say
 *	worker_message.c	how they travel
 *	worker_smtp.c		a transaction
 */
#ifndef ACCOUNT_WORKER_MAILER_H
#define ACCOUNT_WORKER_MAILER_H

struct mailer;

/*
 * After conf_read() and keys_read().  Never NULL; settings that are wrong end
 * the process with EXIT_CONFIG.  Without an SMTP_URL mails wait.
 */
struct mailer *mailer_start(void);

/* From any thread: look now. */
void mailer_wake(struct mailer *);

/* A mail that is under way has MAILER_LEAVE_MS to finish. */
void mailer_stop(struct mailer *);

enum { MAILER_LEAVE_MS = 2000, MAILER_STATEMENT_MS = 3000 };

#endif
