/*
 * account-worker - sends the mails that functions ask for.
 *
 *	MailRequested	a mail waits in the database
 *
 * One thread consumes, as runtime/consumer.h says, and wakes the other, which
 * sends.  All else that they share is in the database.
 */
#include <malloc.h>

#include "functions/account/worker_mailer.h"
#include "runtime/conf.h"
#include "runtime/consumer.h"
#include "runtime/keys.h"
#include "runtime/log.h"

static struct mailer *mailer;

static enum err mail_requested(struct delivery *d)
{
	(void)d;
	mailer_wake(mailer);

	return OK;
}

const struct consumption consumptions[] = {
	{ "mail.events", "MailRequested", mail_requested },
	{ 0 }
};

int main(void)
{
	log_name("account-worker");
	conf_read(conf_file());
	keys_read(conf.keys);

	/* glibc would make an arena for each thread of librdkafka. */
	mallopt(M_ARENA_MAX, 2);
	mailer = mailer_start();
	consumer_run("account-worker", consumptions);
	mailer_stop(mailer);

	return 0;
}
