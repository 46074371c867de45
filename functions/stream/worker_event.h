/*
 * worker_event.h - what an event of Kafka is to the streams.
 *
 *	MessageSent, MessageEdited, MessageDeleted		message
 *	MessageReceived, MessagesRead				received, read
 *	ChatCreated, ChatMemberAdded, ChatMemberRemoved		chat
 *	Subscription...						subscription
 *	Typing, Presence					typing, presence
 *
 * The data's member `to` names who gets it, and is not told them.  Of a
 * subscription it is the two users, and each is told the other one.
 */
#ifndef STREAM_WORKER_EVENT_H
#define STREAM_WORKER_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "functions/stream/worker_hub.h"

/*
 * Deliver an event of this type.  One of another type is nobody's business
 * here.  False: the data can't be read, and nobody got anything.
 */
bool event_deliver(struct hub *, const char *type, const void *data,
		   size_t bytes);

#endif
