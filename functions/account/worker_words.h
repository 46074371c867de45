/*
 * worker_words.h - what mails say, in the languages that there are.
 *
 * Nothing in a mail is a user's own text: to whom it goes may be a stranger
 * whose address somebody typed.
 */
#ifndef ACCOUNT_WORKER_WORDS_H
#define ACCOUNT_WORKER_WORDS_H

struct words {
	const char *subject;
	const char *text;	/* UTF-8; lines end with \n; {link} is to be
				 * replaced, once at most */
};

/* Another language is English.  NULL: there is no such template. */
const struct words *words_of(const char *template, const char *language);

#endif
