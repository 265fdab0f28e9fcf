/* Everything that leaves as JSON, one function a record; the state that a page begins with; and the events that keep
 * it up to date. Amounts, prices and quantities are decimal strings, times are ms since 1970 UTC. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_VIEW_JSON_H
#define WICK_DASHBOARD_VIEW_JSON_H

#include "dashboard/json_writer.h"
#include "dashboard/view.h"

/* Each writes one object with key NULL, as a row of an array. `row` points to the record's struct. */
void json_signal(struct json_writer *json, const void *row);
void json_order(struct json_writer *json, const void *row);
void json_fill(struct json_writer *json, const void *row);
void json_candle(struct json_writer *json, const void *row);
void json_account_point(struct json_writer *json, const void *row);
void json_position(struct json_writer *json, const struct position *position);
void json_process(struct json_writer *json, const struct view_process *process);

/* What the trader is not asked for but the page has to know. */
struct view_facts {
    const char *last_event_id;
    const char *exchange;  /* name */
    const char *intervals; /* the configured LIST */
    int64_t speed;         /* how many times faster than ours the exchange's clock runs */
    bool trader_silent;
};

/* The members of GET /api/v1/state, as one object. */
void json_state(struct json_writer *json, const struct view *view, const struct view_facts *facts);

/* The data of the event `pnl`; also the member "portfolio" of the state. */
void json_portfolio(struct json_writer *json, const char *key, const struct view *view, bool trader_silent);

/* The data of the other events: as many of the changed rows as fit. Those that were written are not dirty any
 * more. False, and nothing written, if there is none. */
bool json_changed_positions(struct json_writer *json, struct view *view);
bool json_changed_signals(struct json_writer *json, struct view *view);
bool json_changed_orders(struct json_writer *json, struct view *view);
bool json_changed_processes(struct json_writer *json, struct view *view);

#endif
