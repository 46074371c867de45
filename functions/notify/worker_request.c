/* worker_request.c - see worker_request.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions/notify/worker_request.h"
#include "runtime/conf.h"
#include "runtime/log.h"

const char *request_collapse_id(struct arena *arena, const struct push *push)
{
	char *out = arena_copy(arena, push->collapse_id,
			       strlen(push->collapse_id));
	char *to = out;

	for (const char *from = out; *from; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';

	return out;
}

static void free_headers(void *headers)
{
	curl_slist_free_all(headers);
}

void request_header(struct arena *arena, struct request *request,
		    const char *format, ...)
{
	struct curl_slist *first = request->headers;
	char *line;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		log_exit(EXIT_SYSTEM, "out of memory");
	va_end(args);

	request->headers = curl_slist_append(first, line);
	free(line);
	if (!request->headers)
		log_exit(EXIT_SYSTEM, "out of memory");
	if (!first)
		arena_defer(arena, free_headers, request->headers);
}
