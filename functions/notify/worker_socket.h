/*
 * worker_socket.h - the connections that libcurl makes.
 *
 * Two things it doesn't do: refuse addresses of our own network, and leave a
 * connection whose other side acknowledges bytes but answers nothing.  HTTP/2
 * keeps such a one for the next request, and the one after.
 */
#ifndef NOTIFY_WORKER_SOCKET_H
#define NOTIFY_WORKER_SOCKET_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct sockets;

struct sockets *sockets_new(void);
void sockets_free(struct sockets *);

/* Of one transfer. */
struct socket_rule {
	struct sockets *sockets;
	bool public_only;
	bool forbidden, allowed;	/* what its addresses were */
};

/* Have the transfer's connections made here; kept as long as it runs. */
void sockets_watch(CURL *, struct socket_rule *);

/* The transfer has been answered: by a connection that lives. */
void sockets_heard(struct sockets *, CURL *, int64_t now_ms);

/*
 * It wasn't, since this time: its connection ends, unless others have been
 * answered there since.
 */
void sockets_silent(struct sockets *, CURL *, int64_t since_ms);

#endif
