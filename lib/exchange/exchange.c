/* The exchanges that Wick knows. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"

#include "lib/base/similar.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EXCHANGE(name, separator) extern const struct exchange exchange_##name;
#include "proto/exchanges.def"
#undef EXCHANGE

const struct exchange *const exchanges[] = {
#define EXCHANGE(name, separator) &exchange_##name,
#include "proto/exchanges.def"
#undef EXCHANGE
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
    char names[256] = "", hint[80];
    size_t used = 0;
    struct similar similar = {.wrong = name};
    for (size_t i = 0; i < exchange_count; i++) {
        if (strcasecmp(exchanges[i]->name, name) == 0) {
            *out = exchanges[i];
            return 0;
        }
        similar_offer(&similar, exchanges[i]->name);
        int length = snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", exchanges[i]->name);
        if (length > 0 && (size_t)length < sizeof names - used)
            used += (size_t)length;
    }
    return error_set(ERROR_ARGUMENT, "unknown exchange '%.40s'%s; there are: %s", name,
                     similar_hint(&similar, hint, sizeof hint), names);
}
