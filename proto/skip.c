/* The heads of msgpack's values (its specification, "Formats"), as far as their length goes. */
/* SPDX-License-Identifier: MIT */
#include "proto/skip.h"

#include <stddef.h>

/* What follows a head byte: a number of bytes, some of them a length that is counted in bytes or in values. */
struct shape {
    uint8_t length_size; /* bytes of the length */
    uint8_t fixed;       /* bytes behind it, whatever it says */
    uint8_t bytes;       /* more bytes for each one of the length */
    uint8_t values;      /* values for each one of the length */
    uint8_t length;      /* the length where the head itself says it */
};

/* Heads 0xc0 to 0xdf; 0xc1 is the only one that means nothing. */
static const struct shape shapes[32] = {
    [0xc4 - 0xc0] = {.length_size = 1, .bytes = 1},              /* bin */
    [0xc5 - 0xc0] = {.length_size = 2, .bytes = 1},
    [0xc6 - 0xc0] = {.length_size = 4, .bytes = 1},
    [0xc7 - 0xc0] = {.length_size = 1, .fixed = 1, .bytes = 1},  /* ext */
    [0xc8 - 0xc0] = {.length_size = 2, .fixed = 1, .bytes = 1},
    [0xc9 - 0xc0] = {.length_size = 4, .fixed = 1, .bytes = 1},
    [0xca - 0xc0] = {.fixed = 4},                                /* float */
    [0xcb - 0xc0] = {.fixed = 8},
    [0xcc - 0xc0] = {.fixed = 1},                                /* uint */
    [0xcd - 0xc0] = {.fixed = 2},
    [0xce - 0xc0] = {.fixed = 4},
    [0xcf - 0xc0] = {.fixed = 8},
    [0xd0 - 0xc0] = {.fixed = 1},                                /* int */
    [0xd1 - 0xc0] = {.fixed = 2},
    [0xd2 - 0xc0] = {.fixed = 4},
    [0xd3 - 0xc0] = {.fixed = 8},
    [0xd4 - 0xc0] = {.fixed = 2},                                /* fixext */
    [0xd5 - 0xc0] = {.fixed = 3},
    [0xd6 - 0xc0] = {.fixed = 5},
    [0xd7 - 0xc0] = {.fixed = 9},
    [0xd8 - 0xc0] = {.fixed = 17},
    [0xd9 - 0xc0] = {.length_size = 1, .bytes = 1},              /* str */
    [0xda - 0xc0] = {.length_size = 2, .bytes = 1},
    [0xdb - 0xc0] = {.length_size = 4, .bytes = 1},
    [0xdc - 0xc0] = {.length_size = 2, .values = 1},             /* array */
    [0xdd - 0xc0] = {.length_size = 4, .values = 1},
    [0xde - 0xc0] = {.length_size = 2, .values = 2},             /* map */
    [0xdf - 0xc0] = {.length_size = 4, .values = 2},
};

static struct shape shape_of(uint8_t head)
{
    if (head < 0x80 || head >= 0xe0)
        return (struct shape){0};
    if (head < 0x90)
        return (struct shape){.values = 2, .length = head & 0x0f};
    if (head < 0xa0)
        return (struct shape){.values = 1, .length = head & 0x0f};
    if (head < 0xc0)
        return (struct shape){.bytes = 1, .length = head & 0x1f};
    return shapes[head - 0xc0];
}

int msgpack_pass_over(const uint8_t **at, const uint8_t *end, uint64_t count)
{
    /* Every value takes at least a byte, so no count may exceed what is left: sums cannot overflow. */
    while (count > 0) {
        uint64_t left = (uint64_t)(end - *at);
        if (count > left)
            return error_set(ERROR_PROTOCOL, "the message ends too early");
        uint8_t head = *(*at)++;
        left--, count--;
        struct shape shape = shape_of(head);
        uint64_t length = shape.length;
        if (head == 0xc1)
            return error_set(ERROR_PROTOCOL, "a value of no known kind");
        if (shape.length_size > left)
            return error_set(ERROR_PROTOCOL, "the message ends too early");
        for (uint8_t i = 0; i < shape.length_size; i++)
            length = length << 8 | *(*at)++;
        left -= shape.length_size;
        uint64_t bytes = shape.fixed + length * shape.bytes;
        if (bytes > left)
            return error_set(ERROR_PROTOCOL, "the message ends too early");
        *at += bytes;
        count += length * shape.values;
    }
    return 0;
}
