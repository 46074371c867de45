/* password.c - see password.h. */
#include <argon2.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <semaphore.h>
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
	PHC_BYTES = 160,	/* at most 130 with parameters of any size */
	LOCAL_PART_BYTES = 4,	/* a shorter one is in too many passwords */
};

/* The file conf.passwords; bytes is 0 without one. */
static const char *common = "";
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

/* What a PHC string says; argon2id 1.3 and these sizes are understood. */
struct hash {
	unsigned int memory_kib, passes, lanes;
	unsigned char salt[SALT_BYTES], tag[TAG_BYTES];
};

static struct hash todays(void)
{
	return (struct hash){
		.memory_kib = (unsigned int)conf.password_memory_kib,
		.passes = (unsigned int)conf.password_passes,
		.lanes = LANES,
	};
}

/* RFC 4648, section 4, without padding. */
static void base64(const unsigned char *bytes, size_t n, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
	out[strcspn(out, "=")] = '\0';
}

/* False if text is not n bytes. */
static bool unbase64(const char *text, unsigned char *out, size_t n)
{
	unsigned char padded[PHC_BYTES], bytes[PHC_BYTES];
	const size_t chars = strlen(text), whole = (chars + 3) / 4 * 4;

	memset(padded, '=', sizeof(padded));
	memcpy(padded, text, chars);
	if (chars != (n * 8 + 5) / 6 ||
	    EVP_DecodeBlock(bytes, padded, (int)whole) < 0)
		return false;
	memcpy(out, bytes, n);

	return true;
}

static void write_phc(const struct hash *h, char out[PHC_BYTES])
{
	char salt[2 * SALT_BYTES], tag[2 * TAG_BYTES];

	base64(h->salt, SALT_BYTES, salt);
	base64(h->tag, TAG_BYTES, tag);
	snprintf(out, PHC_BYTES, "$argon2id$v=%d$m=%u,t=%u,p=%u$%s$%s",
		 ARGON2_VERSION_NUMBER, h->memory_kib, h->passes, h->lanes,
		 salt, tag);
}

static bool read_phc(const char *phc, struct hash *out)
{
	char salt[65], tag[65], end;

	return sscanf(phc, "$argon2id$v=19$m=%u,t=%u,p=%u$%64[^$]$%64[^$]%c",
		      &out->memory_kib, &out->passes, &out->lanes, salt, tag,
		      &end) == 5 &&
	       unbase64(salt, out->salt, SALT_BYTES) &&
	       unbase64(tag, out->tag, TAG_BYTES);
}

/* In huge pages a hash takes two thirds of the time, where they are had (m). */
static int take_memory(uint8_t **memory, size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	madvise(map, bytes, MADV_HUGEPAGE);
	*memory = map;

	return ARGON2_OK;
}

static void give_memory(uint8_t *memory, size_t bytes)
{
	munmap(memory, bytes);
}

/*
 * One hash a core: more at once would only take longer each, and memory.  The
 * threads beyond wait here while others talk to the database.
 */
static sem_t cores;
static pthread_once_t cores_once = PTHREAD_ONCE_INIT;

static void count_cores(void)
{
	sem_init(&cores, 0, (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
}

static int compute_alone(argon2_context *context)
{
	int code;

	pthread_once(&cores_once, count_cores);
	while (sem_wait(&cores) < 0)
		;
	code = argon2id_ctx(context);
	sem_post(&cores);

	return code;
}

/* Fills in the tag. */
static enum err compute(struct hash *h, const char *password)
{
	argon2_context context = {
		.out = h->tag, .outlen = TAG_BYTES,
		.pwd = (uint8_t *)(uintptr_t)password,
		.pwdlen = (uint32_t)strlen(password),
		.salt = h->salt, .saltlen = SALT_BYTES,
		.m_cost = h->memory_kib, .t_cost = h->passes,
		.lanes = h->lanes, .threads = 1,
		.version = ARGON2_VERSION_NUMBER,
		.allocate_cbk = take_memory, .free_cbk = give_memory,
	};
	const int code = compute_alone(&context);

	if (code == ARGON2_OK)
		return OK;

	log_error("argon2: %s", argon2_error_message(code));
	return code == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_UNAVAILABLE :
							ERR_INTERNAL;
}

enum err password_hash(struct arena *arena, const char *password,
		       const char **phc)
{
	struct hash h = todays();
	char *text = arena_alloc(arena, PHC_BYTES);
	enum err err;

	if (getrandom(h.salt, SALT_BYTES, 0) != SALT_BYTES)
		log_exit(EXIT_SYSTEM, "no random bytes");
	err = compute(&h, password);
	if (err)
		return err;
	write_phc(&h, text);
	*phc = text;

	return OK;
}

enum err password_verify(const char *phc, const char *password, bool *matches)
{
	struct hash known = todays(), tried;
	enum err err;

	if (phc && !read_phc(phc, &known)) {
		log_error("argon2: a stored hash can't be read");
		return ERR_INTERNAL;
	}
	tried = known;
	err = compute(&tried, password);
	if (err)
		return err;

	*matches = phc && CRYPTO_memcmp(tried.tag, known.tag, TAG_BYTES) == 0;
	return OK;
}

bool password_outdated(const char *phc)
{
	const struct hash today = todays();
	struct hash known;

	return !read_phc(phc, &known) || known.passes != today.passes ||
	       known.memory_kib != today.memory_kib ||
	       known.lanes != today.lanes;
}
