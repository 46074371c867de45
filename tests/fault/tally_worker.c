/*
 * tally_worker - a worker whose effect is a row of public.tally: consumers.py.
 *
 *	TOPIC=x.events tally_worker
 *
 * Its name, and so its group's, is what it was called by.
 */
#include <libgen.h>
#include <stdlib.h>

#include "runtime/conf.h"
#include "runtime/consumer.h"
#include "runtime/log.h"

static const struct db_stmt sql_tally = {
	"tally", "SELECT 1 FROM public.tally_add($1, $2::jsonb)", 2
};

static enum err tallied(struct delivery *d)
{
	const char *done;

	return db_one(d->db, &sql_tally, ARGS(d->key, d->data), &done);
}

int main(int argc, char **argv)
{
	const char *name = basename(argv[0]);
	const struct consumption table[] = {
		{ getenv("TOPIC"), "Tallied", tallied },
		{ 0 }
	};

	(void)argc;
	log_name(name);
	conf_read(NULL);
	consumer_run(name, table);

	return 0;
}
