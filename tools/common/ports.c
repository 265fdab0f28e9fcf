/* A block is free when its name can be bound and each of its ports can. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/ports.h"

#include "lib/runtime/address.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool port_is_free(const char *name, int port)
{
    struct address address;
    int yes = 1;
    if (address_resolve(name, port, &address) != 0)
        return true; /* not ours to judge: the server's own message will say what is wrong */
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool is_free = bind(fd, (const struct sockaddr *)&address.storage, address.length) == 0 || errno != EADDRINUSE;
    (void)close(fd);
    return is_free;
}

/* A socket of Linux's abstract namespace: no file, and gone with the process. Its descriptor, or -1. */
static int claim_block(int block)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "wick-ports-%d", block * PORTS_PER_BLOCK);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&name, size) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void give_back(struct port_claims *claims, int down_to)
{
    while (claims->count > down_to)
        (void)close(claims->fds[--claims->count]);
}

int ports_claim_exactly(struct port_claims *claims, int first, int count)
{
    int before = claims->count;
    for (int block = first / PORTS_PER_BLOCK; block <= (first + count - 1) / PORTS_PER_BLOCK; block++) {
        int fd = claims->count < PORTS_CLAIMS_MAX ? claim_block(block) : -1;
        if (fd < 0) {
            give_back(claims, before);
            return error_set(ERROR_EXISTS, "the ports from %d on belong to another run", block * PORTS_PER_BLOCK);
        }
        claims->fds[claims->count++] = fd;
    }
    for (int port = first; port < first + count; port++) {
        if (!port_is_free("127.0.0.1", port)) {
            give_back(claims, before);
            return error_set(ERROR_EXISTS, "port %d is in use", port);
        }
    }
    return 0;
}

int ports_claim(struct port_claims *claims, int first, int count, int *out)
{
    for (int start = first; start + count - 1 <= PORTS_LAST; start += PORTS_PER_BLOCK) {
        if (ports_claim_exactly(claims, start, count) == 0) {
            *out = start;
            return 0;
        }
    }
    return error_set(ERROR_FULL, "no %d free ports in a row from %d to %d", count, first, PORTS_LAST);
}

void ports_release(struct port_claims *claims)
{
    give_back(claims, 0);
}
