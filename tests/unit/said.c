/* What a message of a stream says to whoever listens. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/said.h"

#include "tests/harness.h"
#include "tests/unit/recording.h"

#include <stdio.h>
#include <string.h>

static void on_ticker(void *user, const char *name, const struct exchange_ticker *ticker)
{
    struct said *said = user;
    said->tickers++;
    said->ticker = *ticker;
    (void)snprintf(said->name, sizeof said->name, "%s", name);
    CU_ASSERT_STRING_EQUAL(ticker->ticker.symbol, "");
}

static void on_candle(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed)
{
    struct said *said = user;
    said->candles++;
    said->candle = *candle;
    said->interval_s = interval_s;
    said->closed = closed;
    (void)snprintf(said->name, sizeof said->name, "%s", name);
}

static void on_answer(void *user, uint64_t id, bool accepted, const char *why)
{
    struct said *said = user;
    said->answers++;
    said->id = id;
    said->accepted = accepted;
    (void)snprintf(said->why, sizeof said->why, "%s", why);
}

static void on_pong(void *user)
{
    ((struct said *)user)->pongs++;
}

static void on_goodbye(void *user)
{
    ((struct said *)user)->goodbyes++;
}

static void on_refused(void *user, const struct exchange_refusal *refusal)
{
    struct said *said = user;
    said->refused++;
    said->refused_ms = refusal->open_time_ms;
    (void)snprintf(said->refused_name, sizeof said->refused_name, "%s", refusal->name);
    (void)snprintf(said->refused_why, sizeof said->refused_why, "%s", refusal->why);
}

static const struct stream_events events = {on_ticker, on_candle, on_answer, on_pong, on_goodbye, on_refused};

const struct exchange *adapter(const char *name)
{
    const struct exchange *exchange = NULL;
    CU_ASSERT_FATAL(exchange_find(name, &exchange) == 0 && exchange->stream != NULL);
    return exchange;
}

int hear_bytes(const char *name, const char *text, size_t size, struct said *said)
{
    *said = (struct said){0};
    return adapter(name)->stream->read(text, size, &events, said);
}

int hear(const char *name, const char *text, struct said *said)
{
    return hear_bytes(name, text, strlen(text), said);
}

bool hear_file(const char *name, const char *path, struct said *said)
{
    struct exchange_answer recorded;
    if (!recording_read(path, 200, &recorded))
        return false;
    CU_ASSERT_EQUAL(hear_bytes(name, recorded.body, recorded.size, said), 0);
    recording_release(&recorded);
    return true;
}

void says_nothing(const struct said *said)
{
    CU_ASSERT_EQUAL(said->tickers + said->candles + said->answers + said->pongs + said->goodbyes, 0);
}

static bool price_is(int64_t mantissa, uint8_t scale, const char *wanted)
{
    struct decimal number;
    CU_ASSERT_FATAL(decimal_parse(wanted, strlen(wanted), &number) == 0);
    return decimal_compare((struct decimal){mantissa, scale}, number) == 0;
}

void check_prices(const struct exchange_ticker *row, const char *bid, const char *ask, const char *last)
{
    const struct ticker *ticker = &row->ticker;
    CU_ASSERT(price_is(ticker->bid, ticker->price_scale, bid));
    CU_ASSERT(price_is(ticker->ask, ticker->price_scale, ask));
    CU_ASSERT(price_is(ticker->last, ticker->price_scale, last));
}

void check_candle(const struct candle *candle, int64_t open_time_ms, const char *const values[5])
{
    CU_ASSERT_EQUAL(candle->open_time_ms, open_time_ms);
    const int64_t prices[] = {candle->open, candle->high, candle->low, candle->close};
    for (int i = 0; i < 4; i++)
        CU_ASSERT(price_is(prices[i], candle->price_scale, values[i]));
    CU_ASSERT(price_is(candle->volume, candle->volume_scale, values[4]));
}
