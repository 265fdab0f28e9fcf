/* Passing over msgpack values whose meaning is not known. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_PROTO_SKIP_H
#define WICK_PROTO_SKIP_H

#include "lib/base/error.h"

#include <stdint.h>

/* Moves *at behind the next `count` values of any kind and depth. It neither recurses nor allocates: it takes time for
 * each byte once, and a value that would reach beyond `end` is refused at its header. ERROR_PROTOCOL, *at is then
 * undefined. */
int msgpack_pass_over(const uint8_t **at, const uint8_t *end, uint64_t count) MUST_CHECK;

#endif
