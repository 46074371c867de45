/*
 * conf.h - configuration: environment variables, read once at start.
 *
 * conf.c holds the one table: name, bounds, default and meaning of each.
 * function.conf, beside the executable, gives values of its own in the same
 * NAME=value form; the environment overrides it, and what the operator has set
 * for this function alone, in DIR/settings above its releases, overrides both.
 *
 * Errors: a bad value ends the process with EXIT_CONFIG and names the variable.
 */
#ifndef RUNTIME_CONF_H
#define RUNTIME_CONF_H

#include <stdbool.h>
#include <stddef.h>

enum {
	EXIT_CONFIG = 100,	/* a restart won't help */
	EXIT_SYSTEM = 111,	/* a restart may help */
};

struct conf {
	/* How a function runs. */
	int processes, processes_max;	/* max 0: the same */
	int idle_s;			/* of less load, until fewer workers */
	int threads;			/* never 0 once read */
	int timeout_ms;			/* of a request, in the function */
	int queue_ms;			/* older requests are refused */
	int body_bytes;
	int rate;			/* requests/s an address; 0: no limit */
	int memory_mb;			/* address space; 0: no limit */
	int rss_mb;			/* in memory; 0: no limit */
	int ready_ms, bake_ms, drain_ms;
	int canary;			/* 1: one worker bakes alone; 0: all */
	int slow_ms, stuck_ms;		/* 0: no limit; 3 timeouts */
	const char *functions;		/* directory of all; NULL: none */
	const char *operator_socket;	/* of fn act; NULL: none */

	/* PostgreSQL. */
	const char *database_url;	/* without a password */
	const char *database_role;	/* NULL: the URL's */
	int database_connections;	/* never 0 once read */
	int database_wait_ms;

	/* Accounts and tokens. */
	const char *keys;		/* directory: see keys.h */
	const char *issuer, *audience;
	int access_ttl_s, refresh_idle_s, refresh_ttl_s, refresh_grace_s;
	int sessions;			/* an account; the oldest makes room */
	int password_memory_kib, password_passes;
	const char *passwords;		/* file of common ones; NULL: none */
	const char *email_verification;	/* "off", "optional", "required" */

	/* Other providers of identities. */
	const char *oauth_providers;	/* file: JSON; NULL: none */
	const char *oauth_ca;		/* file: PEM; NULL: the system's */
	const char *oauth_private;	/* "refused" or "allowed" */

	/* Mails. */
	const char *page_url;		/* what links lead to */
	const char *smtp_url;		/* NULL: mails wait */
	const char *smtp_user, *smtp_password;	/* NULL: none */
	const char *smtp_tls;		/* "offered", "required", "never" */
	const char *smtp_ca;		/* file: PEM; NULL: the system's */
	int smtp_timeout_ms;		/* of one mail */
	int mail_lease_s;		/* until a claimed mail is due again */
	const char *mail_from;		/* address, or name <address> */

	/* Subscriptions: requests of a user. */
	int requests_pending, requests_hourly;
	int declined_s;			/* until the same is asked again */

	/* Chats. */
	const char *chats_with;		/* "accepted" or "everyone" */
	int chats_hourly;		/* new ones of a user */

	/* Pushes.  A provider without its file is not served. */
	int push_wait_ms;		/* a message may be received meanwhile */
	int push_lease_s;		/* until a claimed push is due again */
	int push_timeout_ms;		/* of one push */
	const char *fcm_account;	/* file: a service account's JSON */
	const char *fcm_url;
	const char *apns_key;		/* file: PEM */
	const char *apns_key_id, *apns_team_id, *apns_topic;
	const char *apns_url, *apns_sandbox_url;
	const char *push_contact;	/* for push services: mailto: or https: */
	const char *push_ca;		/* file: PEM; NULL: the system's */
	const char *push_private;	/* "refused" or "allowed" */

	/* Events. */
	const char *relay_socket;	/* see wake.h; NULL: none */
	const char *kafka_brokers;
	int kafka_partitions, kafka_replication;
};

extern struct conf conf;

/* Read file_or_null, the environment, and the file's settings into conf. */
void conf_read(const char *file_or_null);

/* A variable of the table, as conf_read() has found it. */
struct conf_variable {
	const char *name, *help;
	const char *value;	/* NULL: none; lasts until the next is asked */
	const char *from;	/* "settings", "environment", "function.conf",
				   "default" */
};

/* The i-th of them; false if there are no more. */
bool conf_variable(size_t i, struct conf_variable *out);

/* The path of function.conf beside the executable; NULL: there is none. */
const char *conf_file(void);

/*
 * NAME=value for each variable of the table that is set, in the environment or
 * in the settings read last; ends with NULL, never is it.
 */
char **conf_environ(void);
void conf_environ_free(char **);

#endif
