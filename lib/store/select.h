/* The statements that answer queries. Both engines run the same text. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_SELECT_H
#define WICK_STORE_SELECT_H

#include "lib/store/row.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values of a statement's parameters $1 to $7, in this order; not every statement uses all. */
enum { SELECT_PARAMETERS = 7 };
struct select_parameters {
    const char *exchange; /* $1; "": any */
    const char *symbol;   /* $2; "-": any */
    int64_t interval_s;   /* $3; 0: any */
    int64_t from_ms;      /* $4 */
    int64_t to_ms;        /* $5; INT64_MAX: no end */
    int64_t limit;        /* $6; 1 or more */
    int64_t series_id;    /* $7 */
};

struct select {
    enum query_kind kind;
    const char *name;
    const char *sql;
    enum record record;  /* its fields are the columns, in their order */
    size_t rows, count;  /* offsets in struct store_part */
    bool for_each_series; /* it is run once for every series that the query means */
};

/* The statements of a query kind stand together, in the order they are run in. */
extern const struct select selects[];
extern const size_t select_count;

/* The first statement of a kind from index `from` on, or NULL. */
const struct select *select_next(enum query_kind kind, size_t from);

/* What a query asks for, as parameters. The texts are the query's. */
struct select_parameters select_parameters_of(const struct query *query);

/* One parameter as a column's value, i from 0. */
struct cell select_parameter(const struct select_parameters *parameters, int i);

/* The part that consists of the rows in the buffer. */
struct store_part select_part(const struct select *select, const struct part_buffer *buffer);

#endif
