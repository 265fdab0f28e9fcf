/* Records to JSON. The names of the members are those of the messages and of the database's views. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/view_json.h"

#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "lib/runtime/config.h"

#include <inttypes.h>
#include <stdio.h>

enum { ROWS_PER_EVENT = 64 }; /* of one kind; the rest follows at the next flush */

/* ---- rows ---- */

static void write_interval(struct json_writer *json, uint32_t interval_s)
{
    const char *name = interval_name(interval_s);
    json_text(json, "interval", name != NULL ? name : "");
}

static void write_amount(struct json_writer *json, const char *key, int64_t amount)
{
    json_decimal(json, key, amount, AMOUNT_SCALE);
}

static int64_t difference(int64_t left, int64_t right)
{
    int64_t result;
    if (__builtin_sub_overflow(left, right, &result))
        return left < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

void json_signal(struct json_writer *json, const void *row)
{
    const struct signal_outcome *signal = row;
    json_open_object(json, NULL);
    json_text(json, "strategy", signal->strategy);
    json_text(json, "exchange", signal->exchange);
    json_text(json, "symbol", signal->symbol);
    write_interval(json, signal->interval_s);
    json_integer(json, "candle_time_ms", signal->candle_time_ms);
    json_text(json, "side", side_name(signal->side));
    json_decimal(json, "price", signal->price, signal->price_scale);
    json_text(json, "outcome", outcome_name(signal->outcome));
    json_text(json, "reason", signal->reason);
    json_integer(json, "decided_ms", signal->decided_ms);
    json_close_object(json);
}

void json_order(struct json_writer *json, const void *row)
{
    const struct order *order = row;
    json_open_object(json, NULL);
    json_text(json, "order_id", order->order_id);
    json_text(json, "strategy", order->strategy);
    json_text(json, "exchange", order->exchange);
    json_text(json, "symbol", order->symbol);
    json_text(json, "side", side_name(order->side));
    json_text(json, "state", order_state_name(order->state));
    json_decimal(json, "quantity", order->quantity, order->quantity_scale);
    json_decimal(json, "filled", order->filled, order->quantity_scale);
    json_integer(json, "created_ms", order->created_ms);
    json_integer(json, "updated_ms", order->updated_ms);
    json_close_object(json);
}

void json_fill(struct json_writer *json, const void *row)
{
    const struct fill *fill = row;
    json_open_object(json, NULL);
    json_text(json, "trade_id", fill->trade_id);
    json_text(json, "order_id", fill->order_id);
    json_text(json, "strategy", fill->strategy);
    json_text(json, "exchange", fill->exchange);
    json_text(json, "symbol", fill->symbol);
    json_text(json, "side", side_name(fill->side));
    json_decimal(json, "price", fill->price, fill->price_scale);
    json_decimal(json, "quantity", fill->quantity, fill->quantity_scale);
    write_amount(json, "notional", fill->notional);
    write_amount(json, "fee", fill->fee);
    write_amount(json, "realised", fill->realised);
    json_integer(json, "time_ms", fill->time_ms);
    json_close_object(json);
}

void json_candle(struct json_writer *json, const void *row)
{
    const struct candle *candle = row;
    json_open_object(json, NULL);
    json_integer(json, "open_time_ms", candle->open_time_ms);
    json_decimal(json, "open", candle->open, candle->price_scale);
    json_decimal(json, "high", candle->high, candle->price_scale);
    json_decimal(json, "low", candle->low, candle->price_scale);
    json_decimal(json, "close", candle->close, candle->price_scale);
    json_decimal(json, "volume", candle->volume, candle->volume_scale);
    json_close_object(json);
}

void json_account_point(struct json_writer *json, const void *row)
{
    const struct account *account = row;
    json_open_object(json, NULL);
    json_integer(json, "time_ms", account->time_ms);
    write_amount(json, "equity", account->equity);
    write_amount(json, "cash", account->cash);
    write_amount(json, "unrealised", account->unrealised);
    write_amount(json, "realised", account->realised);
    write_amount(json, "fees", account->fees);
    json_close_object(json);
}

/* Cost per unit to eight decimals: for people, not for sums. False if it cannot be said. */
static bool entry_price(const struct position *position, int64_t *mantissa)
{
    /* cost * 10^-8 / (quantity * 10^-scale), times 10^8 */
    if (position->quantity <= 0 || position->quantity_scale > DECIMAL_SCALE_MAX)
        return false;
    __int128 numerator = (__int128)position->cost * decimal_power_of_ten(position->quantity_scale);
    return decimal_divide(numerator, position->quantity, ROUND_HALF_EVEN, mantissa) == 0;
}

void json_position(struct json_writer *json, const struct position *position)
{
    int64_t entry = 0;
    int64_t value = position->cost;
    bool has_entry = entry_price(position, &entry);
    if (__builtin_add_overflow(position->cost, position->unrealised, &value))
        value = position->cost;
    json_open_object(json, NULL);
    json_text(json, "exchange", position->exchange);
    json_text(json, "symbol", position->symbol);
    json_text(json, "strategy", position->strategy);
    json_decimal(json, "quantity", position->quantity, position->quantity_scale);
    json_decimal(json, "entry_price", has_entry ? entry : 0, AMOUNT_SCALE);
    json_decimal(json, "mark", position->mark, position->mark_scale);
    write_amount(json, "cost", position->cost);
    write_amount(json, "value", value);
    write_amount(json, "unrealised", position->unrealised);
    write_amount(json, "realised", position->realised);
    json_integer(json, "opened_ms", position->opened_ms);
    json_close_object(json);
}

void json_process(struct json_writer *json, const struct view_process *process)
{
    char instance[20];
    const struct process_state *state = &process->state;
    (void)snprintf(instance, sizeof instance, "%016" PRIx64, state->instance);
    json_open_object(json, NULL);
    json_text(json, "role", state->role);
    json_text(json, "instance", instance);
    json_text(json, "status", process_status_name(state->status));
    json_bool(json, "gone", process->gone);
    json_text(json, "detail", state->detail);
    json_unsigned(json, "uptime_ms", state->uptime_ms);
    json_unsigned(json, "memory_bytes", state->memory_bytes);
    json_unsigned(json, "work", state->work);
    json_unsigned(json, "shards", state->shards);
    json_integer(json, "heard_ms", state->heard_ms);
    json_close_object(json);
}

/* ---- the state ---- */

static size_t open_position_count(const struct view *view)
{
    size_t count = 0;
    for (size_t i = 0; i < view->position_count; i++)
        count += view->positions[i].position.quantity != 0;
    return count;
}

void json_portfolio(struct json_writer *json, const char *key, const struct view *view, bool trader_silent)
{
    const struct portfolio *portfolio = &view->portfolio;
    const struct account *account = &portfolio->account;
    json_open_object(json, key);
    json_bool(json, "known", view->known);
    json_bool(json, "trader_silent", trader_silent);
    json_text(json, "mode", trading_mode_name(portfolio->mode));
    json_bool(json, "live", portfolio->live);
    json_text(json, "quote_asset", portfolio->quote_asset);
    json_integer(json, "time_ms", account->time_ms);
    write_amount(json, "equity", account->equity);
    write_amount(json, "cash", account->cash);
    write_amount(json, "inventory", account->inventory);
    write_amount(json, "start", account->start);
    write_amount(json, "pnl_today", difference(account->equity, portfolio->day_start_equity));
    write_amount(json, "pnl_total", difference(account->equity, account->start));
    write_amount(json, "realised", account->realised);
    write_amount(json, "unrealised", account->unrealised);
    write_amount(json, "fees", account->fees);
    json_unsigned(json, "open_positions", open_position_count(view));
    json_close_object(json);
}

static void write_recent(struct json_writer *json, const char *key, const struct recent *recent,
                         void (*write)(struct json_writer *json, const void *row))
{
    json_open_array(json, key);
    for (size_t i = 0; i < recent->count; i++)
        write(json, recent_row(recent, i));
    json_close_array(json);
}

static void write_words(struct json_writer *json, const char *key, const char *list)
{
    char word[64];
    json_open_array(json, key);
    while (config_next_word(&list, word, sizeof word))
        json_text(json, NULL, word);
    json_close_array(json);
}

void json_state(struct json_writer *json, const struct view *view, const struct view_facts *facts)
{
    json_open_object(json, NULL);
    json_text(json, "last_event_id", facts->last_event_id);
    json_text(json, "exchange", facts->exchange);
    json_integer(json, "speed", facts->speed);
    write_words(json, "intervals", facts->intervals);
    json_portfolio(json, "portfolio", view, facts->trader_silent);
    json_open_array(json, "positions");
    for (size_t i = 0; i < view->position_count; i++)
        if (view->positions[i].position.quantity != 0)
            json_position(json, &view->positions[i].position);
    json_close_array(json);
    write_recent(json, "signals", &view->signals, json_signal);
    write_recent(json, "orders", &view->orders, json_order);
    write_recent(json, "fills", &view->fills, json_fill);
    json_open_array(json, "processes");
    for (size_t i = 0; i < view->process_count; i++)
        if (!view->processes[i].gone)
            json_process(json, &view->processes[i]);
    json_close_array(json);
    json_close_object(json);
}

/* ---- what changed ---- */

/* Ends a row that has just been written. False if it did not fit and was taken back. A few bytes are kept for what
 * closes the arrays and objects around it. */
static bool keep_row(struct json_writer *json, size_t begin)
{
    if (!json->full && json->capacity - json->size > 64)
        return true;
    json_rewind(json, begin);
    return false;
}

bool json_changed_positions(struct json_writer *json, struct view *view)
{
    size_t written = 0;
    const size_t turn = view->position_turn;
    json_open_object(json, NULL);
    json_open_array(json, "positions");
    for (size_t i = 0; i < view->position_count && written < ROWS_PER_EVENT; i++) {
        size_t place = (turn + i) % view->position_count;
        struct view_position *row = &view->positions[place];
        size_t begin = json->size;
        if (!row->dirty)
            continue;
        json_position(json, &row->position);
        if (!keep_row(json, begin))
            break;
        row->dirty = false;
        view->position_turn = place + 1;
        written++;
    }
    json_close_array(json);
    json_close_object(json);
    return written > 0;
}

bool json_changed_processes(struct json_writer *json, struct view *view)
{
    size_t written = 0;
    const size_t turn = view->process_turn;
    json_open_object(json, NULL);
    json_open_array(json, "processes");
    for (size_t i = 0; i < view->process_count && written < ROWS_PER_EVENT; i++) {
        size_t place = (turn + i) % view->process_count;
        struct view_process *row = &view->processes[place];
        size_t begin = json->size;
        if (!row->dirty)
            continue;
        json_process(json, row);
        if (!keep_row(json, begin))
            break;
        row->dirty = false;
        view->process_turn = place + 1;
        written++;
    }
    json_close_array(json);
    json_close_object(json);
    return written > 0;
}

/* The rows of one list that changed, oldest first, so that what does not fit yet is what comes next. */
static size_t write_changed(struct json_writer *json, const char *key, struct recent *recent,
                            void (*write)(struct json_writer *json, const void *row))
{
    size_t written = 0;
    json_open_array(json, key);
    for (size_t i = recent->count; i > 0 && written < ROWS_PER_EVENT; i--) {
        size_t begin = json->size;
        if (!recent->dirty[i - 1])
            continue;
        write(json, recent_row(recent, i - 1));
        if (!keep_row(json, begin))
            break;
        recent->dirty[i - 1] = false;
        written++;
    }
    json_close_array(json);
    return written;
}

bool json_changed_signals(struct json_writer *json, struct view *view)
{
    json_open_object(json, NULL);
    size_t written = write_changed(json, "signals", &view->signals, json_signal);
    json_close_object(json);
    return written > 0;
}

bool json_changed_orders(struct json_writer *json, struct view *view)
{
    json_open_object(json, NULL);
    size_t written = write_changed(json, "orders", &view->orders, json_order);
    written += write_changed(json, "fills", &view->fills, json_fill);
    json_close_object(json);
    return written > 0;
}
