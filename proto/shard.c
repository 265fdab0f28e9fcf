/* The hash that spreads symbols over shards. */
/* SPDX-License-Identifier: MIT */
#include "proto/shard.h"

#include <string.h>

static const uint64_t fnv_offset = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

static uint64_t fnv(uint64_t hash, const void *bytes, size_t size)
{
    for (const uint8_t *at = bytes; size > 0; size--)
        hash = (hash ^ *at++) * fnv_prime;
    return hash;
}

static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

uint64_t hash64(const void *bytes, size_t size)
{
    return mix(fnv(fnv_offset, bytes, size));
}

uint16_t shard_of(const char *exchange, const char *symbol)
{
    uint64_t hash = fnv(fnv_offset, exchange, strlen(exchange));
    hash = fnv(hash, ":", 1);
    hash = fnv(hash, symbol, strlen(symbol));
    return (uint16_t)(mix(hash) % SHARDS);
}

void topic_write(enum topic_kind kind, uint16_t shard, uint8_t out[TOPIC_SIZE])
{
    out[0] = (uint8_t)kind;
    out[1] = (uint8_t)(shard >> 8);
    out[2] = (uint8_t)shard;
}
