/* What the adapters' readers are made of. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/read.h"

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
