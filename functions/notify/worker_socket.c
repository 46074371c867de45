/* worker_socket.c - see worker_socket.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "functions/notify/worker_socket.h"
#include "runtime/address.h"
#include "runtime/conf.h"
#include "runtime/log.h"

struct connection {
	int fd;
	long port;			/* ours; 0: not known yet */
	int64_t heard_ms;
};

struct sockets {
	struct connection *all;
	size_t n, room;
};

struct sockets *sockets_new(void)
{
	struct sockets *s = calloc(1, sizeof(*s));

	if (!s)
		log_exit(EXIT_SYSTEM, "out of memory");
	return s;
}

void sockets_free(struct sockets *s)
{
	free(s->all);
	free(s);
}

static void add(struct sockets *s, int fd)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->all = reallocarray(s->all, s->room, sizeof(*s->all));
		if (!s->all)
			log_exit(EXIT_SYSTEM, "out of memory");
	}
	s->all[s->n++] = (struct connection){
		.fd = fd, .heard_ms = INT64_MIN,
	};
}

static curl_socket_t on_open(void *rule, curlsocktype purpose,
			     struct curl_sockaddr *address)
{
	struct socket_rule *r = rule;
	int fd;

	(void)purpose;
	if (r->public_only && !address_public(&address->addr)) {
		r->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	r->allowed = true;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	add(r->sockets, fd);

	return fd;
}

static int on_close(void *sockets, curl_socket_t fd)
{
	struct sockets *s = sockets;

	for (size_t i = 0; i < s->n; i++) {
		if (s->all[i].fd != fd)
			continue;
		s->all[i] = s->all[--s->n];
		break;
	}
	return close(fd);
}

/* Before each request, also on a connection that was made for others. */
static int on_request(void *rule, char *their_address, char *our_address,
		      int their_port, int our_port)
{
	struct socket_rule *r = rule;

	(void)our_address;
	(void)their_port;
	(void)our_port;
	if (!r->public_only || address_text_public(their_address))
		return CURL_PREREQFUNC_OK;

	r->forbidden = true;
	r->allowed = false;
	return CURL_PREREQFUNC_ABORT;
}

void sockets_watch(CURL *easy, struct socket_rule *rule)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, rule);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, rule->sockets);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, rule);
}

/* 0: it has none. */
static long port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t bytes = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&address)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
}

/* The connection that carried the transfer; NULL: none did. */
static struct connection *connection_of(struct sockets *s, CURL *easy)
{
	long port = 0;

	curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
	if (port <= 0)
		return NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (s->all[i].port == 0)
			s->all[i].port = port_of(s->all[i].fd);
		if (s->all[i].port == port)
			return &s->all[i];
	}
	return NULL;
}

void sockets_heard(struct sockets *s, CURL *easy, int64_t now_ms)
{
	struct connection *c = connection_of(s, easy);

	if (c)
		c->heard_ms = now_ms;
}

void sockets_silent(struct sockets *s, CURL *easy, int64_t since_ms)
{
	const struct connection *c = connection_of(s, easy);

	if (c && c->heard_ms < since_ms)
		shutdown(c->fd, SHUT_RDWR);
}
