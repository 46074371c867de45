/*
 * nickname.h - which texts may be nicknames, and which are the same.
 *
 * RFC 8266, the PRECIS profile for nicknames, but that case is folded in full
 * and that what UTS #39 calls confusable is the same nickname, too.  ICU 72
 * knows the characters of Unicode 15; later ones are refused.
 *
 * Ownership: results are the arena's.  ICU's tables are opened on first use
 * and shared by all threads.
 *
 * Errors: none but the codes of nickname_read().  Where ICU can't be opened or
 * has no memory, the process exits 111.
 */
#ifndef RUNTIME_NICKNAME_H
#define RUNTIME_NICKNAME_H

#include "runtime/arena.h"

/* Each in UTF-8. */
struct nickname {
	/*
	 * As typed, but spaces of every kind are SPACE, never two, and none at
	 * the ends.  1 to 32 graphemes, at most 128 code points, 512 bytes.
	 */
	const char *shown;

	/*
	 * What must be unique: equal if nicknames differ only in case, width,
	 * normal form, or not to the eye.  Below 2500 bytes; not to be shown.
	 *
	 * That is transitive.  I is i in capitals and looks like l, so there
	 * is one key for i, l, 1 and |, and Ian can't be where Lan is.  Others
	 * are o and 0; m and rn; Latin boba and Cyrillic вова, for what their
	 * capitals look like.  Marks are seen: José isn't Jose.
	 */
	const char *key;

	/* nickname_search() of it. */
	const char *search;
};

/*
 * NULL if text may be a nickname, else the stable code of the reason, and *out
 * is untouched.  Text is UTF-8; bytes that aren't are not_allowed.
 *
 *	too_short	nothing but spaces
 *	too_long	more than 32 graphemes or 128 code points
 *	not_allowed	a character outside of PRECIS's FreeformClass, an
 *			invisible one, a mark on nothing or a fifth on one base
 *	look_alike	scripts or digits that no language mixes, or the same
 *			mark twice in a row: UTS #39, "highly restrictive"
 *
 * Invisible characters may stand where they change what is seen: joiners where
 * RFC 5892, appendix A, has them, and with variation selectors in emoji.  Tags
 * may not, though the flags of England, Scotland and Wales are made of them.
 * U+00B7 and what else is CONTEXTO but visible may stand anywhere.
 */
const char *nickname_read(struct arena *, const char *text,
			  struct nickname *out);

/*
 * What search compares, of any text; may be empty.  Case and width are gone,
 * and the marks of Latin, Greek, Cyrillic, Hebrew and Arabic: other scripts
 * spell with theirs.  The search of a result is the result.
 */
const char *nickname_search(struct arena *, const char *text);

#endif
