/* SPDX-License-Identifier: MIT */
#include "tools/common/database.h"

#include "lib/base/clock.h"
#include "lib/base/decimal.h"
#include "lib/exchange/exchange.h"
#include "lib/runtime/config.h"
#include "tools/common/files.h"
#include "tools/common/market_file.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    WAIT_LONGEST_MS = 250,
    SILENT_MS = 2000, /* a wait that is longer is told of */
};

/* ---- which ---- */

static const char *origin_of(const struct config *config, const char *section, const char *key)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i].section, section) == 0 && strcmp(options[i].key, key) == 0)
            return config_origin(config, &options[i]);
    return "default";
}

static int copy(char *out, size_t capacity, const char *text, const char *what)
{
    size_t length = strlen(text);
    if (length >= capacity)
        return error_set(ERROR_RANGE, "%s is longer than %zu bytes", what, capacity - 1);
    memcpy(out, text, length + 1);
    return 0;
}

static bool is_given(const struct config *config, const char *section, const char *key)
{
    return strcmp(origin_of(config, section, key), "default") != 0;
}

/* Where nobody names a database, it is the file that `wick up` keeps in the data directory. */
static int choose_url(const struct database_flags *flags, const struct config *config, struct database_choice *out)
{
    if (flags->database != NULL)
        return copy(out->url, sizeof out->url, flags->database, "--database");
    if (flags->data == NULL && is_given(config, "database", "url"))
        return copy(out->url, sizeof out->url, secret_reveal(&config->database_url), "database.url");
    int length = snprintf(out->url, sizeof out->url, "sqlite:%s/wick.db", out->data_dir);
    return length < (int)sizeof out->url ? 0 : error_set(ERROR_RANGE, "the path of the data directory is too long");
}

/* Where nobody names an exchange, it is the one whose data the data directory holds, if that is what is worked on. */
static int choose_exchange(const struct database_flags *flags, const struct config *config, struct database_choice *out)
{
    bool elsewhere = flags->data == NULL && (flags->database != NULL || is_given(config, "database", "url"));
    out->exchange_is_of_data_dir = false;
    out->is_in_data_dir = !elsewhere && flags->database == NULL;
    int code = copy(out->exchange, sizeof out->exchange, config->exchange_name, "exchange.name");
    if (code != 0 || elsewhere || is_given(config, "exchange", "name"))
        return code;
    code = market_file_exchange(out->data_dir, out->exchange);
    out->exchange_is_of_data_dir = code == 0;
    return code == ERROR_MISSING ? 0 : code;
}

int database_choose(const struct database_flags *flags, struct database_choice *out)
{
    char program[] = "wick", flag[] = "--config", file[DATABASE_TEXT_SIZE] = "";
    char *arguments[] = {program, flag, file, NULL};
    struct config *config;
    int code = flags->config != NULL ? copy(file, sizeof file, flags->config, "--config") : 0;
    if (code == 0)
        code = config_load(EVERY_ROLE, flags->config != NULL ? 3 : 1, arguments, stderr, &config);
    if (code != 0)
        return code;
    const char *data = flags->data != NULL ? flags->data : config->process_data_dir;
    code = copy(out->data_dir, sizeof out->data_dir, data, "the data directory");
    if (code == 0)
        code = choose_exchange(flags, config, out);
    if (code == 0)
        code = copy(out->exchange_url, sizeof out->exchange_url, config->exchange_url, "exchange.url");
    if (code == 0)
        code = choose_url(flags, config, out);
    config_destroy(config);
    return code;
}

/* ---- an exchange's time ---- */

/* `wick up` keeps how far the clock of its simulated exchange has come. 0: there is none. */
static int64_t read_simulator_clock(const char *data_dir)
{
    char path[FILE_PATH_SIZE], line[DECIMAL_TEXT_SIZE];
    struct decimal time;
    bool is_there = file_path(data_dir, "simulator-clock", path) == 0 && file_read_line(path, line, sizeof line) == 0 &&
                    decimal_parse(line, strlen(line), &time) == 0 && time.scale == 0;
    return is_there ? time.mantissa : 0;
}

int database_exchange_now(struct audit *audit, const struct database_choice *choice, const char *exchange,
                          int64_t *now_ms)
{
    int64_t told_ms, kept_ms = choice->is_in_data_dir ? read_simulator_clock(choice->data_dir) : 0;
    int code = audit_exchange_clock(audit, exchange, &told_ms);
    if (code != 0)
        return code;
    bool is_own = kept_ms > 0 || strcmp(exchange, EXCHANGE_SIMULATED) == 0 ||
                  (choice->exchange_url[0] != '\0' && strcmp(exchange, choice->exchange) == 0);
    if (kept_ms > told_ms)
        told_ms = kept_ms;
    int64_t wall_ms = clock_wall_ms();
    *now_ms = told_ms > 0 && (is_own || told_ms > wall_ms) ? told_ms : wall_ms;
    return 0;
}

/* ---- waiting ---- */

/* Waits for whatever the store waits for, and lets it go on. */
static void turn(struct store *store)
{
    struct store_wait wait;
    store->kind->wait(store, &wait);
    int64_t left_ms = wait.deadline_ms == INT64_MAX ? WAIT_LONGEST_MS : wait.deadline_ms - clock_monotonic_ms();
    int timeout_ms = left_ms <= 0 ? 0 : left_ms < WAIT_LONGEST_MS ? (int)left_ms : WAIT_LONGEST_MS;
    struct pollfd descriptor = {
        .fd = wait.fd,
        .events = (short)((wait.read ? POLLIN : 0) | (wait.write ? POLLOUT : 0)),
    };
    (void)poll(&descriptor, 1, timeout_ms); /* a signal only makes it look earlier */
    store->kind->advance(store, clock_monotonic_ms());
}

/* How long something has been waited for. */
struct patience {
    int64_t began_ms;
    bool told;
};

/* Whether a wait has been long enough. Who waits for a program that is silent thinks that it hangs, so a longer wait is told
 * of, once. */
static bool is_over(struct patience *patience, const char *reason)
{
    int64_t waited_ms = clock_monotonic_ms() - patience->began_ms;
    if (!patience->told && waited_ms >= SILENT_MS) {
        (void)fprintf(stderr, "wick: %s; trying again for up to %d s\n", reason, DATABASE_PATIENCE_MS / 1000);
        patience->told = true;
    }
    return waited_ms >= DATABASE_PATIENCE_MS;
}

static int wait_ready(struct store *store, struct patience *patience)
{
    while (!store->kind->ready(store)) {
        if (is_over(patience, store->text))
            return error_set(ERROR_TIMEOUT, "the database is away since %d s: %s", DATABASE_PATIENCE_MS / 1000,
                             store->text);
        turn(store);
    }
    return 0;
}

/* What keeps a database from being reached now will keep it so for a minute: a wrong name, a wrong password, a folder
 * that is not there. A server is asked first, since its store tells nothing until it answers. What a server that answers
 * lacks, the schema, the store makes. */
static int reach(const char *url)
{
    struct audit *audit = NULL;
    int code = audit_open(&audit, url);
    if (code == 0)
        audit_close(audit);
    return code == ERROR_CONNECTION || code == ERROR_ARGUMENT ? code : 0;
}

int database_open(struct store *store, const char *url)
{
    struct patience patience = {.began_ms = clock_monotonic_ms()};
    bool is_file = strncmp(url, "sqlite:", strlen("sqlite:")) == 0;
    int code = is_file ? 0 : reach(url);
    if (code == 0)
        code = store_open(store, url);
    if (code != 0)
        return code;
    if (is_file && !store->kind->ready(store) && !store->is_held)
        code = error_set(ERROR_CONNECTION, "%s", store->text); /* a file is opened, or not, before store_open returns */
    if (code == 0)
        code = wait_ready(store, &patience);
    if (code != 0)
        store_close(store);
    return code;
}

struct finished {
    bool done;
    struct store_result result;
};

static void on_done(void *user, const struct store_result *result)
{
    struct finished *finished = user;
    finished->result = *result;
    finished->done = true;
}

int database_write(struct store *store, const struct store_batch *batch)
{
    struct patience patience = {.began_ms = clock_monotonic_ms()};
    for (;;) {
        struct finished finished = {0};
        int code = wait_ready(store, &patience);
        if (code != 0)
            return code;
        store->kind->write(store, batch, on_done, &finished);
        while (!finished.done)
            turn(store);
        if (finished.result.code != ERROR_CONNECTION)
            return finished.result.code == 0 ? 0 : error_set(finished.result.code, "%s", finished.result.message);
        if (is_over(&patience, finished.result.message))
            return error_set(ERROR_TIMEOUT, "nothing could be written for %d s: %s", DATABASE_PATIENCE_MS / 1000,
                             finished.result.message);
    }
}

int status_of_code(int code)
{
    switch (code) {
    case 0:
        return 0;
    case ERROR_ARGUMENT:
        return 2;
    case ERROR_CONFIGURATION:
        return 4;
    case ERROR_TIMEOUT:
        return 5;
    default:
        return 1;
    }
}
