/* Shards: the 1024 parts that the market is cut into, and the topics of the market link. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PROTO_SHARD_H
#define WICK_PROTO_SHARD_H

#include <stddef.h>
#include <stdint.h>

enum { SHARDS = 1024, TOPIC_SIZE = 3 };

/* What a topic's first byte says. A subscriber to one byte gets that kind for all shards. */
enum topic_kind { TOPIC_CANDLES = 'c', TOPIC_TICKERS = 't', TOPIC_INSTRUMENTS = 'i', TOPIC_PORTFOLIO = 'p' };

/* 64-bit FNV-1a, finished with the mixer of SplitMix64 so that similar symbols spread; the same on every machine.
 * Source: Fowler/Noll/Vo, draft-eastlake-fnv; Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators. */
uint64_t hash64(const void *bytes, size_t size);

/* hash64("exchange:symbol") mod SHARDS. All intervals of a symbol share one shard. */
uint16_t shard_of(const char *exchange, const char *symbol);

/* The three bytes in front of a message on a publishing link: kind, shard in network order. */
void topic_write(enum topic_kind kind, uint16_t shard, uint8_t out[TOPIC_SIZE]);

#endif
