/*
 * address.h - which addresses a stranger's URL may lead to.
 *
 * A URL that others say, like an endpoint of Web Push or what a provider of
 * identities publishes, may name a host of our own network.  What counts is the
 * address that is connected to.
 */
#ifndef RUNTIME_ADDRESS_H
#define RUNTIME_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * The address is one of the public Internet: none of the special ones of RFC
 * 6890 and its followers, nor one of IPv6 that stands for such a one of IPv4.
 */
bool address_public(const struct sockaddr *);

/* The same of its text without a scope or brackets.  No address: false. */
bool address_text_public(const char *);

#endif
