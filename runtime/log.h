/*
 * log.h - one JSON object a line on stderr.
 *
 * A line carries the request id and trace of its thread, time, level, function,
 * pid and a message; bytes that are not printable ASCII are escaped.  Never log
 * a token, a body, an e-mail, or PostgreSQL's DETAIL, which quotes the row.
 */
#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

/* The name that lines carry; kept, not copied. */
void log_name(const char *name);

/* The request this thread is in; NULL after it.  Kept, not copied. */
void log_request(const char *request_id, const char *traceparent);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Log and end the process with code, EXIT_CONFIG or EXIT_SYSTEM. */
_Noreturn void log_exit(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
