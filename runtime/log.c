/* log.c - see log.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/log.h"

enum { LINE_BYTES = 1024 };

static const char *program = "kith";
static _Thread_local const char *current_request;
static _Thread_local const char *current_trace;

void log_name(const char *name)
{
	program = name;
}

void log_request(const char *request_id, const char *traceparent)
{
	current_request = request_id;
	current_trace = traceparent;
}

/* Copies text as the inside of a JSON string; what doesn't fit is cut. */
static void escape(char *out, size_t bytes, const char *text)
{
	char *end = out + bytes - sizeof("\\u0000");

	for (; *text && out < end; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			out += sprintf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			out += sprintf(out, "\\u%04x", c);
		else
			*out++ = (char)c;
	}
	*out = '\0';
}

static void write_line(const char *level, const char *format, va_list args)
{
	char message[LINE_BYTES], safe[2 * LINE_BYTES], line[3 * LINE_BYTES];
	char request[64], trace[64], now[CLOCK_TEXT];
	int bytes;

	vsnprintf(message, sizeof(message), format, args);
	escape(safe, sizeof(safe), message);
	escape(request, sizeof(request), current_request ?: "");
	escape(trace, sizeof(trace), current_trace ?: "");
	unix_text(now);

	bytes = snprintf(line, sizeof(line), "{\"request_id\":\"%s\","
		"\"time\":\"%s\","
		"\"level\":\"%s\",\"function\":\"%s\",\"pid\":%d,"
		"\"traceparent\":\"%s\",\"message\":\"%s\"}\n",
		request, now, level, program, (int)getpid(), trace, safe);

	/* One write, so that lines of several processes don't mix. */
	if (write(STDERR_FILENO, line, (size_t)bytes) < 0)
		return;
}

#define LEVEL(name, level) \
	void log_##name(const char *format, ...) \
	{ \
		va_list args; \
		va_start(args, format); \
		write_line(level, format, args); \
		va_end(args); \
	}

LEVEL(info, "info")
LEVEL(warn, "warn")
LEVEL(error, "error")

void log_exit(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line("error", format, args);
	va_end(args);
	_exit(code);
}
