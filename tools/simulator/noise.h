/* Noise that is a function of its arguments: a hash, so that any part of a made-up market can be had at any time. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_SIMULATOR_NOISE_H
#define WICK_SIMULATOR_NOISE_H

#include <stdint.h>

/* The finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static inline uint64_t noise_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* 64 bits from two numbers. */
static inline uint64_t noise_at(uint64_t key, uint64_t position)
{
    return noise_mix(key ^ noise_mix(position));
}

#endif
