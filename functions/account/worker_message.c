/* worker_message.c - see worker_message.h. */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions/account/worker_message.h"
#include "runtime/conf.h"
#include "runtime/log.h"

enum {
	LINE_CHARS = 76,	/* RFC 2045, 6.7 (5) */
	WORD_BYTES = 39,	/* with what is around it, within 76 */
	DATE_BYTES = 64,
};

bool message_address_valid(const char *address)
{
	const char *at = strchr(address, '@');

	for (const char *c = address; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f ||
		    strchr("\"(),:;<>[\\]", *c))
			return false;

	return at && at > address && at[1] && !strchr(at + 1, '@') &&
	       strlen(address) <= 254;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;

	return true;
}

bool message_mailbox(struct arena *arena, const char *text,
		     struct mailbox *out)
{
	const char *open = strrchr(text, '<');
	size_t name = open ? (size_t)(open - text) : 0;

	if (open && text[strlen(text) - 1] != '>')
		return false;
	while (name > 0 && text[name - 1] == ' ')
		name--;
	out->name = arena_copy(arena, text, name);
	out->address = open ? arena_copy(arena, open + 1, strlen(open) - 2)
			    : arena_copy(arena, text, strlen(text));

	return printable(out->name) && message_address_valid(out->address);
}

/* As many bytes of UTF-8 as fit into one encoded word, and end a character. */
static size_t word_bytes(const char *text)
{
	size_t n = strnlen(text, WORD_BYTES);

	while (n > 0 && text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;

	return n;
}

/* RFC 2047: what is not plain words becomes encoded words, one a line. */
static void put_phrase(FILE *out, const char *text, const char *plain)
{
	unsigned char base64[2 * WORD_BYTES];
	size_t n, i;

	for (i = 0; text[i]; i++)
		if (!isascii((unsigned char)text[i]) ||
		    (!isalnum((unsigned char)text[i]) &&
		     !strchr(plain, text[i])))
			break;
	if (!text[i] && i <= WORD_BYTES) {
		fputs(text, out);
		return;
	}
	for (; *text; text += n) {
		n = word_bytes(text);
		EVP_EncodeBlock(base64, (const unsigned char *)text, (int)n);
		fprintf(out, "=?utf-8?B?%s?=%s", (char *)base64,
			text[n] ? "\r\n " : "");
	}
}

static void put_headers(FILE *out, const struct message *m)
{
	char date[DATE_BYTES];
	struct tm utc;

	gmtime_r(&m->at, &utc);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &utc);
	fprintf(out, "Date: %s\r\nFrom: ", date);
	put_phrase(out, m->from.name, " ");
	fprintf(out, "%s<%s>\r\nTo: <%s>\r\nSubject: ",
		*m->from.name ? "\r\n " : "", m->from.address, m->to);
	put_phrase(out, m->subject, " ',.:;!?()-");
	fprintf(out, "\r\nMessage-ID: <%s%s>\r\n", m->id,
		strchr(m->from.address, '@'));
	fprintf(out, "Auto-Submitted: auto-generated\r\n"	/* RFC 3834 */
		"Content-Language: %s\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
		m->language);
}

/* RFC 2045, 6.7. */
static void put_quoted(FILE *out, const char *text)
{
	char token[4];
	int column = 0, chars;

	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;
		const bool last = text[1] == '\n' || text[1] == '\0';

		if (c == '\n') {
			fputs("\r\n", out);
			column = 0;
			continue;
		}
		if ((c > ' ' && c <= '~' && c != '=') || (c == ' ' && !last))
			chars = snprintf(token, sizeof(token), "%c", c);
		else
			chars = snprintf(token, sizeof(token), "=%02X", c);
		if (column + chars > LINE_CHARS - !last) {
			fputs("=\r\n", out);
			column = 0;
		}
		fputs(token, out);
		column += chars;
	}
}

const char *message_write(struct arena *arena, const struct message *m)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		log_exit(EXIT_SYSTEM, "out of memory");
	put_headers(out, m);
	put_quoted(out, m->text);
	if (fclose(out) != 0)
		log_exit(EXIT_SYSTEM, "out of memory");
	arena_defer(arena, free, text);

	return text;
}
