/* What the adapters' readers are made of. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int members_index(struct members *members, const char *key, size_t length, int *index)
{
    *index = -1;
    for (int i = 0; i < members->count; i++) {
        if (strlen(members->names[i]) != length || memcmp(members->names[i], key, length) != 0)
            continue;
        if ((members->seen & 1u << i) != 0)
            return error_set(ERROR_PROTOCOL, "member '%s' twice", members->names[i]);
        members->seen |= 1u << i;
        *index = i;
        break;
    }
    return 0;
}

int members_check(const struct members *members, unsigned required)
{
    for (int i = 0; i < members->count; i++)
        if ((required & ~members->seen & 1u << i) != 0)
            return error_set(ERROR_PROTOCOL, "no member '%s'", members->names[i]);
    return 0;
}

int read_not_negative(struct json_value value, struct decimal *out)
{
    int code = json_decimal(value, out);
    if (code == 0 && out->mantissa < 0)
        return error_set(ERROR_PROTOCOL, "a negative number");
    return code;
}

int read_not_negative_or_none(struct json_value value, struct decimal *out)
{
    const char *text;
    size_t length;
    *out = (struct decimal){0};
    if (json_is_null(value))
        return 0;
    int code = json_text(value, &text, &length);
    if (code != 0 || length == 0)
        return code;
    if (decimal_parse(text, length, out) != 0 || out->mantissa < 0)
        return error_set(ERROR_PROTOCOL, "no decimal that is not negative: %.*s", (int)(length < 40 ? length : 40), text);
    return 0;
}

int read_roughly(struct json_value value, double *out)
{
    char text[64];
    int code = read_short_text(value, text, sizeof text);
    if (code != 0)
        return code;
    size_t length = strlen(text);
    if (length == 0 || strspn(text, "0123456789.") != length)
        return error_set(ERROR_PROTOCOL, "no number: %.40s", text);
    *out = strtod(text, NULL);
    return 0;
}

int read_short_text(struct json_value value, char *out, size_t capacity)
{
    const char *text;
    size_t length;
    int code = json_text(value, &text, &length);
    if (code == 0)
        (void)snprintf(out, capacity, "%.*s", (int)(length < capacity ? length : capacity), text);
    return code;
}

int read_whole(const struct exchange_answer *answer, int (*fn)(void *user, struct json_value root), void *user)
{
    struct json_value root;
    int code = json_parse(answer->body, answer->size, &root);
    if (code == 0)
        code = fn(user, root);
    return code != 0 ? code : json_finish();
}

int align_decimals(const struct decimal *decimals, size_t count, int64_t *const *mantissas, uint8_t *scale)
{
    uint8_t common = 0;
    for (size_t i = 0; i < count; i++)
        common = decimals[i].scale > common ? decimals[i].scale : common;
    for (size_t i = 0; i < count; i++)
        if (decimal_rescale(decimals[i], common, ROUND_DOWN, mantissas[i]) != 0)
            return error_set(ERROR_PROTOCOL, "a price with too many digits");
    *scale = common;
    return 0;
}

int read_name(struct json_value value, char out[SYMBOL_SIZE])
{
    const char *text;
    size_t length;
    int code = json_text(value, &text, &length);
    if (code != 0)
        return code;
    if (text_copy(out, SYMBOL_SIZE, text, length) != 0 || !symbol_valid(out))
        out[0] = '\0';
    return 0;
}

int make_candle(int64_t open_time_ms, const struct decimal values[CANDLE_VALUES], struct candle *out)
{
    struct candle candle = {.open_time_ms = open_time_ms};
    int64_t *const prices[] = {&candle.open, &candle.high, &candle.low, &candle.close};
    int code = align_decimals(values, CANDLE_VOLUME, prices, &candle.price_scale);
    if (code != 0)
        return code;
    candle.volume = values[CANDLE_VOLUME].mantissa;
    candle.volume_scale = values[CANDLE_VOLUME].scale;
    *out = candle;
    return 0;
}

int make_prices(const struct decimal prices[PRICES], struct ticker *out)
{
    int64_t *const mantissas[] = {&out->bid, &out->ask, &out->last};
    return align_decimals(prices, PRICES, mantissas, &out->price_scale);
}

int newest_first_add(struct newest_first *rows, const struct candle *candle)
{
    if (rows->count == EXCHANGE_CANDLES_MAX)
        return error_set(ERROR_PROTOCOL, "more candles than can be asked for");
    if (rows->count > 0 && candle->open_time_ms >= rows->candles[rows->count - 1].open_time_ms)
        return error_set(ERROR_PROTOCOL, "open time %" PRId64 " behind %" PRId64 ", where candles come newest first",
                         candle->open_time_ms, rows->candles[rows->count - 1].open_time_ms);
    rows->candles[rows->count++] = *candle;
    return 0;
}

int newest_first_hand_out(const struct newest_first *rows, exchange_candle_fn fn, void *user)
{
    for (size_t i = rows->count; i > 0; i--) {
        int code = fn(user, &rows->candles[i - 1]);
        if (code != 0)
            return code;
    }
    return 0;
}

enum exchange_verdict meaning_of(const struct meaning *rows, size_t count, int status, const char *code)
{
    for (size_t i = 0; i < count; i++)
        if ((rows[i].status == 0 || rows[i].status == status) &&
            (rows[i].code == NULL || strncmp(code, rows[i].code, strlen(rows[i].code)) == 0))
            return rows[i].verdict;
    return EXCHANGE_RETRY;
}
