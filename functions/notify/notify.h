/*
 * notify.h - what the parts of notify share.
 *
 *	notify.c	notifications
 *	devices.c	which devices take pushes, and what their users want
 */
#ifndef FUNCTIONS_NOTIFY_NOTIFY_H
#define FUNCTIONS_NOTIFY_NOTIFY_H

#include "runtime/http.h"

/* Handlers. */
enum err platform_list(struct req *);
enum err device_list(struct req *);
enum err device_put(struct req *);
enum err device_delete(struct req *);
enum err preferences_get(struct req *);
enum err preferences_put(struct req *);
enum err mute_add(struct req *);
enum err mute_remove(struct req *);

#endif
