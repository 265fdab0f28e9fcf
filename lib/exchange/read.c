/* What the adapters' readers are made of. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/read.h"

#include "lib/exchange/request.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SMALLEST_STEP_SCALE = 8 }; /* steps of 10^-8 where an exchange has none */

void make_printable(const char *text, size_t length, char *out, size_t capacity)
{
    size_t count = length < capacity - 1 ? length : capacity - 1;
    for (size_t i = 0; i < count; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[count] = '\0';
}

int pass_over(struct passing *passing, int code, size_t row, const char *name, int64_t open_time_ms)
{
    if (code != ERROR_PROTOCOL || json_is_broken())
        return error_context(code, "row %zu %s", row, name);
    char why[sizeof passing->last], shown[64];
    const char *message = error_message();
    make_printable(message, strlen(message), why, sizeof why);
    make_printable(name, strlen(name), shown, sizeof shown);
    const struct exchange_refusal refusal = {row, shown, open_time_ms < 0 ? -1 : open_time_ms, why};
    passing->bad++;
    memcpy(passing->last, why, sizeof why);
    if (passing->refused != NULL)
        passing->refused(passing->user, &refusal);
    return 0;
}

int passing_check(const struct passing *passing)
{
    if (passing->bad == 0 || passing->good > 0)
        return 0;
    return error_set(ERROR_PROTOCOL, "none of %zu rows can be read: %s", passing->bad, passing->last);
}

/* Behind the tag that begins at `at`; of a script or a style, behind the one that ends it. */
static size_t skip_tag(const char *text, size_t size, size_t at)
{
    static const char *const silent[] = {"script", "style"};
    const char *until = ">";
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        if (size - at > strlen(silent[i]) && strncasecmp(text + at + 1, silent[i], strlen(silent[i])) == 0)
            until = "</";
    for (at++; size - at >= strlen(until) && memcmp(text + at, until, strlen(until)) != 0;)
        at++;
    while (at < size && text[at] != '>')
        at++;
    return at < size ? at + 1 : size;
}

void answer_words(const struct exchange_answer *answer, char out[WORDS_SIZE])
{
    size_t used = 0;
    bool blank = false; /* before the next character */
    for (size_t at = 0; at < answer->size && used < WORDS_SIZE - 2;) {
        char byte = answer->body[at];
        bool tag = byte == '<';
        at = tag ? skip_tag(answer->body, answer->size, at) : at + 1;
        if (tag || byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            blank = used > 0;
            continue;
        }
        if (blank)
            out[used++] = ' ';
        blank = false;
        out[used++] = byte > ' ' && byte <= '~' ? byte : '?';
    }
    out[used] = '\0';
    if (used == 0)
        (void)snprintf(out, WORDS_SIZE, answer->size == 0 ? "an empty body" : "a page without words");
}

int strange_answer(const struct exchange_answer *answer, const char *exchange)
{
    char words[WORDS_SIZE];
    bool redirect = answer->status >= 300 && answer->status < 400;
    answer_words(answer, words);
    return error_set(ERROR_PROTOCOL, "HTTP %d%s: no answer of %s's: %s", answer->status,
                     redirect ? ", a redirect" : "", exchange, words);
}

int append_cursor(struct exchange_request *request, const char *cursor)
{
    if (cursor[0] == '\0')
        return 0;
    int code = request_append(request, "%ccursor=", strchr(request->url, '?') != NULL ? '&' : '?');
    for (; *cursor != '\0' && code == 0; cursor++) {
        bool plain = isalnum((unsigned char)*cursor) || strchr("-._~%", *cursor) != NULL;
        code = plain ? request_append(request, "%c", *cursor) : request_append(request, "%%%02X", (unsigned char)*cursor);
    }
    return code;
}

int read_cursor(struct json_value value, char next[EXCHANGE_CURSOR_SIZE])
{
    const char *text = "";
    size_t length = 0;
    int code = json_is_null(value) ? 0 : json_text(value, &text, &length);
    if (code == 0 && (length >= EXCHANGE_CURSOR_SIZE || memchr(text, '\0', length) != NULL))
        code = error_set(ERROR_PROTOCOL, "a cursor of %zu bytes", length);
    if (code == 0)
        (void)snprintf(next, EXCHANGE_CURSOR_SIZE, "%.*s", (int)length, text);
    return code;
}

int members_index(struct members *members, const char *key, size_t length, int *index)
{
    *index = -1;
    for (int i = 0; i < members->count; i++) {
        if (!key_is(key, length, members->names[i]))
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

bool key_is(const char *key, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(key, name, length) == 0;
}

int refuse_negative(struct decimal value)
{
    char text[DECIMAL_TEXT_SIZE];
    (void)decimal_print(value, text);
    return error_set(ERROR_PROTOCOL, "a negative number, %s", text);
}

int read_not_negative(struct json_value value, struct decimal *out)
{
    int code = json_decimal(value, out);
    if (code == 0 && out->mantissa < 0)
        return refuse_negative(*out);
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
    if (decimal_parse_scientific(text, length, out) != 0 || out->mantissa < 0)
        return error_set(ERROR_PROTOCOL, "no decimal that is not negative: %.*s", (int)(length < 40 ? length : 40), text);
    return 0;
}

int read_maximum(struct json_value value, struct decimal *out)
{
    const char *text;
    size_t length;
    *out = (struct decimal){0};
    if (json_is_null(value))
        return 0;
    int code = json_text(value, &text, &length);
    if (code != 0 || length == 0)
        return code;
    struct decimal limit = {0};
    code = decimal_parse_scientific(text, length, &limit);
    if (code == ERROR_SYNTAX || text[0] == '-')
        return error_set(ERROR_PROTOCOL, "no limit: %.*s", (int)(length < 40 ? length : 40), text);
    *out = limit;
    return 0;
}

int read_roughly(struct json_value value, double *out)
{
    char text[64];
    if (json_is_null(value))
        return 0;
    int code = read_short_text(value, text, sizeof text);
    if (code != 0)
        return code;
    char *end;
    double number = strtod(text, &end);
    if (text[0] != '\0' && (strspn(text, "0123456789.eE+-") != strlen(text) || *end != '\0' || !isfinite(number) ||
                            number < 0))
        return error_set(ERROR_PROTOCOL, "no number: %.40s", text);
    *out = text[0] != '\0' ? number : *out;
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

/* The number of `digits` digits at text, or -1. */
static int digits_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + text[i] - '0';
    }
    return number;
}

/* ".123456Z" in ms, or -1. */
static int fraction_ms(const char *text)
{
    int ms = 0;
    int weight = 100;
    if (*text == '.') {
        if (digits_at(++text, 1) < 0)
            return -1;
        for (; digits_at(text, 1) >= 0; text++, weight /= 10)
            ms += digits_at(text, 1) * weight;
    }
    return strcmp(text, "Z") == 0 ? ms : -1;
}

int read_utc_time(struct json_value value, int64_t *time_ms)
{
    char text[40] = "";
    int code = read_short_text(value, text, sizeof text);
    if (code != 0)
        return code;
    static const char pattern[] = "dddd-dd-ddTdd:dd:dd";
    bool fits = strlen(text) > strlen(pattern);
    for (size_t i = 0; fits && i < strlen(pattern); i++)
        fits = pattern[i] == 'd' ? digits_at(text + i, 1) >= 0 : text[i] == pattern[i];
    int ms = fits ? fraction_ms(text + strlen(pattern)) : -1;
    int year = digits_at(text, 4), month = digits_at(text + 5, 2), day = digits_at(text + 8, 2);
    int hour = digits_at(text + 11, 2), minute = digits_at(text + 14, 2), second = digits_at(text + 17, 2);
    if (ms < 0 || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return error_set(ERROR_PROTOCOL, "no time in UTC: %s", text);
    struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
                       .tm_hour = hour, .tm_min = minute, .tm_sec = second};
    *time_ms = (int64_t)timegm(&parts) * 1000 + ms;
    return 0;
}

int make_prices(const struct decimal prices[PRICES], struct ticker *out)
{
    int64_t *const mantissas[] = {&out->bid, &out->ask, &out->last};
    return align_decimals(prices, PRICES, mantissas, &out->price_scale);
}

struct candle_row {
    size_t columns; /* seen */
    int64_t open_time_ms;
    struct decimal values[CANDLE_VALUES];
    size_t flag_column;
    int64_t flag;
};

static int read_candle_column(void *user, size_t index, struct json_value value)
{
    struct candle_row *row = user;
    row->columns = index + 1;
    if (index == 0)
        return json_integer(value, &row->open_time_ms);
    if (index <= CANDLE_VALUES)
        return read_not_negative(value, &row->values[index - 1]);
    return index == row->flag_column ? json_integer(value, &row->flag) : 0;
}

int read_candle_row(struct json_value value, size_t flag_column, struct candle *out, bool *flag)
{
    struct candle_row row = {.open_time_ms = -1, .flag_column = flag_column};
    int code = json_each_element(value, read_candle_column, &row);
    out->open_time_ms = row.open_time_ms;
    if (code != 0)
        return code;
    if (row.columns <= CANDLE_VALUES || row.columns <= flag_column)
        return error_set(ERROR_PROTOCOL, "%zu columns", row.columns);
    if (row.open_time_ms < 0 || row.flag < 0 || row.flag > 1)
        return error_set(ERROR_PROTOCOL, "open time %" PRId64 ", flag %" PRId64, row.open_time_ms, row.flag);
    code = make_candle(row.open_time_ms, row.values, out);
    if (code == 0 && flag != NULL)
        *flag = row.flag == 1;
    return code;
}

int make_limits(const struct limits *limits, struct instrument *out)
{
    static const struct decimal smallest = {1, SMALLEST_STEP_SCALE};
    struct decimal tick = limits->tick.mantissa != 0 ? limits->tick : smallest;
    struct decimal step = limits->step.mantissa != 0 ? limits->step : smallest;
    out->tick_size = tick.mantissa;
    out->price_scale = tick.scale;
    const struct decimal quantities[] = {step, limits->minimum};
    int64_t *const mantissas[] = {&out->lot_step, &out->minimum_quantity};
    int code = align_decimals(quantities, 2, mantissas, &out->quantity_scale);
    if (code != 0)
        return code;
    if (decimal_rescale(limits->maximum, out->quantity_scale, ROUND_DOWN, &out->maximum_quantity) != 0)
        out->maximum_quantity = 0; /* more than a quantity can say is no limit */
    if (decimal_rescale(limits->notional, AMOUNT_SCALE, ROUND_UP, &out->minimum_notional) != 0)
        return error_set(ERROR_PROTOCOL, "a notional with too many digits");
    return 0;
}

int read_request_id(struct json_value value, uint64_t *out)
{
    const char *text;
    size_t length;
    *out = 0;
    if (json_is_null(value))
        return 0;
    int code = json_text(value, &text, &length);
    if (code != 0)
        return code;
    uint64_t id = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || id > (UINT64_MAX - 9) / 10)
            return 0;
        id = id * 10 + (uint64_t)(text[i] - '0');
    }
    *out = id;
    return 0;
}

bool body_begins(const struct exchange_answer *answer, const char *text)
{
    size_t at = 0;
    for (; *text != '\0'; text++, at++) {
        while (at < answer->size && strchr(" \t\r\n", answer->body[at]) != NULL && answer->body[at] != '\0')
            at++;
        if (at == answer->size || answer->body[at] != *text)
            return false;
    }
    return true;
}

void candle_rows_init(struct candle_rows *rows, exchange_refused_fn refused, void *user)
{
    rows->passing = (struct passing){.refused = refused, .user = user};
    rows->count = 0;
}

int candle_rows_add(struct candle_rows *rows, int code, size_t row, const struct candle *candle)
{
    if (code == 0 && rows->count == EXCHANGE_CANDLES_MAX)
        code = error_set(ERROR_PROTOCOL, "more candles than can be asked for");
    if (code != 0)
        return pass_over(&rows->passing, code, row, "", candle->open_time_ms >= 0 ? candle->open_time_ms : -1);
    rows->candles[rows->count++] = *candle;
    rows->passing.good++;
    return 0;
}

int candle_rows_add_row(struct candle_rows *rows, size_t index, struct json_value row, size_t flag_column)
{
    struct candle candle = {.open_time_ms = -1};
    int code = read_candle_row(row, flag_column, &candle, NULL);
    return candle_rows_add(rows, code, index, &candle);
}

static void candle_rows_reverse(struct candle_rows *rows)
{
    for (size_t i = 0; i < rows->count / 2; i++) {
        struct candle first = rows->candles[i];
        rows->candles[i] = rows->candles[rows->count - 1 - i];
        rows->candles[rows->count - 1 - i] = first;
    }
}

/* By insertion: they stand in order, or nearly so. Those of one open time keep the order that they have. */
static void candle_rows_sort(struct candle_rows *rows)
{
    for (size_t i = 1; i < rows->count; i++) {
        struct candle row = rows->candles[i];
        size_t at = i;
        for (; at > 0 && rows->candles[at - 1].open_time_ms > row.open_time_ms; at--)
            rows->candles[at] = rows->candles[at - 1];
        rows->candles[at] = row;
    }
}

int candle_rows_hand_out(struct candle_rows *rows, exchange_candle_fn fn)
{
    if (rows->count > 0 && rows->candles[0].open_time_ms > rows->candles[rows->count - 1].open_time_ms)
        candle_rows_reverse(rows);
    candle_rows_sort(rows);
    for (size_t i = 0; i < rows->count; i++) {
        const struct candle *row = &rows->candles[i], *before = i > 0 ? &rows->candles[i - 1] : NULL;
        int code;
        if (before != NULL && row->open_time_ms == before->open_time_ms) {
            code = error_set(ERROR_PROTOCOL, "the open time %" PRId64 " twice", row->open_time_ms);
            code = pass_over(&rows->passing, code, i, "", row->open_time_ms);
        } else {
            code = fn(rows->passing.user, row);
        }
        if (code != 0)
            return code;
    }
    return 0;
}

const char *interval_spell(const struct interval_spelling *rows, uint32_t interval_s)
{
    for (; rows->text != NULL; rows++)
        if (rows->interval_s == interval_s)
            return rows->text;
    return NULL;
}

uint32_t interval_spelled(const struct interval_spelling *rows, const char *text)
{
    for (; rows->text != NULL; rows++)
        if (strcmp(rows->text, text) == 0)
            return rows->interval_s;
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
