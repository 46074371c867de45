/* A stranger's URL leads to the public Internet, and nowhere else. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "tests/unit/test.h"

#include "runtime/address.h"

static const struct { const char *text; bool public; } rows[] = {
	{ "8.8.8.8", true }, { "1.1.1.1", true }, { "223.255.255.255", true },
	{ "0.0.0.0", false }, { "0.1.2.3", false },
	{ "9.255.255.255", true }, { "10.0.0.0", false },
	{ "10.255.255.255", false }, { "11.0.0.0", true },
	{ "100.63.255.255", true }, { "100.64.0.0", false },
	{ "100.127.255.255", false }, { "100.128.0.0", true },
	{ "126.255.255.255", true }, { "127.0.0.1", false },
	{ "127.255.255.255", false }, { "128.0.0.0", true },
	{ "169.253.255.255", true }, { "169.254.169.254", false },
	{ "169.255.0.0", true },
	{ "172.15.255.255", true }, { "172.16.0.0", false },
	{ "172.31.255.255", false }, { "172.32.0.0", true },
	{ "192.0.0.1", false }, { "192.0.2.1", false }, { "192.0.3.0", true },
	{ "192.88.99.1", false }, { "192.167.255.255", true },
	{ "192.168.0.1", false }, { "192.169.0.0", true },
	{ "198.17.255.255", true }, { "198.18.0.1", false },
	{ "198.19.255.255", false }, { "198.20.0.0", true },
	{ "198.51.100.7", false }, { "203.0.113.7", false },
	{ "224.0.0.1", false }, { "239.255.255.255", false },
	{ "240.0.0.1", false }, { "255.255.255.255", false },

	{ "2001:4860:4860::8888", true }, { "2606:4700::1111", true },
	{ "3fff:1000::1", true },
	{ "::", false }, { "::1", false }, { "::2", false },
	{ "::7f00:1", false }, { "::8.8.8.8", false },
	{ "::ffff:8.8.8.8", true }, { "::ffff:127.0.0.1", false },
	{ "::ffff:10.1.2.3", false }, { "::ffff:169.254.169.254", false },
	{ "::ffff:0:8.8.8.8", false },
	{ "64:ff9b::8.8.8.8", true }, { "64:ff9b::127.0.0.1", false },
	{ "64:ff9b::192.168.1.1", false }, { "64:ff9b:1::8.8.8.8", false },
	{ "2002:808:808::1", true }, { "2002:7f00:1::1", false },
	{ "2002:c0a8:101::1", false }, { "2002:a9fe:a9fe::1", false },
	{ "2001::1", false }, { "2001:0:53aa:64c:0:1:2:3", false },
	{ "2001:1ff:ffff::1", false }, { "2001:200::1", true },
	{ "2001:db8::1", false }, { "3fff:fff::1", false },
	{ "100::1", false }, { "4000::1", false }, { "5f00::1", false },
	{ "fc00::1", false }, { "fd12:3456::1", false },
	{ "fe80::1", false }, { "fec0::1", false }, { "ff02::1", false },
};

static void an_address_is_public_or_it_is_not(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sockaddr *address = (struct sockaddr *)&in6;

		if (inet_pton(AF_INET, rows[i].text, &in.sin_addr) == 1)
			address = (struct sockaddr *)&in;
		else
			assert_int_equal(inet_pton(AF_INET6, rows[i].text,
						   &in6.sin6_addr), 1);
		if (address_public(address) != rows[i].public ||
		    address_text_public(rows[i].text) != rows[i].public)
			fail_msg("%s", rows[i].text);
	}
}

static void what_is_no_address_is_not_public(void **state)
{
	static const char *const texts[] = {
		"", "localhost", "8.8.8", "8.8.8.8.8", "0x7f.0.0.1", "[::1]",
		"fe80::1%lo", " 8.8.8.8",
	};
	const struct sockaddr_un unix_socket = { .sun_family = AF_UNIX };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(address_text_public(texts[i]));
	assert_false(address_public((const struct sockaddr *)&unix_socket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_address_is_public_or_it_is_not),
		CLAIM(what_is_no_address_is_not_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
