/*
 * nickname_private.h - what the parts of nickname share.
 *
 *	nickname.c		reading one; its key and search
 *	nickname_rules.c	what is refused
 *	nickname_icu.c		ICU's tables, and texts through them
 */
#ifndef RUNTIME_NICKNAME_PRIVATE_H
#define RUNTIME_NICKNAME_PRIVATE_H

#include <stdbool.h>
#include <unicode/ubrk.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/utf16.h>

#include "runtime/nickname.h"

/* UTF-16, which is what ICU works on. */
struct text {
	UChar *v;		/* v[n], the arena's; no NUL at the end */
	int32_t n;
};

/* The same as code points, to look at them one by one. */
struct points {
	UChar32 *v;		/* v[n], the arena's */
	int32_t n;
};

/* nickname_icu.c */

/* Never changed once open, nor closed: that is how threads can share them. */
extern struct icu {
	const UNormalizer2 *nfc, *nfd, *nfkd, *nfkc_casefold;
	USpoofChecker *spoof;
	UBreakIterator *graphemes;	/* to be cloned */
} icu;

/* Before anything else here, in every thread. */
void nickname_open(void);

/* Ends the process if a call of ICU failed. */
void nickname_check(UErrorCode status);

/* Empty, with room for so many units. */
struct text nickname_text(struct arena *, int32_t units);

/* What isn't UTF-8 becomes U+FFFD. */
struct text nickname_from_utf8(struct arena *, const char *utf8);
const char *nickname_to_utf8(struct arena *, struct text from);

struct points nickname_points(struct arena *, struct text from);

/* form is one of icu's. */
struct text nickname_normalize(struct arena *, const UNormalizer2 *form,
			       struct text from);

/* UTS #39, section 4: what looks the same has one skeleton. */
struct text nickname_skeleton(struct arena *, struct text from);

/* nickname_rules.c */

bool nickname_too_long(struct text shown);

/* Each in context; in NFC, where single Jamo are old Hangul. */
bool nickname_characters_allowed(struct points nfc);

/* On something, and few; in NFD, where they all are apart. */
bool nickname_marks_allowed(struct points nfd);

/* It mixes what no language mixes, so as to be taken for another. */
bool nickname_imitates(struct text shown);

#endif
