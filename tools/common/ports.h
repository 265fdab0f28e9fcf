/* Blocks of free ports on this machine. Two runs that start at the same moment never get the same block: each block
 * of ten is claimed by the name of a socket, which the kernel frees when the run ends, however it ends. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_PORTS_H
#define WICK_TOOLS_COMMON_PORTS_H

#include "lib/base/error.h"

#include <stdbool.h>

enum {
    PORTS_PER_BLOCK = 10,
    PORTS_LAST = 31999, /* above are ports that the kernel gives to connections */
    PORTS_CLAIMS_MAX = 32,
};

/* What a run has claimed; zero it first. */
struct port_claims {
    int fds[PORTS_CLAIMS_MAX];
    int count;
};

/* Whether a server could bind the port of this address ("127.0.0.1") now. */
bool port_is_free(const char *address, int port);

/* Claims `count` ports in a row that are free, the first of them `first` or so many blocks above it. The claim does
 * not bind the ports. ERROR_FULL when there is no such block up to PORTS_LAST. */
int ports_claim(struct port_claims *claims, int first, int count, int *out) MUST_CHECK;

/* Claims exactly the ports from `first` on. ERROR_EXISTS with the one that is in use. */
int ports_claim_exactly(struct port_claims *claims, int first, int count) MUST_CHECK;

/* Gives all claims back. */
void ports_release(struct port_claims *claims);

#endif
