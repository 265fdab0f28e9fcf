/* Where a request comes from: which page sent it, and which address. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_ORIGIN_H
#define WICK_DASHBOARD_ORIGIN_H

#include "dashboard/throttle.h"

#include <stdbool.h>

/* Whether a request that changes something was sent by a page of this server: Sec-Fetch-Site says same-origin, or,
 * from a client that does not send that header, Origin names the Host. Each may be NULL: the header is not there. */
bool origin_is_own(const char *fetch_site, const char *origin, const char *host);

/* The address to throttle by. `peer` is the connection's numeric address; `forwarded_for` is believed, its last hop
 * only, if `peer` is `trusted_proxy`. IPv6 counts by its /64, a mapped IPv4 address as IPv4; what is no address is
 * "unknown". */
void origin_client(const char *peer, const char *forwarded_for, const char *trusted_proxy, char out[CLIENT_KEY_SIZE]);

#endif
