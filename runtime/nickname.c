/* nickname.c - see nickname.h. */
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "runtime/nickname_private.h"

enum {
	ABOVE = 230,		/* a combining class */
	DOT_ABOVE = 0x0307,
};

static struct points points(struct arena *arena, const UNormalizer2 *form,
			    struct text from)
{
	return nickname_points(arena, nickname_normalize(arena, form, from));
}

/* RFC 8266, section 2.1.  No space takes more than a unit. */
static struct text squeeze(struct arena *arena, struct text from)
{
	struct text to = nickname_text(arena, from.n);

	for (int32_t i = 0; i < from.n; i++)
		if (u_charType(from.v[i]) != U_SPACE_SEPARATOR)
			to.v[to.n++] = from.v[i];
		else if (to.n > 0 && to.v[to.n - 1] != ' ')
			to.v[to.n++] = ' ';

	if (to.n > 0 && to.v[to.n - 1] == ' ')
		to.n--;

	return to;
}

static struct text fold(struct arena *arena, struct text from)
{
	return squeeze(arena,
		       nickname_normalize(arena, icu.nfkc_casefold, from));
}

/* The ASCII character that c's capital looks like, in lower case; or c. */
static UChar32 capital_look(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar capital[U16_MAX_LENGTH], look[2];
	int32_t n = 0;

	U16_APPEND_UNSAFE(capital, n, u_toupper(c));
	n = uspoof_getSkeleton(icu.spoof, 0, capital, n, look, 2, &status);

	return n == 1 && look[0] < 0x80 ? u_tolower(look[0]) : c;
}

/*
 * A skeleton of what is folded, as in UTS #39, misses what looks alike only in
 * capitals, like Вова and Boba: so capitals are looked at first.  A dot above
 * i or j is not to be seen; folding makes one of the Turkish capital.
 */
static struct text look(struct arena *arena, struct text from)
{
	struct text folded = fold(arena, from);
	struct points apart = points(arena, icu.nfd, folded);
	struct text to = nickname_text(arena, U16_MAX_LENGTH * apart.n);
	UChar32 below = 0;	/* what a mark above c would stand on */

	for (int32_t i = 0; i < apart.n; i++) {
		const UChar32 c = capital_look(apart.v[i]);

		if (c == DOT_ABOVE && (below == 'l' || below == 'j'))
			continue;
		U16_APPEND_UNSAFE(to.v, to.n, c);
		if (u_getCombiningClass(c) == 0 ||
		    u_getCombiningClass(c) == ABOVE)
			below = c;
	}
	return nickname_skeleton(arena, to);
}

/* Twice: a skeleton may have capitals, which have a look of their own. */
static struct text key(struct arena *arena, struct text shown)
{
	return look(arena, look(arena, shown));
}

/* Scripts that people search without their marks. */
static bool sheds_marks(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	const UScriptCode script = uscript_getScript(c, &status);

	nickname_check(status);
	return script == USCRIPT_LATIN || script == USCRIPT_GREEK ||
	       script == USCRIPT_CYRILLIC || script == USCRIPT_HEBREW ||
	       script == USCRIPT_ARABIC;
}

/* What people type for c, or c: differences that no normal form takes away. */
static UChar32 plain(UChar32 c)
{
	switch (c) {
	case 0x2018:			/* quotation marks, apostrophe */
	case 0x2019:
	case 0x02bc:
		return '\'';
	case 0x0131:			/* dotless i */
		return 'i';
	case 0x00f8:			/* o with stroke */
		return 'o';
	case 0x0111:			/* d with stroke */
		return 'd';
	case 0x0142:			/* l with stroke */
		return 'l';
	case 0x06a9:			/* Persian kaf: Arabic kaf */
		return 0x0643;
	case 0x0649:			/* alef maksura, Persian yeh: yeh */
	case 0x06cc:
		return 0x064a;
	default:
		return c;
	}
}

static struct text search(struct arena *arena, struct text from)
{
	struct text folded = fold(arena, from);
	struct points apart = points(arena, icu.nfkd, folded);
	struct text to = nickname_text(arena, U16_MAX_LENGTH * apart.n);
	bool sheds = false;

	for (int32_t i = 0; i < apart.n; i++) {
		const UChar32 c = apart.v[i];

		if (u_charType(c) != U_NON_SPACING_MARK)
			sheds = sheds_marks(c);
		else if (sheds)
			continue;
		U16_APPEND_UNSAFE(to.v, to.n, plain(c));
	}
	return nickname_normalize(arena, icu.nfc, to);
}

const char *nickname_read(struct arena *arena, const char *text,
			  struct nickname *out)
{
	struct text shown;

	nickname_open();
	shown = squeeze(arena, nickname_from_utf8(arena, text));

	if (shown.n == 0)
		return "too_short";
	if (nickname_too_long(shown))
		return "too_long";
	if (!nickname_characters_allowed(points(arena, icu.nfc, shown)) ||
	    !nickname_marks_allowed(points(arena, icu.nfd, shown)))
		return "not_allowed";
	if (nickname_imitates(shown))
		return "look_alike";

	*out = (struct nickname){
		.shown = nickname_to_utf8(arena, shown),
		.key = nickname_to_utf8(arena, key(arena, shown)),
		.search = nickname_to_utf8(arena, search(arena, shown)),
	};
	return NULL;
}

const char *nickname_search(struct arena *arena, const char *text)
{
	nickname_open();
	return nickname_to_utf8(arena,
				search(arena, nickname_from_utf8(arena, text)));
}
