/* Any text as a decimal: what is accepted has the value of a reader that goes digit by digit, and prints back. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/decimal.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The same number at scale 18 in 128 bits, read without looking at lib/base. False if the text is no decimal. */
static bool read_plainly(const char *text, size_t length, __int128 *out)
{
    bool negative = length > 0 && text[0] == '-';
    size_t i = negative, digits = 0, behind = 0;
    __int128 value = 0;
    bool point = false;
    for (; i < length && behind < 18; i++) {
        if (text[i] == '.' && !point && digits > 0) {
            point = true;
        } else if (isdigit((unsigned char)text[i])) {
            value = value * 10 + (text[i] - '0');
            digits++;
            behind += point;
        } else {
            return false;
        }
    }
    for (; i < length; i++) /* beyond 18 decimals only zeros are exact */
        if (text[i] != '0')
            return false;
    if (digits == 0 || (point && behind == 0))
        return false;
    for (; behind < 18; behind++)
        value *= 10;
    *out = negative ? -value : value;
    return true;
}

/* What is written with a power of ten is the double that strtod reads, but for its last digits. */
static void require_exponent(const char *text, size_t size, struct decimal value)
{
    char copy[64];
    if (size >= sizeof copy)
        return;
    memcpy(copy, text, size);
    copy[size] = '\0';
    double wanted = strtod(copy, NULL), got = decimal_to_double(value);
    if (fabs(got - wanted) > 1e-12 * fabs(wanted))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct decimal value, again;
    char text[DECIMAL_TEXT_SIZE];
    __int128 plain;
    if (decimal_parse_scientific((const char *)bytes, size, &value) < 0)
        return 0;
    bool has_exponent = memchr(bytes, 'e', size) != NULL || memchr(bytes, 'E', size) != NULL;
    if (has_exponent)
        require_exponent((const char *)bytes, size, value);
    else if (!read_plainly((const char *)bytes, size, &plain) ||
             plain != (__int128)value.mantissa * decimal_power_of_ten((uint8_t)(18 - value.scale)))
        abort();
    size_t length = decimal_print(value, text);
    if (decimal_parse(text, length, &again) < 0 || again.mantissa != value.mantissa || again.scale != value.scale)
        abort();
    return 0;
}
