/* wick import: candles from files into the store. */
/* SPDX-License-Identifier: MIT */
#include "tools/data/import_file.h"

#include "lib/base/interval.h"
#include "lib/base/version.h"
#include "lib/exchange/exchange.h"
#include "tools/common/database.h"
#include "tools/common/files.h"
#include "tools/common/flags.h"
#include "tools/common/market_file.h"
#include "tools/common/stop.h"
#include "tools/data/candle_source.h"
#include "tools/data/file_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

static const char usage_text[] =
    "usage: wick import [FLAGS] FILE|DIR...\n\n"
    "Candles from files into the store: CSV, plain, gzip or zip, with Wick's own columns (open_time_ms,open,high,low,close,\n"
    "volume) or those of Binance's public dumps. It may run beside everything else, and as often as one likes: what is\n"
    "stored already is passed over.\n\n"
    "  --exchange NAME    whose candles they are; the configured exchange, else the data directory's\n"
    "  --symbol S         the market, where the files' names do not tell (BTCUSDT_1m.csv.gz, BTCUSDT-1m-2024-12.csv)\n"
    "  --interval I       likewise: 1m, 5m, 1h ...\n"
    "  --no-absences      do not record the times that a file lacks between two of its rows\n"
    "  --sparse           the files lack most times: do not refuse them as candles of a longer interval\n"
    "  --database URL     sqlite:PATH or postgresql://...; or\n"
    "  --config FILE      the database of a configuration; or\n"
    "  --data DIR         that of `wick up` in a data directory (./data)\n"
    "  --json             the numbers as JSON\n\n"
    "Exit status: 0 ok, 1 a file or a row was refused, 2 usage, 4 bad configuration, 5 the database stayed away.\n";

struct arguments {
    const char *exchange, *symbol, *interval;
    struct database_flags database;
    bool no_absences, sparse, json, help;
    uint32_t interval_s; /* of --interval; 0: the names tell */
};

/* ---- telling ---- */

/* "; times in nanoseconds", unless all are in ms. */
static void print_units(const struct import_counts *counts)
{
    const char *before = "; times in ";
    if (counts->units[UNIT_S] + counts->units[UNIT_US] + counts->units[UNIT_NS] == 0)
        return;
    for (int i = 0; i < TIME_UNITS; i++) {
        if (counts->units[i] == 0)
            continue;
        printf("%s%s", before, time_unit_names[i]);
        before = " and ";
    }
}

static void print_counts(const char *what, const struct import_counts *counts)
{
    printf("%s: %" PRId64 " rows, %" PRId64 " new, %" PRId64 " changed, %" PRId64 " unchanged, %" PRId64 " refused; %" PRId64
           " candles missing in %" PRId64 " gaps, %" PRId64 " recorded as absent",
           what, counts->rows, counts->added, counts->changed, counts->unchanged, counts->refused, counts->gap_candles,
           counts->gaps, counts->absent_candles);
    if (counts->rounded > 0)
        printf("; %" PRId64 " volumes rounded to %d decimals", counts->rounded, DECIMAL_SCALE_MAX);
    print_units(counts);
    if (counts->turned > 0)
        printf("; newest first, turned round");
    printf("\n");
}

static void print_json(const struct import_counts *sum, size_t files, size_t failed)
{
    printf("{\"files\": %zu, \"failed\": %zu, \"rows\": %" PRId64 ", \"new\": %" PRId64 ", \"changed\": %" PRId64
           ", \"unchanged\": %" PRId64 ", \"refused\": %" PRId64 ", \"gaps\": %" PRId64 ", \"gap_candles\": %" PRId64
           ", \"absent_candles\": %" PRId64 ", \"rounded\": %" PRId64 "}\n",
           files, failed, sum->rows, sum->added, sum->changed, sum->unchanged, sum->refused, sum->gaps, sum->gap_candles,
           sum->absent_candles, sum->rounded);
}

/* ---- the work ---- */

static int import_one(const struct import *import, const struct arguments *given, const struct listed_file *file,
                      struct import_counts *counts)
{
    char symbol[SYMBOL_SIZE] = "";
    uint32_t interval_s = given->interval_s;
    int code = 0;
    if (given->symbol == NULL || interval_s == 0)
        code = candle_source_name(file->path, given->symbol == NULL ? symbol : NULL, interval_s == 0 ? &interval_s : NULL);
    if (code != 0)
        return code;
    return import_file(import, file, given->symbol != NULL ? given->symbol : symbol, interval_s, counts);
}

/* Imports the files one by one. One that fails does not stop the others; a database that stays away does. */
static int import_all(struct import *import, const struct arguments *given, const struct file_list *list)
{
    struct import_counts sum = {0};
    size_t failed = 0, done = 0;
    int code = 0;
    for (size_t i = 0; i < list->count && code != ERROR_AGAIN && code != ERROR_TIMEOUT; i++) {
        struct import_counts counts = {0};
        code = *import->interrupted != 0 ? error_set(ERROR_AGAIN, "interrupted")
                                         : import_one(import, given, &list->files[i], &counts);
        progress_erase(import->progress);
        import_counts_add(&sum, &counts);
        import->bytes_before += list->files[i].size;
        if (code != 0)
            (void)fprintf(stderr, "wick import: %s\n", error_message());
        if (!given->json && (code == 0 || counts.rows > 0))
            print_counts(list->files[i].path, &counts);
        failed += code != 0;
        done += code == 0;
    }
    if (code == ERROR_AGAIN)
        (void)fputs("wick import: what was read is stored; the same command goes on from there\n", stderr);
    if (given->json)
        print_json(&sum, done, failed);
    else
        print_counts("all", &sum);
    if (code == ERROR_TIMEOUT)
        return status_of_code(code);
    return failed > 0 || sum.refused > 0 ? STATUS_FAILED : 0;
}

/* A database that is named by its path may be that of a data directory all the same: its `market` lies beside it. */
static int check_neighbour(const char *url, const char *exchange)
{
    static const char scheme[] = "sqlite:", name[] = "/wick.db";
    char held[MARKET_FILE_SIZE], directory[DATABASE_URL_SIZE];
    size_t length = strlen(url);
    if (strncmp(url, scheme, strlen(scheme)) != 0 || length < strlen(scheme) + strlen(name) ||
        strcmp(url + length - strlen(name), name) != 0)
        return 0;
    (void)snprintf(directory, sizeof directory, "%.*s", (int)(length - strlen(scheme) - strlen(name)), url + strlen(scheme));
    int code = market_file_read(directory, held);
    return code == 0 ? market_file_tie_exchange(directory, exchange) : code == ERROR_MISSING ? 0 : code;
}

/* A data directory is made where there is none, and holds the candles of one exchange. */
static int open_data_dir(const struct database_choice *choice, const char *exchange)
{
    if (!choice->is_in_data_dir)
        return check_neighbour(choice->url, exchange);
    if (choice->exchange_is_of_data_dir && exchange == choice->exchange && strcmp(exchange, EXCHANGE_SIMULATED) == 0)
        return error_set(ERROR_EXISTS, "%s holds the data of the exchange %s; give another --data for the candles of a real "
                         "one, or --exchange %s if these are simulated too", choice->data_dir, exchange, exchange);
    int code = directory_create(choice->data_dir);
    return code == 0 ? market_file_tie_exchange(choice->data_dir, exchange) : code;
}

static int open_database(struct import *import, const struct database_choice *choice)
{
    int code = open_data_dir(choice, import->exchange);
    if (code != 0)
        return code;
    code = database_open(import->store, choice->url);
    if (code == 0)
        code = audit_open(&import->audit, choice->url);
    return code == 0 ? database_exchange_now(import->audit, choice, import->exchange, &import->now_ms) : code;
}

static int open_and_import(const struct arguments *given, const struct file_list *list)
{
    struct database_choice choice;
    struct store store = {0};
    struct progress progress;
    struct import import = {
        .store = &store,
        .absences = !given->no_absences,
        .is_sparse = given->sparse,
        .bytes_all = list->size,
        .progress = &progress,
    };
    int code = database_choose(&given->database, &choice);
    import.exchange = given->exchange != NULL ? given->exchange : choice.exchange;
    if (code == 0)
        code = open_database(&import, &choice);
    int status = status_of_code(code);
    if (code == 0) {
        import.interrupted = stop_on_signals();
        progress_open(&progress, "import");
        status = import_all(&import, given, list);
    } else {
        (void)fprintf(stderr, "wick import: %s\n", error_message());
    }
    audit_close(import.audit);
    store_close(&store);
    return status;
}

/* ---- arguments ---- */

static int check_name(const char *flag, const char *name, size_t capacity, bool is_symbol)
{
    size_t length = name != NULL ? strlen(name) : 1;
    bool fits = length > 0 && length < capacity;
    for (size_t i = 0; name != NULL && fits && i < length; i++)
        fits = is_symbol ? csv_is_symbol_letter(name[i]) : name[i] > ' ' && name[i] < 127 && name[i] != '"' && name[i] != '\\';
    return fits ? 0 : error_set(ERROR_ARGUMENT, "%s '%.60s', expected 1 to %zu letters, digits or - . _", flag, name,
                                capacity - 1);
}

static int read_arguments(int argc, char **argv, struct arguments *given, int *operands)
{
    const struct flag flags[] = {
        {"exchange", NULL, &given->exchange},
        {"symbol", NULL, &given->symbol},
        {"interval", NULL, &given->interval},
        {"database", NULL, &given->database.database},
        {"config", NULL, &given->database.config},
        {"data", NULL, &given->database.data},
        {"no-absences", &given->no_absences, NULL},
        {"sparse", &given->sparse, NULL},
        {"json", &given->json, NULL},
        {"help", &given->help, NULL},
        {0},
    };
    int code = flags_read(flags, argc, argv, operands);
    if (code == 0)
        code = check_name("--exchange", given->exchange, NAME_SIZE, false);
    if (code == 0)
        code = check_name("--symbol", given->symbol, SYMBOL_SIZE, true);
    if (code == 0 && given->interval != NULL)
        code = interval_from_name(given->interval, &given->interval_s);
    if (code == 0 && *operands == 0 && !given->help)
        code = error_set(ERROR_ARGUMENT, "no file is named");
    return code;
}

int main(int argc, char **argv)
{
    struct arguments given = {0};
    struct file_list list = {0};
    int operands = 0, code = read_arguments(argc, argv, &given, &operands), status = STATUS_FAILED;
    if (version_asked(argc, argv))
        return 0;
    if (code != 0) {
        (void)fprintf(stderr, "wick import: %s\n\n%s", error_message(), usage_text);
        return STATUS_USAGE;
    }
    if (given.help) {
        fputs(usage_text, stdout);
        return 0;
    }
    for (int i = 0; i < operands && code == 0; i++)
        code = file_list_add(&list, argv[i]);
    if (code == 0)
        status = open_and_import(&given, &list);
    else
        (void)fprintf(stderr, "wick import: %s\n", error_message());
    file_list_release(&list);
    return status;
}
