/* Two questions about headers, as functions of their text. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/origin.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool origin_is_own(const char *fetch_site, const char *origin, const char *host)
{
    if (fetch_site != NULL)
        return strcmp(fetch_site, "same-origin") == 0;
    if (origin == NULL || host == NULL || host[0] == '\0')
        return false;
    const char *name = strstr(origin, "://");
    bool is_web = strncmp(origin, "http://", 7) == 0 || strncmp(origin, "https://", 8) == 0;
    return is_web && strcmp(name + 3, host) == 0;
}

static void normalise(const char *address, char out[CLIENT_KEY_SIZE])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96, RFC 4291 */
    struct in_addr four;
    struct in6_addr six;
    const char *text = NULL;
    if (inet_pton(AF_INET, address, &four) == 1) {
        text = inet_ntop(AF_INET, &four, out, CLIENT_KEY_SIZE);
    } else if (inet_pton(AF_INET6, address, &six) == 1) {
        if (memcmp(six.s6_addr, mapped, sizeof mapped) == 0) {
            text = inet_ntop(AF_INET, six.s6_addr + 12, out, CLIENT_KEY_SIZE);
        } else {
            memset(six.s6_addr + 8, 0, 8);
            text = inet_ntop(AF_INET6, &six, out, CLIENT_KEY_SIZE);
        }
    }
    if (text == NULL)
        (void)snprintf(out, CLIENT_KEY_SIZE, "unknown");
}

/* The part behind the last comma, without blanks. */
static void last_hop(const char *list, char out[CLIENT_KEY_SIZE])
{
    const char *comma = strrchr(list, ',');
    const char *begin = comma == NULL ? list : comma + 1;
    begin += strspn(begin, " \t");
    size_t length = strcspn(begin, " \t");
    (void)snprintf(out, CLIENT_KEY_SIZE, "%.*s", (int)(length < CLIENT_KEY_SIZE ? length : 0), begin);
}

void origin_client(const char *peer, const char *forwarded_for, const char *trusted_proxy, char out[CLIENT_KEY_SIZE])
{
    char hop[CLIENT_KEY_SIZE];
    if (forwarded_for == NULL || trusted_proxy[0] == '\0' || strcmp(peer, trusted_proxy) != 0) {
        normalise(peer, out);
        return;
    }
    last_hop(forwarded_for, hop);
    normalise(hop, out);
}
