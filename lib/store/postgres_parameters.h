/* The parameters of one statement in PostgreSQL's binary form, arrays among them: a batch is a handful of arrays, one
 * a column, however many rows it has. Format: PostgreSQL's array_recv, int8recv and friends; big-endian. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_POSTGRES_PARAMETERS_H
#define WICK_STORE_POSTGRES_PARAMETERS_H

#include "lib/base/error.h"
#include "proto/message.h"

#include <stddef.h>
#include <stdint.h>

enum { POSTGRES_PARAMETERS_MAX = 20 };

/* What an array's elements are. */
enum postgres_element { ELEMENT_INT2, ELEMENT_INT4, ELEMENT_INT8, ELEMENT_TEXT };

struct postgres_parameters {
    int count;
    unsigned types[POSTGRES_PARAMETERS_MAX];  /* OIDs */
    size_t offsets[POSTGRES_PARAMETERS_MAX];  /* in bytes */
    int lengths[POSTGRES_PARAMETERS_MAX];
    unsigned char *bytes; /* owned; kept from statement to statement */
    size_t used, capacity;
    int code; /* ERROR_MEMORY once there was no memory; looked at when the statement is sent */
};

/* Forgets the parameters and keeps the memory. */
void parameters_clear(struct postgres_parameters *parameters);
void parameters_release(struct postgres_parameters *parameters);

/* Adds a parameter of type int8 or text. */
void parameters_add_integer(struct postgres_parameters *parameters, int64_t integer);
void parameters_add_text(struct postgres_parameters *parameters, const char *text);

/* Begins an array of `count` elements, which are then put one by one: integers, or texts. */
void parameters_add_array(struct postgres_parameters *parameters, enum postgres_element element, size_t count);
void parameters_put_integer(struct postgres_parameters *parameters, enum postgres_element element, int64_t integer);
void parameters_put_text(struct postgres_parameters *parameters, const char *text, size_t length);

/* The element that a field of a record is sent as; its column may be narrower. */
enum postgres_element parameters_element_of(const struct field_row *field);

/* The value of parameter i, for libpq. */
const char *parameters_value(const struct postgres_parameters *parameters, int i);

#endif
