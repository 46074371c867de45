/*
 * fcgi.h - what libfcgi reads and writes, watched.
 *
 * libfcgi 2.4.2 has no timeouts, believes every length it is told and cuts a
 * body short when a signal comes.  It touches a connection through OS_Read()
 * and OS_Write() only; fcgi.c defines these two in its place.  They keep to a
 * deadline, go on after signals, and end a connection that sends anything but
 * one well-formed request of bounded size: FastCGI 1.0, role responder.
 */
#ifndef RUNTIME_FCGI_H
#define RUNTIME_FCGI_H

#include <stddef.h>
#include <stdint.h>

/*
 * The calling thread now reads one request and answers it.  Reading and
 * writing fail from deadline_us of now_us() on.
 */
void fcgi_expect(size_t body_bytes, uint64_t deadline_us);

/* Move the deadline, for the answer. */
void fcgi_deadline(uint64_t deadline_us);

#endif
