/* The exchanges that Wick knows. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"

#include <stdio.h>
#include <string.h>

extern const struct exchange exchange_binance, exchange_bybit, exchange_coinbase, exchange_kraken, exchange_okx,
    exchange_simulated;

const struct exchange *const exchanges[] = {
    &exchange_binance,
    &exchange_kraken,
    &exchange_okx,
    &exchange_bybit,
    &exchange_coinbase,
    &exchange_simulated,
};

const size_t exchange_count = sizeof exchanges / sizeof exchanges[0];

bool exchange_has_interval(const struct exchange *exchange, uint32_t interval_s)
{
    for (const uint32_t *have = exchange->intervals; *have != 0; have++)
        if (*have == interval_s)
            return true;
    return false;
}

int exchange_find(const char *name, const struct exchange **out)
{
    char names[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < exchange_count; i++) {
        if (strcmp(exchanges[i]->name, name) == 0) {
            *out = exchanges[i];
            return 0;
        }
        int length = snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", exchanges[i]->name);
        if (length > 0 && (size_t)length < sizeof names - used)
            used += (size_t)length;
    }
    return error_set(ERROR_ARGUMENT, "unknown exchange '%s'; there are: %s", name, names);
}
