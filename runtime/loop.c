/* loop.c - see loop.h: accepting, waiting, draining. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "runtime/conf.h"
#include "runtime/fcgi.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/serve.h"

enum { STACK_BYTES = 256 * 1024, PAUSE_US = 10000 };

struct loop {
	int listener, signals;
	int wakeups;			/* epoll set: listener and signals */
	int connections;		/* epoll set: idle connections */
	int drained;			/* eventfd: threads may leave */
	atomic_bool draining;
	struct db_pool *pool;
	struct scoreboard_worker *slot;
};

/* What one thread needs. */
struct thread {
	struct loop *loop;
	pthread_t id;
	struct server server;
};

static int must(int result, const char *what)
{
	if (result < 0)
		log_exit(EXIT_SYSTEM, "%s: %s", what, strerror(errno));

	return result;
}

static void watch(int set, int fd, uint32_t events, int op)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	must(epoll_ctl(set, op, fd, &e), "epoll_ctl");
}

static void leave_if_drained(struct loop *l)
{
	if (atomic_load(&l->draining) &&
	    atomic_load(&l->slot->connections) == 0)
		must(eventfd_write(l->drained, 1), "eventfd");
}

static void connection_closed(struct loop *l)
{
	atomic_fetch_sub(&l->slot->connections, 1);
	leave_if_drained(l);
}

/* The other side has closed and left nothing to read. */
static bool is_over(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	struct loop *l = t->loop;
	struct epoll_event e;

	for (;;) {
		if (epoll_wait(l->connections, &e, 1, -1) < 1)
			continue;
		if (e.data.fd == l->drained)
			return NULL;

		if (e.events & (EPOLLRDHUP | EPOLLHUP) && is_over(e.data.fd))
			close(e.data.fd);
		else if (serve(&t->server, e.data.fd)) {
			watch(l->connections, e.data.fd,
			      EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
			      EPOLL_CTL_MOD);
			continue;
		}
		connection_closed(l);
	}
}

/* At most one, so that the function's other processes get their share. */
static bool accept_one(struct loop *l)
{
	int fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			log_error("accept: %s", strerror(errno));
			usleep(PAUSE_US);
		}
		return false;
	}
	atomic_fetch_add(&l->slot->connections, 1);
	watch(l->connections, fd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
	      EPOLL_CTL_ADD);

	return true;
}

/*
 * Wait for the next connection behind the function's other processes: the
 * kernel wakes the one that has waited longest since it was added.
 */
static void queue_up(struct loop *l)
{
	watch(l->wakeups, l->listener, 0, EPOLL_CTL_DEL);
	watch(l->wakeups, l->listener, EPOLLIN | EPOLLEXCLUSIVE,
	      EPOLL_CTL_ADD);
}

static void drain(struct loop *l)
{
	struct signalfd_siginfo signal;

	if (read(l->signals, &signal, sizeof(signal)) < 0 ||
	    atomic_load(&l->draining))
		return;

	watch(l->wakeups, l->listener, 0, EPOLL_CTL_DEL);
	/* A connection may have woken this process alone. */
	while (accept_one(l))
		;
	atomic_store(&l->slot->state, WORKER_DRAINING);
	atomic_store(&l->draining, true);
	leave_if_drained(l);
}

static void accept_and_drain(struct loop *l)
{
	struct epoll_event e;

	for (;;) {
		if (epoll_wait(l->wakeups, &e, 1, -1) < 1)
			continue;
		if (e.data.fd == l->drained)
			return;
		if (e.data.fd != l->listener)
			drain(l);
		else if (accept_one(l))
			queue_up(l);
	}
}

static void loop_open(struct loop *l)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	l->signals = must(signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK),
			  "signalfd");
	l->drained = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	l->connections = must(epoll_create1(EPOLL_CLOEXEC), "epoll");
	l->wakeups = must(epoll_create1(EPOLL_CLOEXEC), "epoll");
	must(fcntl(l->listener, F_SETFL,
		   fcntl(l->listener, F_GETFL) | O_NONBLOCK), "listener");

	watch(l->connections, l->drained, EPOLLIN, EPOLL_CTL_ADD);
	watch(l->wakeups, l->drained, EPOLLIN, EPOLL_CTL_ADD);
	watch(l->wakeups, l->signals, EPOLLIN, EPOLL_CTL_ADD);
	/* One process of the function wakes up, not all. */
	watch(l->wakeups, l->listener, EPOLLIN | EPOLLEXCLUSIVE,
	      EPOLL_CTL_ADD);
}

static void loop_close(struct loop *l)
{
	close(l->signals);
	close(l->drained);
	close(l->connections);
	close(l->wakeups);
}

static void start_thread(struct loop *l, struct thread *t,
			 struct scoreboard_thread *board)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int failed;

	t->loop = l;
	server_open(&t->server, l->pool, l->slot, board);

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&t->id, &attr, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (failed)
		log_exit(EXIT_SYSTEM, "thread: %s", strerror(failed));
}

void loop_run(int listener, struct db_pool *pool,
	      struct scoreboard_worker *slot, void (*ready)(void))
{
	struct loop l = {
		.listener = listener, .pool = pool, .slot = slot,
	};
	struct thread threads[SCOREBOARD_THREADS] = { 0 };

	if (FCGX_Init() != 0)
		log_exit(EXIT_SYSTEM, "libfcgi doesn't start");
	loop_open(&l);
	for (int i = 0; i < conf.threads; i++)
		start_thread(&l, &threads[i], &slot->thread[i]);
	atomic_store(&slot->threads, conf.threads);
	ready();

	accept_and_drain(&l);

	for (int i = 0; i < conf.threads; i++) {
		pthread_join(threads[i].id, NULL);
		server_close(&threads[i].server);
	}
	loop_close(&l);
}
