/* worker_batch.c - see worker_batch.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_batch.h"
#include "runtime/conf.h"
#include "runtime/log.h"

#include "worker_push.sql.h"

enum { COLUMNS = 8 };

/* The columns of notify.settle(), as PostgreSQL reads arrays: "{a,b". */
struct batch {
	FILE *column[COLUMNS];
	char *text[COLUMNS];
	size_t bytes[COLUMNS];
	int n;
};

static void begin(struct batch *b)
{
	for (int i = 0; i < COLUMNS; i++) {
		rewind(b->column[i]);
		fputc('{', b->column[i]);
	}
	b->n = 0;
}

struct batch *batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		log_exit(EXIT_SYSTEM, "out of memory");
	for (int i = 0; i < COLUMNS; i++) {
		b->column[i] = open_memstream(&b->text[i], &b->bytes[i]);
		if (!b->column[i])
			log_exit(EXIT_SYSTEM, "out of memory");
	}
	begin(b);

	return b;
}

void batch_free(struct batch *b)
{
	for (int i = 0; i < COLUMNS; i++) {
		fclose(b->column[i]);
		free(b->text[i]);
	}
	free(b);
}

int batch_size(const struct batch *b)
{
	return b->n;
}

/* All that comes here is of the database or ours: none has a '"' or '\'. */
static void put(struct batch *b, int column, const char *value)
{
	FILE *out = b->column[column];

	if (b->n > 0)
		fputc(',', out);
	fprintf(out, value ? "\"%s\"" : "NULL", value);
}

static void put_number(struct batch *b, int column, int value)
{
	fprintf(b->column[column], b->n > 0 ? ",%d" : "%d", value);
}

void batch_add(struct batch *b, const struct push *push,
	       enum verdict_kind kind, int wait_ms)
{
	if (b->n == BATCH_RESULTS)
		return;
	put(b, 0, push->device_id);
	put(b, 1, push->collapse_id);
	put(b, 2, push->id);
	put_number(b, 3, push->tries);
	put(b, 4, verdict_word(kind));
	put_number(b, 5, wait_ms);
	put(b, 6, push->badge);
	put(b, 7, push->registered);
	b->n++;
}

/* The text of a column, which can still grow. */
static const char *finish(struct batch *b, int column)
{
	fputc('}', b->column[column]);
	fputc('\0', b->column[column]);
	if (fflush(b->column[column]) != 0)
		log_exit(EXIT_SYSTEM, "out of memory");
	fseek(b->column[column], -2, SEEK_CUR);

	return b->text[column];
}

enum err batch_settle(struct batch *b, struct db *db)
{
	const char *v[COLUMNS], *settled;
	enum err err;

	if (b->n == 0)
		return OK;
	for (int i = 0; i < COLUMNS; i++)
		v[i] = finish(b, i);
	err = db_one(db, &sql_push_settle,
		     (struct db_args){ COLUMNS, v }, &settled);
	if (err == ERR_UNAVAILABLE)
		return err;

	begin(b);
	return err;
}
