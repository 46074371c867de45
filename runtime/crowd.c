/* crowd.c - see crowd.h. */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/conf.h"
#include "runtime/crowd.h"
#include "runtime/scoreboard.h"

/* Where each thread is, in no order; NULL: nowhere. */
static const char *place[SCOREBOARD_THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int count(const char *id)
{
	int n = 0;

	for (int i = 0; i < SCOREBOARD_THREADS; i++)
		n += place[i] && strcmp(place[i], id) == 0;
	return n;
}

/* The first place that holds what is given, which is there, becomes id. */
static void replace(const char *held, const char *id)
{
	int i = 0;

	while (i < SCOREBOARD_THREADS && place[i] != held)
		i++;
	assert(i < SCOREBOARD_THREADS);
	place[i] = id;
}

enum err crowd_enter(const char *id)
{
	const int most = conf.threads > 1 ? conf.threads / 2 : 1;
	bool enters;

	pthread_mutex_lock(&lock);
	enters = count(id) < most;
	if (enters)
		replace(NULL, id);
	pthread_mutex_unlock(&lock);

	return enters ? OK : ERR_UNAVAILABLE;
}

void crowd_leave(const char *id)
{
	pthread_mutex_lock(&lock);
	replace(id, NULL);
	pthread_mutex_unlock(&lock);
}
