/* Names are looked up in the order IPv4, IPv6: where "localhost" is both, what listens and what connects agree. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static bool look_up(const char *name, const char *service, int family, struct address *out)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found = NULL;
    hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
    if (getaddrinfo(name, service, &hints, &found) != 0)
        return false;
    bool fits = found->ai_addrlen <= sizeof out->storage;
    if (fits) {
        memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
        out->length = found->ai_addrlen;
    }
    freeaddrinfo(found);
    return fits;
}

int address_resolve(const char *name, int port, struct address *out)
{
    char service[8];
    if (port < 0 || port > 65535)
        return error_set(ERROR_ARGUMENT, "port %d is not between 0 and 65535", port);
    (void)snprintf(service, sizeof service, "%d", port);
    if (name[0] != '\0' && (look_up(name, service, AF_INET, out) || look_up(name, service, AF_INET6, out)))
        return 0;
    return error_set(ERROR_CONFIGURATION, "'%s' is not an address of this machine", name);
}

void address_print(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
    char text[INET6_ADDRSTRLEN + 20] = "";
    (void)getnameinfo((const struct sockaddr *)&address->storage, address->length, text, sizeof text, NULL, 0,
                      NI_NUMERICHOST);
    (void)snprintf(out, ADDRESS_TEXT_SIZE, address->storage.ss_family == AF_INET6 ? "[%s]" : "%s", text);
}

bool address_is_ipv6(const char *host)
{
    return strchr(host, ':') != NULL;
}

void address_for_url(const char *host, char *out, size_t capacity)
{
    struct in6_addr six;
    if (strcmp(host, "0.0.0.0") == 0)
        host = "127.0.0.1";
    else if (inet_pton(AF_INET6, host, &six) == 1 && memcmp(&six, &in6addr_any, sizeof six) == 0)
        host = "::1";
    (void)snprintf(out, capacity, address_is_ipv6(host) ? "[%s]" : "%s", host);
}
