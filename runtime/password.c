/* password.c - see password.h. */
#include <argon2.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/password.h"

enum {
	LANES = 1,
	SALT_BYTES = 16,
	TAG_BYTES = 32,
	PHC_BYTES = 160,
	LOCAL_PART_BYTES = 4,	/* a shorter one is in too many passwords */
};

/* The file conf.passwords; bytes is 0 without one. */
static const char *common;
static size_t common_bytes;
static pthread_once_t common_once = PTHREAD_ONCE_INIT;

static void map_common(void)
{
	struct stat status;
	void *map;
	int fd;

	if (!conf.passwords)
		return;

	fd = open(conf.passwords, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		log_exit(EXIT_CONFIG, "PASSWORDS: %s: %s", conf.passwords,
			 strerror(errno));
	map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		log_exit(EXIT_CONFIG, "PASSWORDS: %s: %s", conf.passwords,
			 strerror(errno));
	close(fd);

	common = map;
	common_bytes = (size_t)status.st_size;
}

/* As strcmp() of password in lower case and the line. */
static int compare(const char *password, const char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		int difference = tolower((unsigned char)password[i]) -
				 (unsigned char)line[i];

		if (difference != 0)
			return difference;
	}
	return password[bytes] != '\0';
}

static bool is_common(const char *password)
{
	const char *low = common, *high = common + common_bytes;

	while (low < high) {
		const char *middle = low + (high - low) / 2;
		const char *before = memrchr(low, '\n', (size_t)(middle - low));
		const char *line = before ? before + 1 : low;
		const char *end = memchr(middle, '\n', (size_t)(high - middle));
		int order;

		end = end ?: high;
		order = compare(password, line, (size_t)(end - line));
		if (order == 0)
			return true;
		if (order < 0)
			high = line;
		else
			low = end + 1;
	}
	return false;
}

static bool contains(const char *text, const char *part, size_t bytes)
{
	for (; *text; text++)
		if (strncasecmp(text, part, bytes) == 0)
			return true;

	return false;
}

const char *password_weakness(const char *password, const char *email)
{
	const size_t local = strcspn(email, "@");

	pthread_once(&common_once, map_common);
	if (is_common(password))
		return "common";
	if (contains(password, email, strlen(email)) ||
	    (local >= LOCAL_PART_BYTES && contains(password, email, local)))
		return "contains_email";

	return NULL;
}

/* How every hash of today's parameters begins. */
static void write_parameters(char out[PHC_BYTES])
{
	snprintf(out, PHC_BYTES, "$argon2id$v=%d$m=%d,t=%d,p=%d$",
		 ARGON2_VERSION_NUMBER, conf.password_memory_kib,
		 conf.password_passes, LANES);
}

static enum err failed(int code)
{
	log_error("argon2: %s", argon2_error_message(code));
	return code == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_UNAVAILABLE :
							ERR_INTERNAL;
}

enum err password_hash(struct arena *arena, const char *password,
		       const char **phc)
{
	unsigned char salt[SALT_BYTES];
	char text[PHC_BYTES];
	int code;

	if (getrandom(salt, sizeof(salt), 0) != sizeof(salt))
		log_exit(EXIT_SYSTEM, "no random bytes");

	code = argon2id_hash_encoded((uint32_t)conf.password_passes,
				     (uint32_t)conf.password_memory_kib, LANES,
				     password, strlen(password), salt,
				     sizeof(salt), TAG_BYTES, text,
				     sizeof(text));
	if (code != ARGON2_OK)
		return failed(code);

	*phc = arena_copy(arena, text, strlen(text));
	return OK;
}

enum err password_verify(const char *phc, const char *password, bool *matches)
{
	char nobody[PHC_BYTES];
	int code;

	/* A salt and a tag of zeros: as costly, and nobody's. */
	write_parameters(nobody);
	strcat(nobody, "AAAAAAAAAAAAAAAAAAAAAA$"
	       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

	code = argon2id_verify(phc ?: nobody, password, strlen(password));
	if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
		return failed(code);

	*matches = phc && code == ARGON2_OK;
	return OK;
}

bool password_outdated(const char *phc)
{
	char today[PHC_BYTES];

	write_parameters(today);
	return strncmp(phc, today, strlen(today)) != 0;
}
