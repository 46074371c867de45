/* wake.c - see wake.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/conf.h"
#include "runtime/log.h"
#include "runtime/wake.h"

static int fd = -1;
static pthread_once_t opened = PTHREAD_ONCE_INIT;

static void open_socket(void)
{
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static struct sockaddr_un relay_address(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(conf.relay_socket) >= sizeof(a.sun_path))
		log_exit(EXIT_CONFIG, "RELAY_SOCKET is too long");
	strcpy(a.sun_path, conf.relay_socket);

	return a;
}

void wake_relay(void)
{
	struct sockaddr_un to;

	if (!conf.relay_socket)
		return;
	to = relay_address();
	pthread_once(&opened, open_socket);
	sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

void wake_listen(void)
{
	struct sockaddr_un at;

	if (!conf.relay_socket)
		return;
	at = relay_address();
	pthread_once(&opened, open_socket);
	unlink(at.sun_path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		log_exit(EXIT_SYSTEM, "%s: %s", at.sun_path, strerror(errno));
}

void wake_wait(int ms)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&polled, 1, ms) > 0)
		while (recv(fd, &byte, 1, 0) >= 0)
			;
}
