/* Addresses that people write: 127.0.0.1, 0.0.0.0, ::1, ::, localhost, a host's name. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_ADDRESS_H
#define WICK_RUNTIME_ADDRESS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_SIZE = 80 };

/* An address of this machine to bind a TCP socket to. */
struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/* Finds the address of a name or of numbers; of several an IPv4 one. A name may block for as long as the resolver
 * does. ERROR_CONFIGURATION for what is no address. */
int address_resolve(const char *name, int port, struct address *out) MUST_CHECK;

/* Writes a resolved address in numbers as ZeroMQ and URLs want it: "127.0.0.1", "[::1]". */
void address_print(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

/* Writes a host that somebody is to connect to as it stands in a URL: brackets around IPv6; instead of "all addresses"
 * (0.0.0.0, ::) the loopback. */
void address_for_url(const char *host, char *out, size_t capacity);

/* Whether the text is an IPv6 address. */
bool address_is_ipv6(const char *host);

#endif
