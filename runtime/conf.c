/* conf.c - see conf.h. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/json.h"
#include "runtime/log.h"

enum { DAY_S = 86400, LINE_BYTES = 1024 };

struct conf conf;

static const char *const chats_with[] = { "accepted", "everyone", NULL };

static const char *const oauth_private[] = { "refused", "allowed", NULL };

static const char *const email_verification[] = {
	"off", "optional", "required", NULL
};

static const char *const smtp_tls[] = { "offered", "required", "never", NULL };

static const char *const push_private[] = { "refused", "allowed", NULL };

static const struct variable {
	const char *name;
	size_t offset;
	int min, max, fallback;		/* of a number; all 0: text */
	const char *text_fallback;
	const char *help;
	const char *const *choices;	/* of a text: ends with NULL; NULL: any */
} table[] = {
#define NUMBER(name, member, min, max, fallback, help) \
	{ name, offsetof(struct conf, member), min, max, fallback, NULL, help }
#define TEXT(name, member, fallback, help) \
	{ name, offsetof(struct conf, member), 0, 0, 0, fallback, help }
/* The first choice is the default. */
#define CHOICE(name, member, choices, help) \
	{ name, offsetof(struct conf, member), 0, 0, 0, NULL, help, choices }

NUMBER("PROCESSES", processes, 0, 32, 1, "workers of the function"),
NUMBER("PROCESSES_MAX", processes_max, 0, 32, 0,
       "workers under load; 0: PROCESSES"),
NUMBER("IDLE_S", idle_s, 1, DAY_S, 60, "until fewer workers for less load"),
NUMBER("THREADS", threads, 0, 32, 4, "of a worker; 0: two a core"),
NUMBER("TIMEOUT_MS", timeout_ms, 100, 60000, 6000, "of a request"),
NUMBER("QUEUE_MS", queue_ms, 10, 60000, 1000, "a request may have waited"),
NUMBER("BODY_BYTES", body_bytes, 0, 16 << 20, 64 << 10, "of a request"),
NUMBER("RATE", rate, 0, 1000000, 50, "requests/s an address; 0: any"),
NUMBER("MEMORY_MB", memory_mb, 0, 1 << 20, 0, "address space; 0: any"),
NUMBER("RSS_MB", rss_mb, 0, 1 << 20, 0, "in memory, of a worker; 0: any"),
NUMBER("SLOW_MS", slow_ms, 0, 600000, 1000,
       "until a request is named in the log; 0: never"),
NUMBER("STUCK_MS", stuck_ms, 0, 600000, 0,
       "until a request's worker is replaced; 0: three times TIMEOUT_MS"),
NUMBER("READY_MS", ready_ms, 100, 600000, 5000, "until a worker is ready"),
NUMBER("BAKE_MS", bake_ms, 0, 600000, 500, "old and new serve together"),
NUMBER("CANARY", canary, 0, 1, 1, "1: a load tries one worker first"),
NUMBER("DRAIN_MS", drain_ms, 100, 600000, 15000, "until a worker is killed"),
TEXT("FUNCTIONS", functions, NULL, "directory whose scoreboards ops reads"),
TEXT("OPERATOR_SOCKET", operator_socket, NULL,
     "unix socket of fn act, which ops asks to act"),

TEXT("DATABASE_URL", database_url, "", "PostgreSQL, as libpq takes it"),
TEXT("DATABASE_ROLE", database_role, NULL, "logs in instead of the URL's"),
NUMBER("DATABASE_CONNECTIONS", database_connections, 0, 64, 0,
       "of a worker; 0: as many as threads"),
NUMBER("DATABASE_WAIT_MS", database_wait_ms, 1, 60000, 500,
       "for a free connection"),

TEXT("KEYS", keys, NULL, "directory of keys"),
TEXT("ISSUER", issuer, "kith", "iss of access tokens"),
TEXT("AUDIENCE", audience, "kith", "aud of access tokens"),
NUMBER("ACCESS_TTL_S", access_ttl_s, 1, DAY_S, 600, "of an access token"),
NUMBER("REFRESH_IDLE_S", refresh_idle_s, 1, 3650 * DAY_S, 30 * DAY_S,
       "until an unused session ends"),
NUMBER("REFRESH_TTL_S", refresh_ttl_s, 1, 3650 * DAY_S, 180 * DAY_S,
       "until any session ends"),
NUMBER("REFRESH_GRACE_S", refresh_grace_s, 0, 3600, 30,
       "the token before is answered"),
NUMBER("SESSIONS", sessions, 1, 1000, 20, "of an account"),
NUMBER("PASSWORD_MEMORY_KIB", password_memory_kib, 8, 4 << 20, 19456,
       "of a hash"),
NUMBER("PASSWORD_PASSES", password_passes, 1, 100, 2, "of a hash"),
TEXT("PASSWORDS", passwords, NULL, "file of refused passwords, sorted"),
CHOICE("EMAIL_VERIFICATION", email_verification, email_verification,
       "off, optional or required: of who registers"),

TEXT("OAUTH_PROVIDERS", oauth_providers, NULL,
     "file: whose accounts sign in here, JSON"),
TEXT("OAUTH_CA", oauth_ca, NULL, "file: who signs for them, PEM"),
CHOICE("OAUTH_PRIVATE", oauth_private, oauth_private,
       "refused or allowed: providers at private addresses, without TLS"),

TEXT("PAGE_URL", page_url, "http://localhost:8080", "of the page, for links"),
TEXT("SMTP_URL", smtp_url, NULL, "smtp:// or smtps://, host and port"),
TEXT("SMTP_USER", smtp_user, NULL, "logs in there, by TLS unless it is never"),
TEXT("SMTP_PASSWORD", smtp_password, NULL, "of that user"),
CHOICE("SMTP_TLS", smtp_tls, smtp_tls,
       "offered, required or never: STARTTLS of smtp://"),
TEXT("SMTP_CA", smtp_ca, NULL, "file: who signs for that server, PEM"),
NUMBER("SMTP_TIMEOUT_MS", smtp_timeout_ms, 100, 600000, 20000, "of a mail"),
NUMBER("MAIL_LEASE_S", mail_lease_s, 1, 3600, 60,
       "until a mail that a worker took is another's"),
TEXT("MAIL_FROM", mail_from, "Kith <kith@localhost>",
     "address, or name <address>"),

NUMBER("REQUESTS_PENDING", requests_pending, 1, 1000000, 100,
       "subscription requests that wait for an answer, of a user"),
NUMBER("REQUESTS_HOURLY", requests_hourly, 1, 1000000, 30,
       "subscription requests an hour, of a user"),
NUMBER("DECLINED_S", declined_s, 0, 30 * DAY_S, 7 * DAY_S,
       "until one who declined may be asked again"),

CHOICE("CHATS_WITH", chats_with, chats_with,
       "accepted or everyone: whom a user may add to a chat"),
NUMBER("CHATS_HOURLY", chats_hourly, 1, 1000000, 60,
       "new chats an hour, of a user"),

NUMBER("PUSH_WAIT_MS", push_wait_ms, 0, 3600000, 3000,
       "a message may be received before it is pushed"),
NUMBER("PUSH_LEASE_S", push_lease_s, 1, 3600, 30,
       "until a push that a worker took is another's"),
NUMBER("PUSH_TIMEOUT_MS", push_timeout_ms, 100, 600000, 10000, "of a push"),
TEXT("FCM_ACCOUNT", fcm_account, NULL, "file: Google's service account"),
TEXT("FCM_URL", fcm_url, "https://fcm.googleapis.com", "of FCM"),
TEXT("APNS_KEY", apns_key, NULL, "file: Apple's signing key, PEM"),
TEXT("APNS_KEY_ID", apns_key_id, "", "kid of that key"),
TEXT("APNS_TEAM_ID", apns_team_id, "", "whose key it is"),
TEXT("APNS_TOPIC", apns_topic, "", "bundle id of the app"),
TEXT("APNS_URL", apns_url, "https://api.push.apple.com", "of APNs"),
TEXT("APNS_SANDBOX_URL", apns_sandbox_url,
     "https://api.sandbox.push.apple.com", "for apps in development"),
TEXT("PUSH_CONTACT", push_contact, "mailto:admin@example.com",
     "mailto: or https:, for the owners of push services"),
TEXT("PUSH_CA", push_ca, NULL, "file: who signs for providers, PEM"),
CHOICE("PUSH_PRIVATE", push_private, push_private,
       "refused or allowed: endpoints at private addresses"),

TEXT("RELAY_SOCKET", relay_socket, NULL, "unix socket that wakes the relay"),
TEXT("KAFKA_BROKERS", kafka_brokers, "", "host:port, separated by commas"),
NUMBER("KAFKA_PARTITIONS", kafka_partitions, 1, 1000, 6, "of a new topic"),
NUMBER("KAFKA_REPLICATION", kafka_replication, 1, 9, 1, "of a new topic"),
};

enum { VARIABLES = sizeof(table) / sizeof(*table) };

/* What the files say; a later conf_read() forgets it. */
static char *from_file[VARIABLES], *from_settings[VARIABLES];

static void *member(const struct variable *v)
{
	return (char *)&conf + v->offset;
}

/* What is said elsewhere than in function.conf. */
static const char *override_of(size_t i)
{
	return from_settings[i] ?: getenv(table[i].name);
}

static void read_line(const char *path, char *line, char **values)
{
	char *value = strchr(line, '=');

	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return;
	if (!value)
		log_exit(EXIT_CONFIG, "%s: not NAME=value: %s", path, line);
	*value++ = '\0';

	for (size_t i = 0; i < VARIABLES; i++) {
		if (strcmp(line, table[i].name) != 0)
			continue;
		free(values[i]);
		values[i] = strdup(value);
		return;
	}
	log_exit(EXIT_CONFIG, "%s: no variable is called %s", path, line);
}

static void read_file(const char *path, char **values)
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "re");

	if (!file)
		log_exit(EXIT_CONFIG, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		read_line(path, line, values);
	fclose(file);
}

/* The file is DIR/releases/VERSION/function.conf, or has no settings. */
static void read_settings(const char *file)
{
	char path[PATH_MAX];
	const char *slash = strrchr(file, '/');

	snprintf(path, sizeof(path), "%.*s/../../settings",
		 slash ? (int)(slash - file) : 1, slash ? file : ".");
	if (access(path, F_OK) == 0)
		read_file(path, from_settings);
}

static void forget(char **values)
{
	for (size_t i = 0; i < VARIABLES; i++) {
		free(values[i]);
		values[i] = NULL;
	}
}

static void set_number(const struct variable *v, const char *value)
{
	char *end;
	long n;

	if (!value || !*value) {
		*(int *)member(v) = v->fallback;
		return;
	}
	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || *end || n < v->min || n > v->max)
		log_exit(EXIT_CONFIG, "%s must be a number from %d to %d: %s",
			 v->name, v->min, v->max, v->help);
	*(int *)member(v) = (int)n;
}

static const char *text_fallback(const struct variable *v)
{
	return v->choices ? v->choices[0] : v->text_fallback;
}

static void set_text(const struct variable *v, const char *value)
{
	value = value && *value ? value : text_fallback(v);
	if (v->choices && !json_chosen(v->choices, value))
		log_exit(EXIT_CONFIG, "%s must be %s", v->name, v->help);
	*(const char **)member(v) = value;
}

void conf_read(const char *file_or_null)
{
	forget(from_file);
	forget(from_settings);
	if (file_or_null) {
		read_file(file_or_null, from_file);
		/* The pool's workers have them in their environment. */
		if (!getenv("POOL_SLOT"))
			read_settings(file_or_null);
	}

	for (size_t i = 0; i < VARIABLES; i++) {
		const char *value = override_of(i) ?: from_file[i];

		if (table[i].min < table[i].max)
			set_number(&table[i], value);
		else
			set_text(&table[i], value);
	}

	if (conf.threads == 0) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		conf.threads = cores < 16 ? 2 * (int)cores : 32;
	}
	if (conf.database_connections == 0)
		conf.database_connections = conf.threads;
}

/* Where the value is from, and what that says. */
static const char *source_of(size_t i, const char **value)
{
	if ((*value = from_settings[i]))
		return "settings";
	if ((*value = getenv(table[i].name)))
		return "environment";
	if ((*value = from_file[i]))
		return "function.conf";
	return "default";
}

bool conf_variable(size_t i, struct conf_variable *out)
{
	static char number[sizeof("-2147483648")];
	const struct variable *v = &table[i];

	if (i >= VARIABLES)
		return false;

	out->name = v->name;
	out->help = v->help;
	out->from = source_of(i, &out->value);
	if (out->value && *out->value)
		return true;

	out->value = text_fallback(v);
	if (v->min < v->max) {
		snprintf(number, sizeof(number), "%d", v->fallback);
		out->value = number;
	}
	return true;
}

const char *conf_file(void)
{
	static char path[PATH_MAX + sizeof("/function.conf")];
	ssize_t bytes = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (bytes < 0)
		return NULL;
	path[bytes] = '\0';
	strcpy(strrchr(path, '/'), "/function.conf");

	return access(path, R_OK) == 0 ? path : NULL;
}

char **conf_environ(void)
{
	char **entries = calloc(VARIABLES + 1, sizeof(*entries));
	size_t n = 0;

	for (size_t i = 0; entries && i < VARIABLES; i++) {
		const char *value = override_of(i);

		if (value && asprintf(&entries[n++], "%s=%s", table[i].name,
				      value) < 0)
			entries = NULL;
	}
	if (!entries)
		log_exit(EXIT_SYSTEM, "out of memory");
	return entries;
}

void conf_environ_free(char **entries)
{
	for (char **e = entries; e && *e; e++)
		free(*e);
	free(entries);
}
