/* wick exchanges: what can be followed. */
/* SPDX-License-Identifier: MIT */
#include "lib/exchange/exchange.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_USAGE = 2 };

static void print_text(void)
{
    printf("%-16s %-40s %s\n", "exchange", "address", "request weight a minute");
    for (size_t i = 0; i < exchange_count; i++)
        printf("%-16s %-40s %d\n", exchanges[i]->name, exchanges[i]->base_url, exchanges[i]->weight_limit);
}

static void print_json(void)
{
    printf("[");
    for (size_t i = 0; i < exchange_count; i++)
        printf("%s{\"name\": \"%s\", \"base_url\": \"%s\", \"weight_limit\": %d}", i > 0 ? ", " : "",
               exchanges[i]->name, exchanges[i]->base_url, exchanges[i]->weight_limit);
    printf("]\n");
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        print_text();
    } else if (argc == 2 && strcmp(argv[1], "--json") == 0) {
        print_json();
    } else {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: wick exchanges [--json]\n", help ? stdout : stderr);
        return help ? 0 : STATUS_USAGE;
    }
    return 0;
}
