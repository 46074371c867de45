/* address.c - see address.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "runtime/address.h"

/* IANA's IPv4 Special-Purpose Address Registry, multicast, and class E. */
static const struct net4 {
	uint8_t start[4];
	int bits;
} special4[] = {
	{ { 0, 0, 0, 0 }, 8 },		/* this network */
	{ { 10, 0, 0, 0 }, 8 },		/* private */
	{ { 100, 64, 0, 0 }, 10 },	/* a carrier's NAT */
	{ { 127, 0, 0, 0 }, 8 },	/* loopback */
	{ { 169, 254, 0, 0 }, 16 },	/* link-local, metadata of clouds */
	{ { 172, 16, 0, 0 }, 12 },	/* private */
	{ { 192, 0, 0, 0 }, 24 },	/* protocol assignments */
	{ { 192, 0, 2, 0 }, 24 },	/* documentation */
	{ { 192, 88, 99, 0 }, 24 },	/* relays of 6to4 */
	{ { 192, 168, 0, 0 }, 16 },	/* private */
	{ { 198, 18, 0, 0 }, 15 },	/* benchmarks */
	{ { 198, 51, 100, 0 }, 24 },	/* documentation */
	{ { 203, 0, 113, 0 }, 24 },	/* documentation */
	{ { 224, 0, 0, 0 }, 4 },	/* multicast */
	{ { 240, 0, 0, 0 }, 4 },	/* reserved, broadcast */
};

static const struct net6 {
	uint8_t start[16];
	int bits;
} special6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },		/* Teredo, ORCHID, and others */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },	/* documentation */
	{ { 0x3f, 0xff }, 20 },			/* documentation */
};

/* Where an address of IPv4 is inside of one of IPv6. */
static const struct inside {
	uint8_t start[16];
	int bits;
	size_t at;
} inside[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 },	/* mapped */
	{ { 0, 0x64, 0xff, 0x9b }, 96, 12 },		/* NAT64 */
	{ { 0x20, 0x02 }, 16, 2 },			/* 6to4 */
};

static bool within(const uint8_t *address, const uint8_t *start, int bits)
{
	const int bytes = bits / 8, rest = bits % 8;

	return memcmp(address, start, (size_t)bytes) == 0 &&
	       (rest == 0 ||
		(address[bytes] ^ start[bytes]) >> (8 - rest) == 0);
}

static bool public4(const uint8_t address[4])
{
	for (size_t i = 0; i < sizeof(special4) / sizeof(*special4); i++)
		if (within(address, special4[i].start, special4[i].bits))
			return false;
	return true;
}

static bool public6(const uint8_t address[16])
{
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (within(address, inside[i].start, inside[i].bits))
			return public4(address + inside[i].at);
	for (size_t i = 0; i < sizeof(special6) / sizeof(*special6); i++)
		if (within(address, special6[i].start, special6[i].bits))
			return false;
	/* Global unicast is 2000::/3, and nothing else is out there yet. */
	return address[0] >> 5 == 1;
}

bool address_public(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		return public4((const uint8_t *)&in.sin_addr);
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return public6((const uint8_t *)&in6.sin6_addr);
	default:
		return false;
	}
}

bool address_text_public(const char *text)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		return public4(address);
	return inet_pton(AF_INET6, text, address) == 1 && public6(address);
}
