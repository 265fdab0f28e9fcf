/* Metrics and error codes, for people. */
/* SPDX-License-Identifier: MIT */
#include "tools/pages/pages.h"

#include "lib/base/error.h"
#include "lib/runtime/config.h"
#include "proto/links.h"

static const struct {
    const char *name, *type, *sentence;
    unsigned roles;
} metrics[] = {
#define COUNTER "counter"
#define GAUGE "gauge"
#define METRIC(name, type, roles, sentence) {"wick_" #name, type, sentence, roles},
#include "lib/runtime/metrics.def"
#undef METRIC
#undef COUNTER
#undef GAUGE
};

void metrics_print_page(FILE *out)
{
    (void)fputs("# Metrics\n\n"
                "Printed from `lib/runtime/metrics.def` (`wick-pages metrics`). Every process serves them as Prometheus text\n"
                "at `/metrics` on its health port. Counters begin at 0 when a process starts.\n\n"
                "| metric | type | of | what it counts |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        (void)fprintf(out, "| `%s` | %s | ", metrics[i].name, metrics[i].type);
        print_roles(metrics[i].roles, out);
        (void)fprintf(out, " | %s |\n", metrics[i].sentence);
    }
}

static const int error_codes[] = {
#define ERROR(name, value, sentence) value,
#include "lib/base/errors.def"
#undef ERROR
};

void errors_print_page(FILE *out)
{
    (void)fputs("# Errors\n\n"
                "Printed from `lib/base/errors.def` (`wick-pages errors`). Library code returns one of these codes with a\n"
                "message that says what was being done; processes log it once.\n\n"
                "| code | name | what it means |\n|---|---|---|\n", out);
    for (size_t i = 0; i < sizeof error_codes / sizeof error_codes[0]; i++)
        (void)fprintf(out, "| %d | `%s` | %s |\n", error_codes[i], error_name(error_codes[i]),
                      error_sentence(error_codes[i]));
    (void)fputs("\nExit status of every program:\n\n"
                "| status | what it means |\n|---|---|\n"
                "| 0 | it worked |\n| 1 | it failed; the last lines say why |\n| 2 | usage: an unknown verb or option |\n"
                "| 3 | nothing runs |\n| 4 | the configuration is not usable |\n| 5 | it took too long |\n", out);
}
