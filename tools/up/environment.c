/* What the plan settles is written first; what our own environment gave to other options follows. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/environment.h"

#include "tools/up/given.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLE_SIZE = 100 };

/* What programs need that is no option of ours. */
static const struct {
    const char *name;
    unsigned readers;
} inherited[] = {
    {"PATH", ~0u},
    {"HOME", ~0u},
    {"LANG", ~0u},
    {"TZ", ~0u},
    {"TMPDIR", ~0u},
    {"LD_LIBRARY_PATH", ~0u},
    {"ASAN_OPTIONS", ~0u},
    {"LSAN_OPTIONS", ~0u},
    {"UBSAN_OPTIONS", ~0u},
    {"TSAN_OPTIONS", ~0u},
    {"SSL_CERT_FILE", ROLE_BIT(FETCHER) | ROLE_BIT(TRADER)},
    {"https_proxy", ROLE_BIT(FETCHER) | ROLE_BIT(TRADER)},
    {"PGPASSFILE", ROLE_BIT(PERSISTER)},
    {"PGPASSWORD", ROLE_BIT(PERSISTER)},
    {"PGSSLROOTCERT", ROLE_BIT(PERSISTER)},
};

static void begin(struct strings *out)
{
    out->count = 0;
    out->used = 0;
    out->code = 0;
    out->strings[0] = NULL;
}

__attribute__((format(printf, 2, 3))) static void add(struct strings *out, const char *format, ...)
{
    size_t room = sizeof out->text - out->used;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out->text + out->used, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room || out->count == STRINGS_MAX) {
        out->code = error_set(ERROR_FULL, "a process needs more than %d bytes or %d strings of environment",
                              STRINGS_SIZE, STRINGS_MAX);
        return;
    }
    out->strings[out->count++] = out->text + out->used;
    out->strings[out->count] = NULL;
    out->used += (size_t)length + 1;
}

void strings_release(struct strings *strings)
{
    sodium_memzero(strings, sizeof *strings);
}

static void variable_of(const struct option_row *option, char out[VARIABLE_SIZE])
{
    int length = snprintf(out, VARIABLE_SIZE, "WICK_%s__%s", option->section, option->key);
    for (int i = 0; i < length && i < VARIABLE_SIZE - 1; i++)
        out[i] = (char)toupper((unsigned char)out[i]);
}

/* Adds an option with this value, if the role reads it. */
__attribute__((format(printf, 5, 6))) static void settle(struct strings *out, enum role role, const char *section,
                                                         const char *key, const char *format, ...)
{
    const struct option_row *option = option_named(section, key);
    char variable[VARIABLE_SIZE];
    char line[2 * FILE_PATH_SIZE];
    if ((option->readers & (1u << role)) == 0)
        return;
    variable_of(option, variable);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    add(out, "%s=%s", variable, line);
    sodium_memzero(line, sizeof line);
}

static void settle_places(const struct plan *plan, enum role role, int health_port, struct strings *out)
{
    static const char loopback[] = "127.0.0.1";
    settle(out, role, "process", "data_dir", "%s", plan->data_dir);
    settle(out, role, "process", "health_address", "%s", loopback);
    settle(out, role, "process", "health_port", "%d", health_port);
    settle(out, role, "links", "base_port", "%d", plan->links_port);
    settle(out, role, "links", "bind_address", "%s", loopback);
    settle(out, role, "links", "fetcher", "%s", loopback);
    settle(out, role, "links", "trader", "%s", loopback);
    settle(out, role, "links", "persister", "%s", loopback);
    settle(out, role, "dashboard", "port", "%d", plan->dashboard_port);
    if (plan->password_is_ours)
        settle(out, role, "dashboard", "password_hash", "%s", plan->password_hash);
    if (plan->database_url[0] != '\0')
        settle(out, role, "database", "url", "%s", plan->database_url);
}

static void settle_market(const struct plan *plan, enum role role, struct strings *out)
{
    const struct market *market = &plan->market;
    settle(out, role, "exchange", "name", "%s", market->exchange);
    settle(out, role, "exchange", "speed", "%" PRId64, market->speed);
    settle(out, role, "market", "intervals", "%s", market->intervals);
    settle(out, role, "market", "max_symbols", "%" PRId64, market->symbols);
    if (!market_is_simulated(market))
        return;
    settle(out, role, "exchange", "url", "http://127.0.0.1:%d", plan->simulator_port);
    if (!given(plan->config, "exchange", "stream_url"))
        settle(out, role, "exchange", "stream_url", "ws://127.0.0.1:%d/ws", plan->stream_port);
    settle(out, role, "exchange", "api_key", "%s", ""); /* a real key is not for the simulated exchange */
    settle(out, role, "exchange", "api_secret", "%s", "");
}

static bool is_settled(const struct strings *strings, const char *variable)
{
    size_t length = strlen(variable);
    for (int i = 0; i < strings->count; i++)
        if (strncmp(strings->strings[i], variable, length) == 0 && strings->strings[i][length] == '=')
            return true;
    return false;
}

/* Adds an option as our own configuration has it. */
static void pass_on(const struct config *config, const struct option_row *option, const char *variable,
                    struct strings *out)
{
    char *text = NULL;
    size_t size = 0;
    if (option_is_secret(option)) {
        const struct secret *secret = (const struct secret *)((const char *)config + option->offset);
        add(out, "%s=%s", variable, secret_reveal(secret));
        return;
    }
    FILE *stream = open_memstream(&text, &size);
    if (stream != NULL)
        config_print_value(config, option, stream);
    if (stream == NULL || fclose(stream) != 0)
        out->code = error_set(ERROR_MEMORY, "no memory for an environment");
    else
        add(out, "%s=%s", variable, text);
    free(text);
}

/* Whether a value came from our environment or our flags; the processes read the file themselves. */
static bool is_ours(const char *origin)
{
    return strncmp(origin, "environment ", 12) == 0 || strncmp(origin, "flag ", 5) == 0;
}

static void pass_on_given(const struct config *config, enum role role, struct strings *out)
{
    for (size_t i = 0; i < option_count; i++) {
        char variable[VARIABLE_SIZE];
        variable_of(&options[i], variable);
        if ((options[i].readers & (1u << role)) != 0 && !is_settled(out, variable) &&
            is_ours(config_origin(config, &options[i])))
            pass_on(config, &options[i], variable, out);
    }
}

int environment_build(const struct plan *plan, enum role role, int health_port, struct strings *out)
{
    begin(out);
    for (size_t i = 0; i < sizeof inherited / sizeof inherited[0]; i++) {
        const char *value = getenv(inherited[i].name);
        if (value != NULL && (inherited[i].readers & (1u << role)) != 0)
            add(out, "%s=%s", inherited[i].name, value);
    }
    if (role == ROLES)
        return out->code;
    if (plan->config_file[0] != '\0')
        add(out, "WICK_CONFIG=%s", plan->config_file);
    settle_places(plan, role, health_port, out);
    settle_market(plan, role, out);
    pass_on_given(plan->config, role, out);
    return out->code;
}

int simulator_arguments(const struct plan *plan, struct strings *out)
{
    const struct market *market = &plan->market;
    begin(out);
    add(out, "wick-simulator");
    add(out, "--port=%d", plan->simulator_port);
    add(out, "--stream-port=%d", plan->stream_port);
    if (market->kind == MARKET_REPLAYED) {
        add(out, "--replay=%s", market->replay_dir);
    } else {
        add(out, "--generate=%" PRId64, market->symbols);
        add(out, "--seed=%" PRIu64, market->seed);
        add(out, "--interval=%.*s", (int)strcspn(market->intervals, ","), market->intervals);
    }
    add(out, "--speed=%" PRId64, market->speed);
    if (market->origin_exchange_ms != 0)
        add(out, "--origin=%" PRId64 ":%" PRId64, market->origin_monotonic_ms, market->origin_exchange_ms);
    return out->code;
}
