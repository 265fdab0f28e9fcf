/* wick export: candles of the store into files. */
/* SPDX-License-Identifier: MIT */
#include "tools/data/export_file.h"

#include "lib/base/interval.h"
#include "lib/base/version.h"
#include "tools/common/database.h"
#include "tools/common/files.h"
#include "tools/common/flags.h"
#include "tools/common/stop.h"
#include "tools/common/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STATUS_USAGE = 2, SERIES_SHOWN = 50, SYMBOLS_MAX = 10000 };

static const char usage_text[] =
    "usage: wick export --symbol S[,S...] --interval I [FLAGS]\n\n"
    "Candles of the store as CSV: open_time_ms,open,high,low,close,volume, ascending, exact. What was imported comes out\n"
    "as it went in, and goes in again.\n\n"
    "  --symbol S[,S]     markets, as the exchange spells them\n"
    "  --interval I       1m, 5m, 1h ...\n"
    "  --from T           the first open time: ms since 1970, 2024-12-21 or 2024-12-21T12:30Z; the oldest\n"
    "  --to T             the time before which the last one opens; no end\n"
    "  --exchange NAME    whose candles; the configured exchange\n"
    "  --output FILE|DIR  a file, packed if its name ends with .gz, or a directory for files SYMBOL_INTERVAL.csv.gz;\n"
    "                     standard output\n"
    "  --format csv       the only one there is\n"
    "  --database URL     sqlite:PATH or postgresql://...; or\n"
    "  --config FILE      the database of a configuration; or\n"
    "  --data DIR         that of `wick up` in a data directory (./data)\n\n"
    "Exit status: 0 ok, 1 failed, 2 usage, 4 bad configuration, 5 timed out.\n";

struct arguments {
    const char *symbols, *interval, *from, *to, *exchange, *output, *format;
    struct database_flags database;
    bool help;
    uint32_t interval_s;
    struct export_range range;
};

/* The series that are wanted, and what else there is. */
struct choice {
    const struct arguments *given;
    const char *exchange;
    struct audit_series *wanted; /* in the order of the symbols; owned */
    size_t count;
    char existing[2048]; /* series that the store has, for a message */
    size_t existing_count;
};

/* ---- which series ---- */

static void note_existing(struct choice *choice, const struct audit_series *series)
{
    size_t used = strlen(choice->existing);
    const char *interval = interval_name((uint32_t)series->interval_s);
    if (choice->existing_count++ < SERIES_SHOWN)
        (void)snprintf(choice->existing + used, sizeof choice->existing - used, "\n  %s %s %s", series->exchange,
                       series->symbol, interval != NULL ? interval : "?");
}

static int take_series(void *user, const struct audit_series *series)
{
    struct choice *choice = user;
    note_existing(choice, series);
    if (strcmp(series->exchange, choice->exchange) != 0 || series->interval_s != choice->given->interval_s)
        return 0;
    for (size_t i = 0; i < choice->count; i++)
        if (strcmp(choice->wanted[i].symbol, series->symbol) == 0)
            choice->wanted[i] = *series;
    return 0;
}

static int split_symbols(struct choice *choice)
{
    choice->wanted = calloc(SYMBOLS_MAX, sizeof *choice->wanted);
    if (choice->wanted == NULL)
        return error_set(ERROR_MEMORY, "no memory for the list of symbols");
    for (const char *at = choice->given->symbols; *at != '\0';) {
        size_t length = strcspn(at, ",");
        if (length == 0 || length >= SYMBOL_SIZE || choice->count == SYMBOLS_MAX)
            return error_set(ERROR_ARGUMENT, "--symbol '%.60s', expected names of up to %d letters, with commas between",
                             at, SYMBOL_SIZE - 1);
        struct audit_series *series = &choice->wanted[choice->count++];
        series->id = -1;
        memcpy(series->symbol, at, length);
        at += length + (at[length] == ',');
    }
    return 0;
}

static int find_series(struct audit *audit, struct choice *choice)
{
    int code = split_symbols(choice);
    if (code == 0)
        code = audit_list_series(audit, take_series, choice);
    for (size_t i = 0; i < choice->count && code == 0; i++)
        if (choice->wanted[i].id < 0)
            code = error_set(ERROR_MISSING, "the store has no series %s %s %s%s%.600s%s", choice->exchange,
                             choice->wanted[i].symbol, choice->given->interval,
                             choice->existing_count > 0 ? "; it has" : ", nor any other", choice->existing,
                             choice->existing_count > SERIES_SHOWN ? "\n  ..." : "");
    return code;
}

/* ---- where to ---- */

static bool is_directory(const char *path)
{
    struct stat status;
    size_t length = strlen(path);
    return (length > 0 && path[length - 1] == '/') || (stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

/* The path of a series' file; NULL: standard output. */
static int choose_path(const struct arguments *given, const struct audit_series *series, char path[FILE_PATH_SIZE],
                       const char **out)
{
    char name[SYMBOL_SIZE + 32];
    *out = given->output;
    if (given->output == NULL || !is_directory(given->output))
        return 0;
    if (series->symbol[0] == '.' || strchr(series->symbol, '/') != NULL)
        return error_set(ERROR_ARGUMENT, "the symbol %s makes no name of a file; give one with --output", series->symbol);
    (void)snprintf(name, sizeof name, "%s_%s.csv.gz", series->symbol, given->interval);
    int code = directory_create(given->output);
    if (code == 0)
        code = file_path(given->output, name, path);
    *out = path;
    return code;
}

static int export_all(struct audit *audit, const struct choice *choice)
{
    const volatile sig_atomic_t *interrupted = stop_on_signals();
    char path[FILE_PATH_SIZE];
    const char *file;
    int code = audit_begin(audit);
    for (size_t i = 0; i < choice->count && code == 0; i++) {
        const struct audit_series *series = &choice->wanted[i];
        int64_t rows = 0;
        code = choose_path(choice->given, series, path, &file);
        if (code == 0)
            code = export_file(audit, series, &choice->given->range, file, interrupted, &rows);
        if (code == 0 && file != NULL)
            (void)fprintf(stderr, "%s: %" PRId64 " rows\n", file, rows);
    }
    return code == 0 ? audit_end(audit) : code;
}

static int open_and_export(const struct arguments *given)
{
    struct database_choice database;
    struct audit *audit = NULL;
    struct choice choice = {.given = given};
    int code = database_choose(&given->database, &database);
    if (code == 0)
        code = audit_open(&audit, database.url);
    if (code == 0) {
        choice.exchange = given->exchange != NULL ? given->exchange : database.exchange;
        code = find_series(audit, &choice);
    }
    if (code == 0 && choice.count > 1 && (given->output == NULL || !is_directory(given->output)))
        code = error_set(ERROR_ARGUMENT, "several symbols need a directory: --output DIR/");
    if (code == 0)
        code = export_all(audit, &choice);
    audit_close(audit);
    free(choice.wanted);
    return code;
}

/* ---- arguments ---- */

static int read_arguments(int argc, char **argv, struct arguments *given)
{
    int operands = 0;
    const struct flag flags[] = {
        {"symbol", NULL, &given->symbols},
        {"interval", NULL, &given->interval},
        {"from", NULL, &given->from},
        {"to", NULL, &given->to},
        {"exchange", NULL, &given->exchange},
        {"output", NULL, &given->output},
        {"format", NULL, &given->format},
        {"database", NULL, &given->database.database},
        {"config", NULL, &given->database.config},
        {"data", NULL, &given->database.data},
        {"help", &given->help, NULL},
        {0},
    };
    given->range = (struct export_range){.from_ms = 0, .to_ms = INT64_MAX};
    int code = flags_read(flags, argc, argv, &operands);
    if (code != 0 || given->help)
        return code;
    if (operands > 0)
        return error_set(ERROR_ARGUMENT, "unexpected '%.60s'", argv[0]);
    if (given->symbols == NULL || given->interval == NULL)
        return error_set(ERROR_ARGUMENT, "--symbol and --interval are needed");
    if (given->format != NULL && strcmp(given->format, "csv") != 0)
        return error_set(ERROR_ARGUMENT, "--format '%.40s', expected csv", given->format);
    code = interval_from_name(given->interval, &given->interval_s);
    if (code == 0 && given->from != NULL && (code = time_read(given->from, &given->range.from_ms)) != 0)
        return error_context(code, "--from");
    if (code == 0 && given->to != NULL && (code = time_read(given->to, &given->range.to_ms)) != 0)
        return error_context(code, "--to");
    return code;
}

int main(int argc, char **argv)
{
    struct arguments given = {0};
    int code = read_arguments(argc, argv, &given);
    if (version_asked(argc, argv))
        return 0;
    if (code != 0) {
        (void)fprintf(stderr, "wick export: %s\n\n%s", error_message(), usage_text);
        return STATUS_USAGE;
    }
    if (given.help) {
        fputs(usage_text, stdout);
        return 0;
    }
    code = open_and_export(&given);
    if (code != 0)
        (void)fprintf(stderr, "wick export: %s\n", error_message());
    return status_of_code(code);
}
