/* wick exchanges: what can be followed, and what each can do. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/interval.h"
#include "lib/base/version.h"
#include "lib/exchange/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_USAGE = 2 };

static const char usage[] =
    "usage: wick exchanges [--json]\n"
    "\n"
    "Lists the exchanges that can be followed. weight: what one address may ask in a time, by the exchange's price list.\n"
    "tickers, candles: how many one request brings. reach: how many of a series' newest candles can be had at all.\n"
    "streams: what arrives by WebSocket. quiet: whether an interval without trades has a candle.\n";

/* A count, or a word where it is 0. */
static const char *count_or(int count, const char *word, char text[16])
{
    (void)snprintf(text, 16, "%d", count);
    return count == 0 ? word : text;
}

static const char *weight(const struct exchange *exchange, char text[40])
{
    (void)snprintf(text, 40, "%d in %g s", exchange->weight_limit, (double)exchange->weight_window_ms / 1000);
    return text;
}

static void print_intervals(const struct exchange *exchange, const char *quote, const char *between)
{
    for (const uint32_t *interval = exchange->intervals; *interval != 0; interval++)
        printf("%s%s%s%s", interval > exchange->intervals ? between : "", quote, interval_name(*interval), quote);
}

static bool streams_all(const struct exchange *exchange)
{
    for (const uint32_t *interval = exchange->intervals; *interval != 0; interval++)
        if (!exchange->stream->has_interval(*interval))
            return false;
    return true;
}

static void print_stream_intervals(const struct exchange *exchange, const char *quote, const char *between)
{
    const char *before = "";
    for (const uint32_t *interval = exchange->intervals; *interval != 0; interval++) {
        if (!exchange->stream->has_interval(*interval))
            continue;
        printf("%s%s%s%s", before, quote, interval_name(*interval), quote);
        before = between;
    }
}

/* What arrives by stream; of candles which, where not all that REST has do. */
static void print_streams(const struct exchange *exchange)
{
    const struct exchange_stream *stream = exchange->stream;
    if (stream == NULL) {
        printf("none\n");
        return;
    }
    bool tickers = stream->tickers_url != NULL, candles = stream->candles_url != NULL;
    printf("%s%s%s", tickers ? "tickers" : "", tickers && candles ? ", " : "", candles ? "candles" : "");
    if (candles && !streams_all(exchange)) {
        printf(" of ");
        print_stream_intervals(exchange, "", " ");
    }
    printf("\n");
}

static void print_text(void)
{
    char limit[40], tickers[16], reach[16];
    printf("%-12s %-25s %-13s %7s %7s %6s  %s\n", "exchange", "address", "weight", "tickers", "candles", "reach", "streams");
    for (size_t i = 0; i < exchange_count; i++) {
        const struct exchange *exchange = exchanges[i];
        printf("%-12s %-25s %-13s %7s %7d %6s  ", exchange->name, exchange->base_url, weight(exchange, limit),
               count_or(exchange->tickers_per_call, "all", tickers), exchange->candles_per_call,
               count_or(exchange->candles_reach, "all", reach));
        print_streams(exchange);
    }
    printf("\n%-12s %-25s %s\n", "exchange", "quiet", "candles of");
    for (size_t i = 0; i < exchange_count; i++) {
        printf("%-12s %-25s ", exchanges[i]->name,
               exchanges[i]->leaves_out_quiet ? "no candle without trades" : "a candle without trades");
        print_intervals(exchanges[i], "", " ");
        printf("\n");
    }
}

static void print_url(const char *name, const char *url)
{
    if (url != NULL)
        printf("\"%s\": \"%s\", ", name, url);
    else
        printf("\"%s\": null, ", name);
}

static void print_stream(const struct exchange *exchange)
{
    const struct exchange_stream *stream = exchange->stream;
    if (stream == NULL) {
        printf("null");
        return;
    }
    printf("{");
    print_url("tickers_url", stream->tickers_url);
    print_url("candles_url", stream->candles_url);
    printf("\"intervals\": [");
    if (stream->candles_url != NULL)
        print_stream_intervals(exchange, "\"", ", ");
    printf("], \"topics_per_connection\": %d, \"topics_per_request\": %d, \"requests_per_second\": %d, "
           "\"lifetime_ms\": %" PRId64 ", \"closes_candles\": %s}",
           stream->topics_per_connection, stream->topics_per_request, stream->requests_per_second, stream->lifetime_ms,
           stream->closes_candles ? "true" : "false");
}

static void print_json(void)
{
    printf("[");
    for (size_t i = 0; i < exchange_count; i++) {
        const struct exchange *exchange = exchanges[i];
        printf("%s{\"name\": \"%s\", \"base_url\": \"%s\", \"weight_limit\": %d, \"weight_window_ms\": %" PRId64 ", "
               "\"weight_window_whole\": %s, \"tickers_per_call\": %d, \"candles_per_call\": %d, \"candles_reach\": %d, "
               "\"leaves_out_quiet\": %s, \"intervals\": [",
               i > 0 ? ",\n " : "", exchange->name, exchange->base_url, exchange->weight_limit, exchange->weight_window_ms,
               exchange->weight_window_whole ? "true" : "false", exchange->tickers_per_call, exchange->candles_per_call,
               exchange->candles_reach, exchange->leaves_out_quiet ? "true" : "false");
        print_intervals(exchange, "\"", ", ");
        printf("], \"stream\": ");
        print_stream(exchange);
        printf("}");
    }
    printf("]\n");
}

int main(int argc, char **argv)
{
    if (version_asked(argc, argv))
        return 0;
    if (argc == 1) {
        print_text();
    } else if (argc == 2 && strcmp(argv[1], "--json") == 0) {
        print_json();
    } else {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs(usage, help ? stdout : stderr);
        return help ? 0 : STATUS_USAGE;
    }
    return 0;
}
