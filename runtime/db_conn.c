/*
 * db_conn.c - one connection to PostgreSQL.
 *
 * libpq is used without blocking, and each wait has a deadline, so that no
 * server can hold a thread.  (Looking up a host's name is libpq's and blocks.)
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/conf.h"
#include "runtime/db_private.h"
#include "runtime/log.h"

enum { CONNECT_TIMEOUT_MS = 2000, LOCK_TIMEOUT_MS = 500 };

static int at_most(int limit, int n)
{
	return n < limit ? n : limit;
}

/* False once the deadline has passed. */
static bool wait_for(const PGconn *pg, short events, uint64_t deadline_us)
{
	struct pollfd p = { .fd = PQsocket(pg), .events = events };
	uint64_t now;
	int n;

	do {
		now = now_us();
		if (now >= deadline_us)
			return false;
		n = poll(&p, 1, (int)((deadline_us - now + 999) / 1000));
	} while (n == 0 || (n < 0 && errno == EINTR));

	return n > 0;
}

/*
 * A server that has gone is noticed within 6 s, earlier than it notices that
 * we have: infra/postgres/postgresql.conf.
 *
 * Names are looked up in pg_catalog only: a statement says which schema.
 */
static PGconn *start(const struct db_config *config)
{
	char options[256], name[64];
	const char *const keys[] = {
		"dbname", "options", "application_name", "client_encoding",
		"tcp_user_timeout", "keepalives_idle", "keepalives_interval",
		"keepalives_count", config->role ? "user" : NULL, NULL,
	};
	const char *const values[] = {
		config->url, options, name, "UTF8", "6000", "3", "1", "3",
		config->role, NULL,
	};

	snprintf(name, sizeof(name), "kith-%s", program_invocation_short_name);
	snprintf(options, sizeof(options), "-c statement_timeout=%d"
		 " -c lock_timeout=%d -c search_path=pg_catalog -c jit=off"
		 " -c idle_in_transaction_session_timeout=5000",
		 config->timeout_ms,
		 at_most(LOCK_TIMEOUT_MS, config->timeout_ms));

	return PQconnectStartParams(keys, values, 1);
}

static bool finish(PGconn *pg, uint64_t deadline_us)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (PQstatus(pg) == CONNECTION_BAD)
		return false;
	while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
		if (!wait_for(pg, status == PGRES_POLLING_READING ? POLLIN
								  : POLLOUT,
			      deadline_us))
			return false;
		status = PQconnectPoll(pg);
	}
	return status == PGRES_POLLING_OK && PQsetnonblocking(pg, 1) == 0;
}

static void log_failure(const PGconn *pg)
{
	const char *message = PQstatus(pg) == CONNECTION_BAD
			      ? PQerrorMessage(pg) : "no answer in time";

	log_error("database: can't connect: %.*s",
		  (int)strcspn(message, "\n"), message);
}

/* A notice may quote a row, and libpq would print it. */
static void ignore(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

struct db_conn *db_conn_open(const struct db_config *config)
{
	const int timeout_ms = at_most(CONNECT_TIMEOUT_MS, config->timeout_ms);
	const uint64_t begin_us = now_us();
	struct db_conn *c = calloc(1, sizeof(*c));

	if (c)
		c->pg = start(config);
	if (!c || !c->pg)
		log_exit(EXIT_SYSTEM, "out of memory");

	PQsetNoticeReceiver(c->pg, ignore, NULL);
	if (!finish(c->pg, begin_us + (uint64_t)timeout_ms * 1000)) {
		log_failure(c->pg);
		db_conn_close(c);
		return NULL;
	}
	return c;
}

void db_conn_close(struct db_conn *c)
{
	PQfinish(c->pg);
	free(c);
}

bool db_conn_quiet(const struct db_conn *c)
{
	struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

bool db_conn_ready(const struct db_conn *c)
{
	const PGTransactionStatusType status = PQtransactionStatus(c->pg);

	return status != PQTRANS_ACTIVE && status != PQTRANS_UNKNOWN;
}

/* All is sent, and PQgetResult() won't block. */
static bool receive(PGconn *pg, uint64_t deadline_us)
{
	int unsent;

	while ((unsent = PQflush(pg)) == 1 || (unsent == 0 && PQisBusy(pg)))
		if (!wait_for(pg, unsent ? POLLIN | POLLOUT : POLLIN,
			      deadline_us) || !PQconsumeInput(pg))
			return false;

	return unsent == 0;
}

static bool is_done(const PGresult *r)
{
	const ExecStatusType status = PQresultStatus(r);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* By the server: an error of libpq's own has no state. */
static bool is_refused(const PGresult *r)
{
	return PQresultErrorField(r, PG_DIAG_SQLSTATE) != NULL;
}

PGresult *db_conn_answer(struct db_conn *c, uint64_t deadline_us)
{
	PGresult *answer = NULL, *r;

	/* An error in the commit comes after the statement's result. */
	while (receive(c->pg, deadline_us) && (r = PQgetResult(c->pg))) {
		PQclear(answer);
		answer = r;
		/* COPY, say, would go on for ever. */
		if (!is_done(r) && !is_refused(r))
			break;
	}
	if (is_refused(answer) || (is_done(answer) && db_conn_ready(c)))
		return answer;

	PQclear(answer);
	return NULL;
}
