/* worker_mailer.c - the thread: see worker_mailer.h. */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions/account/worker_mailer.h"
#include "functions/account/worker_message.h"
#include "functions/account/worker_smtp.h"
#include "functions/account/worker_words.h"
#include "runtime/conf.h"
#include "runtime/db.h"
#include "runtime/link.h"
#include "runtime/log.h"
#include "runtime/worker.h"

#include "worker.sql.h"

enum {
	REST_MS = 1000,		/* between looks when nothing wakes it */
	AWAY_MS = 500,		/* until an absent database is tried again */
	PAUSE_S = 1, PAUSE_MAX_S = 60,	/* of all, while the server is away */
	LATER_S = 30, LATER_MAX_S = 3600,	/* of a mail, doubling */
	AGE_MAX_S = 3 * 86400,
	LOG_S = 60,		/* between lines of an absent server */
};

struct mailer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool woken, leaving;		/* under the lock */
	atomic_bool cut;		/* it leaves, and waits no more */

	struct db_pool *pool;
	struct db *db;
	struct arena *arena;		/* of a mail */
	struct arena *lasting;
	struct smtp *smtp;
	struct mailbox from;

	int pause_s;			/* 0: the server is well */
	int64_t logged_s;
};

/* The columns of mail_claim. */
enum { ID, TRIES, AGE_S, ADDRESS, TEMPLATE, PURPOSE, LANGUAGE };

static struct timespec after(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* For so long, or until it leaves; until it is woken, if it may be. */
static void rest(struct mailer *m, int ms, bool wakes)
{
	const struct timespec end = after(ms);
	int late = 0;

	db_release(m->db);
	pthread_mutex_lock(&m->lock);
	while (!late && !m->leaving && !(wakes && m->woken))
		late = pthread_cond_timedwait(&m->changed, &m->lock, &end);
	m->woken = false;
	pthread_mutex_unlock(&m->lock);
}

static bool is_leaving(struct mailer *m)
{
	bool leaving;

	pthread_mutex_lock(&m->lock);
	leaving = m->leaving;
	pthread_mutex_unlock(&m->lock);

	return leaving;
}

/* PAGE_URL#/reset/TOKEN; the page reads both kinds of the others the same. */
static const char *link_of(struct mailer *m, const char *const *mail)
{
	const char *purpose = mail[PURPOSE];

	if (!purpose)
		return "";
	return arena_printf(m->arena, "%s#/%s/%s", conf.page_url,
			    strcmp(purpose, "reset") == 0 ? "reset" : "verify",
			    link_make(m->arena, purpose, mail[ID]));
}

static const char *text_of(struct mailer *m, const struct words *words,
			   const char *const *mail)
{
	static const char hole[] = "{link}";
	const char *at = strstr(words->text, hole);

	if (!at)
		return words->text;
	return arena_printf(m->arena, "%.*s%s%s", (int)(at - words->text),
			    words->text, link_of(m, mail),
			    at + sizeof(hole) - 1);
}

static struct smtp_answer send_mail(struct mailer *m, const char *const *mail)
{
	const struct words *words = words_of(mail[TEMPLATE], mail[LANGUAGE]);
	struct message message;

	if (!words || !message_address_valid(mail[ADDRESS]))
		return (struct smtp_answer){
			SMTP_REFUSED, 0, "no such template or address"
		};
	message = (struct message){
		.from = m->from, .to = mail[ADDRESS], .id = mail[ID],
		.language = mail[LANGUAGE], .subject = words->subject,
		.text = text_of(m, words, mail), .at = time(NULL),
	};
	return smtp_send(m->smtp, m->from.address, mail[ADDRESS],
			 message_write(m->arena, &message));
}

/* Until the database knows: what it doesn't is sent again. */
static void settle(struct mailer *m, const char *const *mail,
		   const char *outcome, int wait_s)
{
	const char *settled;

	while (db_one(m->db, &sql_mail_settle,
		      ARGS(mail[ID], mail[TRIES], outcome,
			   arena_printf(m->arena, "%d", wait_s)),
		      &settled) == ERR_UNAVAILABLE) {
		if (is_leaving(m)) {
			log_warn("mail %s may be sent again", mail[ID]);
			return;
		}
		rest(m, AWAY_MS, false);
	}
}

static int doubled(int seconds, int times, int most)
{
	while (times-- > 0 && seconds < most)
		seconds *= 2;

	return seconds < most ? seconds : most;
}

static void pause_all(struct mailer *m, const struct smtp_answer *a)
{
	const int64_t now_s = time(NULL);

	if (m->pause_s == 0 || now_s >= m->logged_s + LOG_S) {
		log_warn("mail: the server is away: status %ld %s", a->status,
			 a->error);
		m->logged_s = now_s;
	}
	m->pause_s = m->pause_s == 0 ? PAUSE_S
				     : doubled(m->pause_s, 1, PAUSE_MAX_S);
}

static void answered(struct mailer *m)
{
	if (m->pause_s > 0)
		log_info("mail: the server is well again");
	m->pause_s = 0;
}

/* Nothing of the mail but its id. */
static void give_up(struct mailer *m, const char *const *mail,
		    const struct smtp_answer *a)
{
	log_error("mail %s (%s) is given up: status %ld %s", mail[ID],
		  mail[TEMPLATE], a->status, a->error);
	settle(m, mail, "failed", 0);
}

static void put_off(struct mailer *m, const char *const *mail,
		    const struct smtp_answer *a, int wait_s)
{
	if (atoi(mail[AGE_S]) > AGE_MAX_S)
		give_up(m, mail, a);
	else
		settle(m, mail, "later", wait_s);
}

static void judge(struct mailer *m, const char *const *mail,
		  const struct smtp_answer *a)
{
	switch (a->end) {
	case SMTP_SENT:
		answered(m);
		settle(m, mail, "sent", 0);
		break;
	case SMTP_REFUSED:
		answered(m);
		give_up(m, mail, a);
		break;
	case SMTP_LATER:
		answered(m);
		log_warn("mail %s is put off: status %ld", mail[ID],
			 a->status);
		put_off(m, mail, a, doubled(LATER_S, atoi(mail[TRIES]) - 1,
					    LATER_MAX_S));
		break;
	case SMTP_AWAY:
		pause_all(m, a);
		put_off(m, mail, a, m->pause_s);
		rest(m, m->pause_s * 1000, false);
		break;
	}
}

static void *run(void *mailer)
{
	struct mailer *m = mailer;
	const char *lease = arena_printf(m->lasting, "%d", conf.mail_lease_s);
	struct smtp_answer answer;
	const char *const *mail;
	enum err err;

	while (!is_leaving(m)) {
		arena_reset(m->arena);
		err = db_row(m->db, &sql_mail_claim, ARGS(lease), &mail);
		if (err) {
			rest(m, err == ERR_NOT_FOUND ? REST_MS : AWAY_MS,
			     err == ERR_NOT_FOUND);
			continue;
		}
		answer = send_mail(m, mail);
		judge(m, mail, &answer);
	}
	return NULL;
}

/* Signals are others'. */
static void start(struct mailer *m)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&m->thread, NULL, run, m) != 0)
		log_exit(EXIT_SYSTEM, "no thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void init_lock(struct mailer *m)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&m->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct mailer *mailer_start(void)
{
	const struct db_config database = {
		.url = conf.database_url, .role = conf.database_role,
		.connections = 1, .wait_ms = conf.database_wait_ms,
		.timeout_ms = MAILER_STATEMENT_MS,
		.board = &worker_slot()->database,
	};
	struct mailer *m = calloc(1, sizeof(*m));

	if (!m || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		log_exit(EXIT_SYSTEM, "out of memory");
	init_lock(m);
	m->arena = arena_new();
	m->lasting = arena_new();
	if (!message_mailbox(m->lasting, conf.mail_from, &m->from))
		log_exit(EXIT_CONFIG, "MAIL_FROM is no address");
	if (conf.smtp_timeout_ms >= 1000 * conf.mail_lease_s)
		log_exit(EXIT_CONFIG, "SMTP_TIMEOUT_MS must end before "
			 "MAIL_LEASE_S: or mails come twice");
	if (!conf.smtp_url) {
		log_warn("mails wait: there is no SMTP_URL");
		return m;
	}
	m->smtp = smtp_new(&m->cut);
	m->pool = db_pool_new(&database);
	m->db = db_new(m->pool, m->arena);
	start(m);

	return m;
}

void mailer_wake(struct mailer *m)
{
	pthread_mutex_lock(&m->lock);
	m->woken = true;
	pthread_cond_signal(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

static void leave(struct mailer *m)
{
	const struct timespec end = after(MAILER_LEAVE_MS);

	pthread_mutex_lock(&m->lock);
	m->leaving = true;
	pthread_cond_signal(&m->changed);
	pthread_mutex_unlock(&m->lock);
	if (pthread_clockjoin_np(m->thread, NULL, CLOCK_MONOTONIC, &end) == 0)
		return;
	atomic_store(&m->cut, true);
	pthread_join(m->thread, NULL);
}

void mailer_stop(struct mailer *m)
{
	if (m->smtp) {
		leave(m);
		smtp_free(m->smtp);
		db_free(m->db);
		db_pool_free(m->pool);
	}
	curl_global_cleanup();
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	arena_free(m->arena);
	arena_free(m->lasting);
	free(m);
}
