/* The statements that answer queries. Both engines run the same text. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_STORE_SELECT_H
#define WICK_STORE_SELECT_H

#include "lib/store/row.h"
#include "lib/store/series_map.h"
#include "proto/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values of a statement's parameters $1 to $9, in this order; not every statement uses all. */
enum { SELECT_PARAMETERS = 9 };
struct select_parameters {
    const char *exchange; /* $1; "": any */
    const char *symbol;   /* $2; "-": any */
    int64_t interval_s;   /* $3; 0: any */
    int64_t from_ms;      /* $4 */
    int64_t to_ms;        /* $5; INT64_MAX: no end */
    int64_t limit;        /* $6; 1 or more */
    int64_t series_id;    /* $7 */
    const char *quote_asset; /* $8; "": any account */
    const char *mode;        /* $9; of the account, by its name */
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

/* How far the statements of a query have been gone through. Zeroed: in front of the first. */
struct select_place {
    const struct select *select; /* NULL: in front of the first, or behind the last */
    bool ended;                  /* behind the last */
    struct series_entry series;        /* whose candles it reads; id 0: none */
    size_t next_series;                /* for series_map_next */
};

/* Whether there are statements for a kind of query. */
bool select_exists(enum query_kind kind);

/* Moves to the next statement of a query, or of the same for the next series. False behind the last, also
 * when it is asked again. */
bool select_place_next(struct select_place *place, const struct series_map *map, const struct query *query);

/* What a query asks for, as parameters. The texts are the query's. */
struct select_parameters select_parameters_of(const struct query *query);

/* One parameter as a column's value, i from 0. */
struct cell select_parameter(const struct select_parameters *parameters, int i);

/* The part that consists of the rows in the buffer, read at `place`. */
struct store_part select_part(const struct select_place *place, const struct part_buffer *buffer);

#endif
