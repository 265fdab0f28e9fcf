/* wick verify: whether the store is whole, and mending it. */
/* SPDX-License-Identifier: MIT */
#include "tools/verify/repair.h"

#include "lib/base/interval.h"
#include "lib/base/version.h"
#include "tools/common/database.h"
#include "tools/common/flags.h"
#include "tools/common/market_file.h"
#include "tools/common/stop.h"
#include "tools/common/time_text.h"
#include "tools/verify/source.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_DAMAGED = 1, STATUS_USAGE = 2 };

static const char usage_text[] =
    "usage: wick verify [FLAGS]\n\n"
    "Goes through every series of the store: holes and why they are, candles that cannot be true, damage of the database.\n"
    "docs/data.md lists what is looked for. It may run beside everything else.\n\n"
    "  --repair           take out what cannot be true (it is kept in the table candles_removed), ask the exchange for what is\n"
    "                     missing, record what it lacks too as absent, and verify again\n"
    "  --exchange-url URL where the exchange is (that of --exchange, else the configured one); its clock is asked, too\n"
    "  --exchange NAME    only series of this exchange\n"
    "  --symbol S         only series of this market\n"
    "  --interval I       only series of this interval\n"
    "  --now T            the exchange's time, ms or ISO 8601: candles that close later are told of. Without it, it is what\n"
    "                     the database knows of the exchange's clock, and of a real one not less than this machine's\n"
    "  --gaps             list the stretches without candles that are explained, too\n"
    "  --all              list all findings of a series, not the first 20 of each kind\n"
    "  --json             an array with an object a line\n"
    "  --database URL     sqlite:PATH or postgresql://...; or\n"
    "  --config FILE      the database of a configuration; or\n"
    "  --data DIR         that of `wick up` in a data directory (./data)\n\n"
    "Exit status: 0 nothing is wrong, 1 something is, or it failed, 2 usage, 4 bad configuration, 5 timed out.\n";

struct arguments {
    const char *exchange, *exchange_url, *symbol, *interval, *now;
    struct database_flags database;
    bool repair, gaps, all, json, help;
    uint32_t interval_s;
    int64_t now_ms;
};

static int read_arguments(int argc, char **argv, struct arguments *given)
{
    int operands = 0;
    const struct flag flags[] = {
        {"exchange", NULL, &given->exchange},
        {"exchange-url", NULL, &given->exchange_url},
        {"symbol", NULL, &given->symbol},
        {"interval", NULL, &given->interval},
        {"now", NULL, &given->now},
        {"database", NULL, &given->database.database},
        {"config", NULL, &given->database.config},
        {"data", NULL, &given->database.data},
        {"repair", &given->repair, NULL},
        {"gaps", &given->gaps, NULL},
        {"all", &given->all, NULL},
        {"json", &given->json, NULL},
        {"help", &given->help, NULL},
        {0},
    };
    int code = flags_read(flags, argc, argv, &operands);
    if (code == 0 && operands > 0)
        code = error_set(ERROR_ARGUMENT, "unexpected '%.60s'", argv[0]);
    if (code == 0 && given->interval != NULL)
        code = interval_from_name(given->interval, &given->interval_s);
    if (code == 0 && given->now != NULL && (code = time_read(given->now, &given->now_ms)) != 0)
        code = error_context(code, "--now");
    return code;
}

/* The time of the exchange itself, where it is told where that is. */
static int ask_time(const struct repair *repair, int64_t *now_ms)
{
    const struct source_options options = {
        .exchange = repair->main_exchange,
        .url = repair->exchange_url,
        .data_dir = repair->data_dir,
        .interrupted = repair->survey.interrupted,
    };
    struct source *source;
    int code = source_open(&source, &options);
    if (code != 0)
        return error_context(code, "ask the exchange for the time");
    *now_ms = source_now_ms(source);
    source_close(source);
    return 0;
}

static int mend(struct repair *repair, const char *url)
{
    struct store store;
    int code = database_open(&store, url);
    if (code != 0)
        return code;
    repair->store = &store;
    audit_close(repair->survey.audit); /* the store may have brought the schema up to date */
    repair->survey.audit = NULL;
    code = audit_open(&repair->survey.audit, url);
    if (code == 0)
        code = repair_run(repair);
    store_close(&store);
    return code;
}

/* What was simulated under a real exchange's name must not be mended with that exchange's candles. */
static int check_source(const struct arguments *given, const struct database_choice *choice)
{
    if (!given->repair || !choice->is_in_data_dir || given->exchange_url != NULL || !market_file_is_earlier(choice->data_dir))
        return 0;
    return error_set(ERROR_EXISTS, "%s holds simulated data that an earlier version stored as those of %s, which cannot be "
                     "asked for them; --exchange-url names another source", choice->data_dir, choice->exchange);
}

static int run(const struct arguments *given, const struct database_choice *choice, struct repair *repair)
{
    struct survey *survey = &repair->survey;
    int code = check_source(given, choice);
    repair->main_exchange = given->exchange != NULL ? given->exchange : choice->exchange;
    repair->exchange_url = given->exchange_url != NULL ? given->exchange_url : choice->exchange_url;
    repair->data_dir = choice->data_dir;
    if (code == 0 && given->exchange_url != NULL && given->now == NULL)
        code = ask_time(repair, &survey->now_ms);
    if (code == 0)
        code = audit_open(&survey->audit, choice->url);
    if (code == 0 && given->repair)
        code = mend(repair, choice->url);
    return code == 0 ? survey_run(survey) : code;
}

static int verify(const struct arguments *given)
{
    struct database_choice choice;
    struct progress progress;
    struct report report = {.json = given->json, .all = given->all, .gaps = given->gaps, .progress = &progress};
    struct repair repair = {
        .survey = {.filter = {.exchange = given->exchange, .symbol = given->symbol, .interval_s = given->interval_s},
                   .now_ms = given->now_ms, /* 0: it is not given */
                   .choice = &choice,
                   .progress = &progress,
                   .interrupted = stop_on_signals(),
                   .listener = report_listener(&report)},
        .report = &report,
    };
    progress_open(&progress, "verify");
    int code = database_choose(&given->database, &choice);
    if (code == 0)
        code = run(given, &choice, &repair);
    if (code == 0) {
        report_end(&report);
    } else {
        report_break_off(&report);
        (void)fprintf(stderr, "wick verify: %s\n", error_message());
    }
    audit_close(repair.survey.audit);
    return code != 0 ? status_of_code(code) : report.wrong > 0 ? STATUS_DAMAGED : 0;
}

int main(int argc, char **argv)
{
    struct arguments given = {0};
    int code = read_arguments(argc, argv, &given);
    if (version_asked(argc, argv))
        return 0;
    if (code != 0) {
        (void)fprintf(stderr, "wick verify: %s\n\n%s", error_message(), usage_text);
        return STATUS_USAGE;
    }
    if (given.help) {
        fputs(usage_text, stdout);
        return 0;
    }
    return verify(&given);
}
