/* Keys are hashed as text with line feeds between the parts, which no part can contain. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/order_id.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { KEY_TEXT_SIZE = 2 * NAME_SIZE + SYMBOL_SIZE + 64 };

struct key key_of(const char *text, size_t length)
{
    uint8_t hash[16];
    static_assert(sizeof hash == crypto_generichash_BYTES_MIN, "a key is the shortest BLAKE2b that libsodium makes");
    int code = crypto_generichash(hash, sizeof hash, (const unsigned char *)text, length, NULL, 0);
    assert(code == 0);
    (void)code;
    struct key key = {0, 0};
    for (int i = 0; i < 8; i++) {
        key.high = key.high << 8 | hash[i];
        key.low = key.low << 8 | hash[8 + i];
    }
    return key;
}

static struct key series_key(const char *strategy, const char *exchange, const char *symbol, uint32_t interval_s,
                             int64_t time_ms)
{
    char text[KEY_TEXT_SIZE];
    int length = snprintf(text, sizeof text, "%s\n%s\n%s\n%" PRIu32 "\n%" PRId64, strategy, exchange, symbol,
                          interval_s, time_ms);
    assert(length > 0 && length < KEY_TEXT_SIZE);
    return key_of(text, (size_t)length);
}

struct key signal_key(const struct signal *signal)
{
    return series_key(signal->strategy, signal->exchange, signal->symbol, signal->interval_s, signal->candle_time_ms);
}

struct key outcome_key(const struct signal_outcome *outcome)
{
    return series_key(outcome->strategy, outcome->exchange, outcome->symbol, outcome->interval_s,
                      outcome->candle_time_ms);
}

struct key flatten_key(const char *exchange, const char *symbol, int64_t time_ms)
{
    /* A name cannot contain a blank, so no strategy is called like this. */
    return series_key("flatten by hand", exchange, symbol, 0, time_ms);
}

struct key trade_key(const struct fill *fill)
{
    char text[KEY_TEXT_SIZE];
    int length = snprintf(text, sizeof text, "%s\n%s\n%s", fill->exchange, fill->symbol, fill->trade_id);
    assert(length > 0 && length < KEY_TEXT_SIZE);
    return key_of(text, (size_t)length);
}

/* RFC 4648 base 32 in small letters, without padding; the last letter holds the 3 bits that are left. */
void order_id_of(struct key key, char out[NAME_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    static const char prefix[] = "wick-";
    enum { PREFIX = sizeof prefix - 1, LETTERS = 26 };
    static_assert(PREFIX + LETTERS < NAME_SIZE, "an order id is a NAME");
    memcpy(out, prefix, PREFIX);
    unsigned __int128 rest = (unsigned __int128)key.high << 64 | key.low;
    for (int i = 0; i < LETTERS; i++) {
        out[PREFIX + i] = letters[(unsigned)(rest >> 123)];
        rest <<= 5;
    }
    out[PREFIX + LETTERS] = '\0';
}

void paper_trade_id(const char *order_id, char out[NAME_SIZE])
{
    int length = snprintf(out, NAME_SIZE, "%s-1", order_id);
    assert(length > 0 && length < NAME_SIZE);
    (void)length;
}
