/* What the dashboard knows and how it tells it: rows by key, the copy of the portfolio, JSON, the ring of events. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/assets.h"
#include "dashboard/command.h"
#include "dashboard/event_ring.h"
#include "dashboard/history.h"
#include "dashboard/json_writer.h"
#include "dashboard/recent.h"
#include "dashboard/view_json.h"
#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON out ---- */

static void json_is_written_with_commas_and_escapes(void)
{
    char text[512];
    struct json_writer json = json_into(text, sizeof text);
    json_open_object(&json, NULL);
    json_text(&json, "a\"b", "x\"\\\n\x01<\xff\x7f");
    json_open_array(&json, "list");
    json_integer(&json, NULL, INT64_MIN);
    json_unsigned(&json, NULL, UINT64_MAX);
    json_open_object(&json, NULL);
    json_close_object(&json);
    json_open_array(&json, NULL);
    json_close_array(&json);
    json_bool(&json, NULL, false);
    json_close_array(&json);
    json_decimal(&json, "price", -9753770, 2);
    json_decimal(&json, "tiny", 111, 8);
    json_close_object(&json);
    CU_ASSERT(!json.full);
    CU_ASSERT_STRING_EQUAL(text, "{\"a\\\"b\":\"x\\\"\\\\\\u000a\\u0001\\u003c\\ufffd\\u007f\","
                                 "\"list\":[-9223372036854775808,18446744073709551615,{},[],false],"
                                 "\"price\":\"-97537.7\",\"tiny\":\"0.00000111\"}");
    CU_ASSERT_EQUAL(json.size, strlen(text));
}

static void a_full_writer_writes_nothing_beyond_its_end(void)
{
    char text[16];
    for (size_t capacity = 1; capacity < sizeof text; capacity++) {
        memset(text, '#', sizeof text);
        struct json_writer json = json_into(text, capacity);
        json_open_array(&json, NULL);
        json_text(&json, NULL, "abcdefghijkl");
        CU_ASSERT(json.full);
        CU_ASSERT(strlen(text) < capacity);
        CU_ASSERT_EQUAL(text[capacity], '#');
    }
}

static void a_row_can_be_taken_back(void)
{
    char text[32];
    struct json_writer json = json_into(text, sizeof text);
    json_open_array(&json, NULL);
    json_text(&json, NULL, "first");
    size_t before = json.size;
    json_text(&json, NULL, "a row that does not fit in here any more");
    CU_ASSERT(json.full);
    json_rewind(&json, before);
    json_text(&json, NULL, "second");
    json_close_array(&json);
    CU_ASSERT(!json.full);
    CU_ASSERT_STRING_EQUAL(text, "[\"first\",\"second\"]");
}

/* ---- recent rows ---- */

static struct order order_of(const char *id, enum order_state state, int64_t updated_ms)
{
    struct order order;
    memset(&order, 0, sizeof order);
    (void)snprintf(order.order_id, sizeof order.order_id, "%s", id);
    order.state = state;
    order.updated_ms = updated_ms;
    return order;
}

static const char *id_at(const struct recent *recent, size_t place)
{
    return ((const struct order *)recent_row(recent, place))->order_id;
}

static void rows_are_kept_newest_first_each_once(void)
{
    struct recent recent;
    CU_ASSERT_EQUAL_FATAL(recent_init(&recent, &recent_orders), 0);
    struct order rows[] = {order_of("b", ORDER_STATE_SENT, 20), order_of("c", ORDER_STATE_SENT, 30),
                           order_of("a", ORDER_STATE_SENT, 10)};
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT(recent_put(&recent, &rows[i]));
    CU_ASSERT(!recent_put(&recent, &rows[1]));
    CU_ASSERT_EQUAL(recent.count, 3);
    CU_ASSERT_STRING_EQUAL(id_at(&recent, 0), "c");
    CU_ASSERT_STRING_EQUAL(id_at(&recent, 1), "b");
    CU_ASSERT_STRING_EQUAL(id_at(&recent, 2), "a");
    struct order later = order_of("a", ORDER_STATE_FILLED, 40);
    CU_ASSERT(recent_put(&recent, &later));
    CU_ASSERT(!recent_put(&recent, &rows[2])); /* the history lags behind */
    CU_ASSERT_EQUAL(recent.count, 3);
    CU_ASSERT_STRING_EQUAL(id_at(&recent, 0), "a");
    CU_ASSERT_EQUAL(((const struct order *)recent_row(&recent, 0))->state, ORDER_STATE_FILLED);
    recent_release(&recent);
}

static void any_order_of_arrival_gives_the_same_rows(void)
{
    enum { ROWS = 120 };
    struct recent recent;
    CU_ASSERT_EQUAL_FATAL(recent_init(&recent, &recent_orders), 0);
    for (int round = 0; round < 2000; round++) {
        char id[8];
        int number = (int)(test_random() % ROWS);
        (void)snprintf(id, sizeof id, "%d", number);
        struct order order = order_of(id, ORDER_STATE_SENT, 1000 + number);
        (void)recent_put(&recent, &order);
    }
    CU_ASSERT_EQUAL(recent.count, recent_orders.capacity);
    for (size_t i = 0; i < recent.count; i++)
        CU_ASSERT_EQUAL(strtol(id_at(&recent, i), NULL, 10), (long)(ROWS - 1 - i));
    recent_release(&recent);
}

/* ---- the view ---- */

static struct view view;

static struct position position_of(const char *symbol, int64_t quantity, int64_t mark)
{
    struct position position;
    memset(&position, 0, sizeof position);
    (void)snprintf(position.symbol, sizeof position.symbol, "%s", symbol);
    position.quantity = quantity;
    position.quantity_scale = 2;
    position.cost = 5000000000;
    position.unrealised = -100000000;
    position.mark = mark;
    return position;
}

static enum view_step take(uint64_t epoch, uint64_t sequence, const struct position *rows, size_t count)
{
    struct portfolio portfolio = {.epoch = epoch, .sequence = sequence, .positions = list_of(rows, count)};
    return view_take_portfolio(&view, &portfolio);
}

static enum view_step take_event(uint64_t epoch, uint64_t sequence, const char *symbol, int64_t decided_ms)
{
    struct signal_outcome signal;
    memset(&signal, 0, sizeof signal);
    (void)snprintf(signal.symbol, sizeof signal.symbol, "%s", symbol);
    signal.decided_ms = decided_ms;
    struct portfolio_event event = {.epoch = epoch, .sequence = sequence, .outcomes = list_of(&signal, 1)};
    return view_take_events(&view, &event);
}

static void gaps_are_seen_and_old_messages_ignored(void)
{
    struct position one = position_of("AUSDT", 100, 1), two = position_of("AUSDT", 200, 1);
    CU_ASSERT_EQUAL_FATAL(view_init(&view), 0);
    CU_ASSERT_EQUAL(take_event(7, 3, "AUSDT", 1), VIEW_IN_ORDER); /* nothing to compare with yet */
    CU_ASSERT_EQUAL(take(7, 5, &one, 1), VIEW_GAP);               /* the first one: the past is in the history */
    CU_ASSERT_EQUAL(take(7, 6, &one, 1), VIEW_IN_ORDER);
    CU_ASSERT_EQUAL(take_event(7, 7, "BUSDT", 2), VIEW_IN_ORDER);
    CU_ASSERT_EQUAL(take(7, 7, &one, 1), VIEW_IN_ORDER); /* a snapshot of where we are */
    CU_ASSERT_EQUAL(take(7, 9, &one, 1), VIEW_GAP);
    CU_ASSERT_EQUAL(take(7, 8, &two, 1), VIEW_OLD);
    CU_ASSERT_EQUAL(view.positions[0].position.quantity, 100);
    CU_ASSERT_EQUAL(take_event(7, 8, "CUSDT", 3), VIEW_OLD);
    CU_ASSERT_EQUAL(view.signals.count, 3); /* what happened, happened, also when it is heard of late */
    CU_ASSERT_EQUAL(take(8, 1, &two, 1), VIEW_GAP);
    CU_ASSERT_EQUAL(take(7, 10, &one, 1), VIEW_OLD);
    CU_ASSERT_EQUAL(view.positions[0].position.quantity, 200);
    view_release(&view);
}

static void closed_positions_are_told_once_and_forgotten(void)
{
    struct position rows[] = {position_of("AUSDT", 100, 1), position_of("BUSDT", 100, 1)};
    char text[4096];
    struct json_writer json = json_into(text, sizeof text);
    CU_ASSERT_EQUAL_FATAL(view_init(&view), 0);
    (void)take(1, 1, rows, 2);
    CU_ASSERT(json_changed_positions(&json, &view));
    json = json_into(text, sizeof text);
    CU_ASSERT(!json_changed_positions(&json, &view)); /* told already */
    (void)take(1, 2, rows, 2);
    json = json_into(text, sizeof text);
    CU_ASSERT(!json_changed_positions(&json, &view)); /* nothing changed */
    (void)take(1, 3, &rows[1], 1);
    view_drop_ended(&view);
    CU_ASSERT_EQUAL(view.position_count, 2); /* not told yet */
    json = json_into(text, sizeof text);
    CU_ASSERT(json_changed_positions(&json, &view));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"symbol\":\"AUSDT\",\"strategy\":\"\",\"quantity\":\"0\""));
    CU_ASSERT_PTR_NULL(strstr(text, "BUSDT"));
    view_drop_ended(&view);
    CU_ASSERT_EQUAL(view.position_count, 1);
    CU_ASSERT_STRING_EQUAL(view.positions[0].position.symbol, "BUSDT");
    view_release(&view);
}

static void every_changed_position_has_its_turn(void)
{
    enum { COUNT = 1000 };
    static struct position rows[COUNT];
    static bool told[COUNT];
    char text[16 * 1024];
    CU_ASSERT_EQUAL_FATAL(view_init(&view), 0);
    for (int flush = 0; flush < 40; flush++) {
        for (int i = 0; i < COUNT; i++) {
            char symbol[16];
            (void)snprintf(symbol, sizeof symbol, "S%d", i);
            rows[i] = position_of(symbol, 100, flush + 1); /* all of them change every time */
        }
        (void)take(1, (uint64_t)flush + 1, rows, COUNT);
        struct json_writer json = json_into(text, sizeof text);
        CU_ASSERT(json_changed_positions(&json, &view));
        CU_ASSERT(!json.full);
        for (const char *at = text; (at = strstr(at, "\"symbol\":\"S")) != NULL; at++)
            told[strtol(at + strlen("\"symbol\":\"S"), NULL, 10)] = true;
    }
    for (int i = 0; i < COUNT; i++)
        CU_ASSERT(told[i]);
    CU_ASSERT_EQUAL(view.position_count, COUNT);
    view_release(&view);
}

static struct process_state process_of(const char *role, uint64_t instance)
{
    struct process_state state;
    memset(&state, 0, sizeof state);
    (void)snprintf(state.role, sizeof state.role, "%s", role);
    state.instance = instance;
    return state;
}

static void processes_that_are_not_reported_any_more_are_gone(void)
{
    struct process_state rows[] = {process_of("analyzer", 1), process_of("analyzer", 2), process_of("trader", 1)};
    struct process_state own = process_of("dashboard", 9);
    char text[4096];
    CU_ASSERT_EQUAL_FATAL(view_init(&view), 0);
    view_take_process(&view, &own);
    view_take_processes(&view, list_of(rows, 2), false); /* an answer of two parts */
    view_take_processes(&view, list_of(rows + 2, 1), true);
    CU_ASSERT_EQUAL(view.process_count, 4);
    struct json_writer json = json_into(text, sizeof text);
    CU_ASSERT(json_changed_processes(&json, &view));
    view_take_processes(&view, list_of(rows + 1, 2), true);
    json = json_into(text, sizeof text);
    CU_ASSERT(json_changed_processes(&json, &view));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"instance\":\"0000000000000001\",\"status\":\"starting\",\"gone\":true"));
    view_drop_ended(&view);
    CU_ASSERT_EQUAL(view.process_count, 3); /* the own row stays: nobody else reports it */
    view_release(&view);
}

static void the_state_holds_what_the_page_draws(void)
{
    struct position row = position_of("AUSDT", 150, 35);
    static char text[65536];
    struct portfolio portfolio = {.sequence = 1, .mode = TRADING_MODE_REDUCE_ONLY, .quote_asset = "USDT"};
    portfolio.account = (struct account){.time_ms = 1733011200000, .start = 1000000000000, .equity = 1004200000000};
    portfolio.day_start_equity = 1005000000000;
    portfolio.positions = list_of(&row, 1);
    CU_ASSERT_EQUAL_FATAL(view_init(&view), 0);
    (void)view_take_portfolio(&view, &portfolio);
    (void)take_event(0, 2, "BUSDT", 1733011200001);
    struct json_writer json = json_into(text, sizeof text);
    json_state(&json, &view,
               &(struct view_facts){"abc-1", "binance", "1m, 5m", .speed = 600, .trader_silent = true});
    CU_ASSERT(!json.full);
    static const char *const expected[] = {
        "\"last_event_id\":\"abc-1\"", "\"exchange\":\"binance\"", "\"speed\":600", "\"intervals\":[\"1m\",\"5m\"]",
        "\"mode\":\"reduce_only\"", "\"live\":false", "\"trader_silent\":true", "\"time_ms\":1733011200000",
        "\"equity\":\"10042\"", "\"pnl_today\":\"-8\"", "\"pnl_total\":\"42\"", "\"open_positions\":1",
        /* 50 paid for 1.5, and 49 at the mark */
        "\"quantity\":\"1.5\",\"entry_price\":\"33.33333333\",\"mark\":\"35\",\"cost\":\"50\",\"value\":\"49\"",
        "\"unrealised\":\"-1\"", "\"signals\":[{\"strategy\":\"\",\"exchange\":\"\",\"symbol\":\"BUSDT\"",
        "\"orders\":[]", "\"fills\":[]", "\"processes\":[]",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, expected[i]));
    view_release(&view);
}

/* ---- the ring of events ---- */

static struct event_ring ring;

static void add(const char *name, const char *data)
{
    size_t size = 0;
    const char *bytes = event_ring_add(&ring, name, data, &size);
    CU_ASSERT_EQUAL(memcmp(bytes, "id: ", 4), 0);
    CU_ASSERT_EQUAL(memcmp(bytes + size - 2, "\n\n", 2), 0);
}

static bool resume(uint64_t run, uint64_t number, uint64_t *first)
{
    char id[EVENT_ID_SIZE];
    (void)snprintf(id, sizeof id, "%016" PRIx64 "-%" PRIu64, run, number);
    return event_ring_resume(&ring, id, first);
}

static void a_page_resumes_where_it_was(void)
{
    char id[EVENT_ID_SIZE];
    uint64_t first = 0;
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(event_ring_init(&ring, 0xabc), 0);
    event_ring_id(&ring, id);
    CU_ASSERT(event_ring_resume(&ring, id, &first)); /* nothing has happened yet */
    CU_ASSERT_EQUAL(first, 1);
    add("pnl", "{\"a\":1}");
    add("signal", "{\"b\":2}");
    CU_ASSERT(event_ring_resume(&ring, id, &first));
    CU_ASSERT_EQUAL(first, 1);
    const char *bytes = event_ring_get(&ring, 2, &size);
    static const char expected[] = "id: 0000000000000abc-2\nevent: signal\ndata: {\"b\":2}\n\n";
    CU_ASSERT_EQUAL(size, sizeof expected - 1);
    CU_ASSERT_EQUAL(memcmp(bytes, expected, size), 0);
    event_ring_id(&ring, id);
    CU_ASSERT_STRING_EQUAL(id, "0000000000000abc-2");
    CU_ASSERT(event_ring_resume(&ring, id, &first));
    CU_ASSERT_EQUAL(first, 3); /* it lacks nothing */
    event_ring_release(&ring);
}

static void what_is_no_id_of_this_run_needs_the_state(void)
{
    static const char *const bad[] = {
        "", "x", "abc-1", "0000000000000abc", "0000000000000abc-", "0000000000000abc-x", "0000000000000abc-1x",
        "0000000000000abc--1", "0000000000000abc-2", "0000000000000abd-1", "0000000000000abc-18446744073709551616",
        "0000000000000abc-99999999999999999999999999999999999999999",
    };
    uint64_t first = 0;
    CU_ASSERT_EQUAL_FATAL(event_ring_init(&ring, 0xabc), 0);
    add("pnl", "{}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT(!event_ring_resume(&ring, bad[i], &first));
    CU_ASSERT(resume(0xabc, 1, &first));
    event_ring_release(&ring);
}

static void the_ring_forgets_the_oldest(void)
{
    uint64_t first = 0;
    CU_ASSERT_EQUAL_FATAL(event_ring_init(&ring, 1), 0);
    for (int i = 0; i < EVENTS_MAX + 10; i++)
        add("pnl", "{}");
    CU_ASSERT(!resume(1, 9, &first));
    CU_ASSERT(resume(1, 10, &first));
    CU_ASSERT_EQUAL(first, 11);
    event_ring_release(&ring);
}

/* Events of every size, for many rounds of the ring: those that are kept are always whole. */
static void kept_events_are_whole(void)
{
    static char data[EVENT_SIZE_MAX];
    CU_ASSERT_EQUAL_FATAL(event_ring_init(&ring, 1), 0);
    for (uint64_t number = 1; number <= 6000; number++) {
        size_t length = (size_t)(test_random() % (EVENT_SIZE_MAX - 200));
        memset(data, 'a' + (int)(number % 26), length);
        data[length] = '\0';
        add("x", data);
        size_t bytes_kept = 0;
        for (uint64_t old = ring.last_number - ring.count + 1; old <= number; old++) {
            size_t size = 0;
            char head[64];
            const char *bytes = event_ring_get(&ring, old, &size);
            int head_size = snprintf(head, sizeof head, "id: 0000000000000001-%" PRIu64 "\nevent: x\ndata: ", old);
            bool is_whole = memcmp(bytes, head, (size_t)head_size) == 0 && memcmp(bytes + size - 2, "\n\n", 2) == 0 &&
                            (size == (size_t)head_size + 2 || bytes[size - 3] == 'a' + (int)(old % 26));
            bytes_kept += size;
            if (!is_whole || bytes + size > ring.bytes + EVENT_RING_BYTES) {
                CU_FAIL_FATAL("an event was overwritten");
            }
        }
        CU_ASSERT(bytes_kept <= EVENT_RING_BYTES);
    }
    CU_ASSERT(ring.count > 100);
    event_ring_release(&ring);
}

static void too_much_at_once_needs_the_state(void)
{
    static char data[20 * 1024];
    uint64_t first = 0;
    memset(data, 'x', sizeof data - 1);
    CU_ASSERT_EQUAL_FATAL(event_ring_init(&ring, 1), 0);
    for (int i = 0; i < 4; i++)
        add("position", data);
    CU_ASSERT(resume(1, 2, &first));
    CU_ASSERT(!resume(1, 1, &first)); /* three times 20 KiB */
    event_ring_release(&ring);
}

/* ---- questions and commands ---- */

static void questions_are_about_the_account_that_is_shown(void)
{
    static struct view shown;
    struct config config = {.exchange_name = "kraken", .market_quote_asset = "EUR"};
    struct query query = {.kind = QUERY_KIND_FILLS, .symbol = "-"};
    CU_ASSERT_EQUAL(history_name_account(&config, &shown, &query), 0);
    CU_ASSERT_STRING_EQUAL(query.exchange, "kraken");
    CU_ASSERT_STRING_EQUAL(query.quote_asset, "EUR");
    CU_ASSERT_EQUAL(query.mode, ACCOUNT_MODE_PAPER);
    shown.portfolio.account.mode = ACCOUNT_MODE_LIVE;
    CU_ASSERT_EQUAL(history_name_account(&config, &shown, &query), 0);
    CU_ASSERT_EQUAL(query.mode, ACCOUNT_MODE_LIVE);
}

static int ask(const char *path, const struct history_arguments *arguments, struct query *query)
{
    memset(query, 0, sizeof *query);
    return history_query(path, arguments, "5m,1h", query);
}

static void arguments_become_a_query(void)
{
    struct query query;
    struct history_arguments full = {"BTCUSDT", "1h", "1000", "2000", "77"};
    struct history_arguments least = {.symbol = "BTCUSDT"}, none = {0};
    CU_ASSERT_EQUAL(ask("/api/v1/candles", &full, &query), 0);
    CU_ASSERT_EQUAL(query.kind, QUERY_KIND_CANDLES);
    CU_ASSERT_STRING_EQUAL(query.symbol, "BTCUSDT");
    CU_ASSERT_EQUAL(query.interval_s, 3600);
    CU_ASSERT_EQUAL(query.from_ms, 1000);
    CU_ASSERT_EQUAL(query.to_ms, 2000);
    CU_ASSERT_EQUAL(query.limit, 77);
    CU_ASSERT_EQUAL(ask("/api/v1/candles", &least, &query), 0);
    CU_ASSERT_EQUAL(query.interval_s, 300); /* the first that is configured */
    CU_ASSERT_EQUAL(query.limit, 500);
    CU_ASSERT_EQUAL(query.to_ms, 0);
    CU_ASSERT_EQUAL(ask("/api/v1/fills", &none, &query), 0);
    CU_ASSERT_STRING_EQUAL(query.symbol, "-");
    CU_ASSERT_EQUAL(query.interval_s, 0);
    CU_ASSERT_EQUAL(query.limit, 100);
}

static void bad_arguments_are_named(void)
{
    static const struct {
        struct history_arguments arguments;
        const char *named;
    } bad[] = {
        {{0}, "\"symbol\""},
        {{.symbol = ""}, "\"symbol\""},
        {{.symbol = "btcusdt"}, "\"symbol\""},
        {{.symbol = "BTC USDT"}, "\"symbol\""},
        {{.symbol = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}, "\"symbol\""},
        {{.symbol = "A", .interval = "7m"}, "\"interval\""},
        {{.symbol = "A", .interval = ""}, "\"interval\""},
        {{.symbol = "A", .from = "-1"}, "\"from\""},
        {{.symbol = "A", .from = ""}, "\"from\""},
        {{.symbol = "A", .from = "1.0"}, "\"from\""},
        {{.symbol = "A", .from = "1e3"}, "\"from\""},
        {{.symbol = "A", .to = "99999999999999999999"}, "\"to\""},
        {{.symbol = "A", .from = "5", .to = "5"}, "\"to\""},
        {{.symbol = "A", .limit = "0"}, "\"limit\""},
        {{.symbol = "A", .limit = "5001"}, "\"limit\""},
        {{.symbol = "A", .limit = " 5"}, "\"limit\""},
    };
    struct query query;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(ask("/api/v1/candles", &bad[i].arguments, &query), ERROR_ARGUMENT);
        CU_ASSERT_PTR_NOT_NULL(strstr(error_message(), bad[i].named));
    }
    CU_ASSERT_EQUAL(ask("/api/v1/secrets", &(struct history_arguments){0}, &query), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(ask("/api/v1/orders", &(struct history_arguments){.limit = "1001"}, &query), ERROR_ARGUMENT);
}

static void actions_have_their_names(void)
{
    enum action action;
    CU_ASSERT_EQUAL(action_from_name("reduce_only", &action), 0);
    CU_ASSERT_EQUAL(action, ACTION_REDUCE_ONLY);
    CU_ASSERT_EQUAL(action_from_name("halt", &action), 0);
    CU_ASSERT_EQUAL(action, ACTION_HALT);
    CU_ASSERT_EQUAL(action_from_name("Halt", &action), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(action_from_name("", &action), ERROR_ARGUMENT);
    CU_ASSERT_EQUAL(action_from_name("other", &action), ERROR_ARGUMENT);
}

/* ---- assets ---- */

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void the_pages_name_files_that_exist(void)
{
    CU_ASSERT_PTR_NULL(asset_find("/assets/app.js"));
    CU_ASSERT_PTR_NULL(asset_find(""));
    for (size_t i = 0; i < asset_count; i++) {
        const struct asset *asset = &assets[i];
        CU_ASSERT(asset->size > 0);
        CU_ASSERT_PTR_EQUAL(asset_find(asset->path), asset);
        if (!ends_with(asset->path, ".html"))
            continue;
        char *text = strndup((const char *)asset->bytes, asset->size);
        CU_ASSERT_PTR_NULL(strstr(text, "@LOGIN@"));
        CU_ASSERT_PTR_NULL(strstr(text, "style="));  /* the content security policy would drop it */
        CU_ASSERT_PTR_NULL(strstr(text, "onclick")); /* as this */
        for (const char *at = text; (at = strstr(at, "\"/assets/")) != NULL; at++) {
            char path[128];
            (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
            CU_ASSERT_PTR_NOT_NULL(asset_find(path));
            bool is_open = strncmp(path, "/assets/login-", 14) == 0;
            CU_ASSERT(is_open || strcmp(asset->path, "app.html") == 0); /* the login page needs no session */
        }
        free(text);
    }
}

const char *const suite_name = "dashboard: view";
const struct test suite_tests[] = {
    {"JSON is written with commas and escapes", json_is_written_with_commas_and_escapes},
    {"a full writer writes nothing beyond its end", a_full_writer_writes_nothing_beyond_its_end},
    {"a row can be taken back", a_row_can_be_taken_back},
    {"rows are kept newest first, each once", rows_are_kept_newest_first_each_once},
    {"any order of arrival gives the same rows", any_order_of_arrival_gives_the_same_rows},
    {"gaps are seen and old messages ignored", gaps_are_seen_and_old_messages_ignored},
    {"closed positions are told once and forgotten", closed_positions_are_told_once_and_forgotten},
    {"every changed position has its turn", every_changed_position_has_its_turn},
    {"processes that are not reported any more are gone", processes_that_are_not_reported_any_more_are_gone},
    {"the state holds what the page draws", the_state_holds_what_the_page_draws},
    {"a page resumes where it was", a_page_resumes_where_it_was},
    {"what is no id of this run needs the state", what_is_no_id_of_this_run_needs_the_state},
    {"the ring forgets the oldest", the_ring_forgets_the_oldest},
    {"kept events are whole", kept_events_are_whole},
    {"too much at once needs the state", too_much_at_once_needs_the_state},
    {"arguments become a query", arguments_become_a_query},
    {"questions are about the account that is shown", questions_are_about_the_account_that_is_shown},
    {"bad arguments are named", bad_arguments_are_named},
    {"actions have their names", actions_have_their_names},
    {"the pages name files that exist", the_pages_name_files_that_exist},
    {NULL, NULL},
};
