/*
 * password.h - argon2id hashes (RFC 9106) and what makes a password refused.
 *
 * Parameters: conf.password_memory_kib, conf.password_passes, one lane; salt
 * 16 bytes, tag 32; stored as a PHC string.  A password's bytes are taken as
 * they are, unmodified.  A process hashes as many at once as there are cores.
 */
#ifndef RUNTIME_PASSWORD_H
#define RUNTIME_PASSWORD_H

#include <stdbool.h>

#include "runtime/arena.h"
#include "runtime/err.h"

/*
 * NULL if the password may be used, else the stable code of the reason:
 * "common" (in the file conf.passwords) or "contains_email" (the address or
 * its local part).  Length is the body's descriptor's business.
 */
const char *password_weakness(const char *password, const char *email);

/* Takes about 50 ms and conf.password_memory_kib of memory. */
enum err password_hash(struct arena *, const char *password, const char **phc);

/*
 * *matches: the password is the one behind phc.  With phc NULL a hash of the
 * current parameters is verified all the same and *matches is false, so that
 * an unknown account costs what a known one does.
 */
enum err password_verify(const char *phc, const char *password, bool *matches);

/* The hash was made with other parameters than today's. */
bool password_outdated(const char *phc);

#endif
