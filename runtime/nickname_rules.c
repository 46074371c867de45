/* nickname_rules.c - see nickname.h: what is refused. */
#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include "runtime/nickname_private.h"

enum {
	GRAPHEMES = 32,
	CODE_POINTS = 128,
	MARKS = 4,		/* on one base: UTS #39, section 5.4 */
	VIRAMA = 9,		/* a combining class */
	ZWNJ = 0x200c,
	ZWJ = 0x200d,
	KEYCAP = 0x20e3,
	TEXT_STYLE = 0xfe0e,
	EMOJI_STYLE = 0xfe0f,
};

bool nickname_too_long(struct text shown)
{
	UErrorCode status = U_ZERO_ERROR;
	UBreakIterator *at;
	int graphemes = 0;

	if (u_countChar32(shown.v, shown.n) > CODE_POINTS)
		return true;

	at = ubrk_clone(icu.graphemes, &status);
	ubrk_setText(at, shown.v, shown.n, &status);
	nickname_check(status);
	while (ubrk_next(at) != UBRK_DONE)
		graphemes++;
	ubrk_close(at);

	return graphemes > GRAPHEMES;
}

/* U_SENTINEL, which has no property, beyond the ends. */
static UChar32 point(struct points text, int32_t at)
{
	return at >= 0 && at < text.n ? text.v[at] : U_SENTINEL;
}

static int joining_type(struct points text, int32_t at)
{
	return u_getIntPropertyValue(point(text, at), UCHAR_JOINING_TYPE);
}

/* RFC 5892, appendix A.1: between letters that would join. */
static bool parts_letters(struct points text, int32_t at)
{
	int32_t before = at - 1, after = at + 1;
	int left, right;

	while ((left = joining_type(text, before)) == U_JT_TRANSPARENT)
		before--;
	while ((right = joining_type(text, after)) == U_JT_TRANSPARENT)
		after++;

	return (left == U_JT_LEFT_JOINING || left == U_JT_DUAL_JOINING) &&
	       (right == U_JT_RIGHT_JOINING || right == U_JT_DUAL_JOINING);
}

static bool is_after_virama(struct points text, int32_t at)
{
	return u_getCombiningClass(point(text, at - 1)) == VIRAMA;
}

static bool is_pictograph(UChar32 c)
{
	return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC);
}

/* UTS #51, ED-16: between emoji, the left perhaps with a style or a skin. */
static bool joins_emoji(struct points text, int32_t at)
{
	int32_t before = at - 1;

	if (point(text, before) == EMOJI_STYLE ||
	    u_hasBinaryProperty(point(text, before), UCHAR_EMOJI_MODIFIER))
		before--;

	return is_pictograph(point(text, before)) &&
	       is_pictograph(point(text, at + 1));
}

/* UTS #51, ED-9a and ED-14c: after an emoji, or within a keycap. */
static bool styles_emoji(struct points text, int32_t at)
{
	const UChar32 before = point(text, at - 1);

	return is_pictograph(before) ||
	       (u_hasBinaryProperty(before, UCHAR_EMOJI) &&
		point(text, at + 1) == KEYCAP);
}

/* An invisible character that changes what is seen around it. */
static bool has_effect(struct points text, int32_t at)
{
	switch (point(text, at)) {
	case ZWNJ:
		return is_after_virama(text, at) || parts_letters(text, at);
	case ZWJ:
		return is_after_virama(text, at) || joins_emoji(text, at);
	case TEXT_STYLE:
	case EMOJI_STYLE:
		return styles_emoji(text, at);
	default:
		return false;
	}
}

static bool is_exception(UChar32 c)
{
	static const UChar32 exceptions[] = {
		/* RFC 5892, section 2.6: ways to stretch or repeat a letter. */
		0x0640, 0x07fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034,
		0x3035, 0x303b,
		/* What stands where something is missing. */
		0xfffc, 0xfffd,
		/* Blanks that aren't spaces: Braille, Khitan, music. */
		0x2800, 0x16fe4, 0x1d159,
	};

	for (size_t i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++)
		if (c == exceptions[i])
			return true;

	return false;
}

/* RFC 8264, section 4.3. */
static bool is_freeform(UChar32 c)
{
	const uint32_t valid = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK |
			       U_GC_P_MASK | U_GC_S_MASK | U_GC_ZS_MASK;
	const int jamo = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);

	return (U_GET_GC_MASK(c) & valid) && !is_exception(c) &&
	       !u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) &&
	       jamo != U_HST_LEADING_JAMO && jamo != U_HST_VOWEL_JAMO &&
	       jamo != U_HST_TRAILING_JAMO;
}

bool nickname_characters_allowed(struct points nfc)
{
	for (int32_t i = 0; i < nfc.n; i++)
		if (!is_freeform(nfc.v[i]) && !has_effect(nfc, i))
			return false;

	return true;
}

/* Only those that pile up count: a Burmese syllable has many beside it. */
bool nickname_marks_allowed(struct points nfd)
{
	UChar32 before = ' ';
	int marks = 0;

	for (int32_t i = 0; i < nfd.n; i++) {
		const uint32_t category = U_GET_GC_MASK(nfd.v[i]);

		if ((category & U_GC_M_MASK) && before == ' ')
			return false;
		if (category & (U_GC_MN_MASK | U_GC_ME_MASK))
			marks++;
		else if (!(category & (U_GC_MC_MASK | U_GC_CF_MASK)))
			marks = 0;
		if (marks > MARKS)
			return false;
		before = nfd.v[i];
	}
	return true;
}

bool nickname_imitates(struct text shown)
{
	UErrorCode status = U_ZERO_ERROR;
	const int32_t found = uspoof_check(icu.spoof, shown.v, shown.n, NULL,
					   &status);

	nickname_check(status);
	return found != 0;
}
