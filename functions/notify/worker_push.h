/*
 * worker_push.h - pushes what is due to devices, in a thread of its own.
 *
 * It claims pushes of the database, as many as their lanes have room for, has
 * them carried, and settles what became of them.  A push is sent at least
 * once: whoever dies in between leaves it to the next after its lease, and
 * providers put the second in the place of the first, by its collapse id.
 *
 *	worker_lane.c		how much may be on its way to whom
 *	worker_provider.c	what a push is to a provider, and what it says
 *	  worker_fcm.c, worker_apns.c, worker_webpush.c
 *	  worker_encrypt.c, worker_verdict.c
 *	worker_transfer.c	HTTP; worker_socket.c: its connections
 *	worker_batch.c		what is settled together
 */
#ifndef NOTIFY_WORKER_PUSH_H
#define NOTIFY_WORKER_PUSH_H

struct pusher;

/*
 * After conf_read(), before other threads use libcurl.  Never NULL; what is
 * wrong with the providers' files ends the process with EXIT_CONFIG.
 */
struct pusher *pusher_start(void);

/*
 * Claims nothing more, lets what is on its way finish and settles it: within
 * PUSHER_LEAVE_MS, and the time of a statement.
 */
void pusher_stop(struct pusher *);

enum { PUSHER_LEAVE_MS = 2000, PUSHER_STATEMENT_MS = 3000 };

#endif
