/*
 * wake.h - telling the relay that the outbox may have something new.
 *
 * A datagram to the socket conf.relay_socket, which nobody waits for and which
 * may be lost: then the relay looks after its usual pause.  Without the
 * setting, and where the relay is on another machine, that is always so.
 */
#ifndef RUNTIME_WAKE_H
#define RUNTIME_WAKE_H

/* After a commit; from any thread. */
void wake_relay(void);

/* The relay's side: bind the socket, also if another relay had it. */
void wake_listen(void);

/* Wait for a datagram, a signal, or so long; forgets all that have come. */
void wake_wait(int ms);

#endif
