/*
 * worker_events.c - see runtime/consumer.h: notifications of what happens.
 *
 *	MessageSent			to the others in the chat
 *	MessagesRead			the chat's is read
 *	ChatMemberRemoved		who left has none of the chat
 *	SubscriptionRequestSent		to the one who was asked
 *	SubscriptionRequestAccepted	to the one who asked
 *	SubscriptionRequestDeclined	the request's goes
 *	SubscriptionRemoved		what one had of the other goes
 *	UserLoggedIn			to the user, if the device is new
 *	UserDeleted			nobody has anything that they asked
 */
#include "runtime/conf.h"
#include "runtime/consumer.h"

#include "worker.sql.h"

/* An event from which something is made. */
static enum err make(struct delivery *d, const struct db_stmt *statement)
{
	const char *wait_ms = arena_printf(d->arena, "%d", conf.push_wait_ms);
	const char *made;

	return db_one(d->db, statement, ARGS(d->data, wait_ms, d->traceparent),
		      &made);
}

static enum err take_back(struct delivery *d, const struct db_stmt *statement)
{
	const char *done;

	return db_one(d->db, statement, ARGS(d->data, d->traceparent), &done);
}

static enum err message_sent(struct delivery *d)
{
	return make(d, &sql_message_sent);
}

static enum err messages_read(struct delivery *d)
{
	return take_back(d, &sql_messages_read);
}

static enum err member_removed(struct delivery *d)
{
	return take_back(d, &sql_member_removed);
}

static enum err request_sent(struct delivery *d)
{
	return make(d, &sql_request_sent);
}

static enum err request_accepted(struct delivery *d)
{
	return make(d, &sql_request_accepted);
}

static enum err subscription_ended(struct delivery *d)
{
	return take_back(d, &sql_subscription_ended);
}

static enum err user_deleted(struct delivery *d)
{
	return take_back(d, &sql_user_deleted);
}

static enum err user_logged_in(struct delivery *d)
{
	return make(d, &sql_user_logged_in);
}

const struct consumption consumptions[] = {
	{ "chat.events", "MessageSent",       message_sent },
	{ "chat.events", "MessagesRead",      messages_read },
	{ "chat.events", "ChatMemberRemoved", member_removed },
	{ "subscription.events", "SubscriptionRequestSent", request_sent },
	{ "subscription.events", "SubscriptionRequestAccepted",
	  request_accepted },
	{ "subscription.events", "SubscriptionRequestDeclined",
	  subscription_ended },
	{ "subscription.events", "SubscriptionRemoved", subscription_ended },
	{ "auth.events", "UserLoggedIn", user_logged_in },
	{ "user.events", "UserDeleted", user_deleted },
	{ 0 }
};
