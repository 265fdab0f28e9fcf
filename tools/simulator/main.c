/* The program wick-simulator: its command line, its market, its loop. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/clock.h"
#include "lib/base/decimal.h"
#include "lib/base/interval.h"
#include "lib/base/log.h"
#include "lib/base/version.h"
#include "tools/simulator/generate.h"
#include "tools/simulator/options.h"
#include "tools/simulator/replay.h"
#include "tools/simulator/streams.h"

#include <malloc.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIGURATION = 4 };

/* The options as numbers. */
struct settings {
    int64_t symbols, seed, port, fault_delay_ms;
    int64_t start_ms; /* -1: not given */
    int64_t stream_port, stream_lifetime_s;
    int64_t ban[2], limit[2], list[2], delist[2], halt[3]; /* by the names of their options; zeroed: nothing is planned */
    uint32_t interval_s;
    bool has_origin;
};

static int read_integer(const char *name, const char *text, int64_t least, int64_t most, int64_t *out)
{
    struct decimal value;
    if (text == NULL)
        return 0;
    if (decimal_parse(text, strlen(text), &value) != 0 || value.scale != 0 || value.mantissa < least ||
        value.mantissa > most)
        return error_set(ERROR_ARGUMENT, "--%s '%.40s', expected a whole number from %lld to %lld", name, text,
                         (long long)least, (long long)most);
    *out = value.mantissa;
    return 0;
}

static int read_numbers(const struct simulator_options *options, struct settings *settings,
                        struct simulator *simulator, int64_t *fault_seed)
{
    const struct {
        const char *name, *text;
        int64_t least, most, *out;
    } rows[] = {
        {"generate", options->generate, 1, GENERATE_SYMBOLS_MAX, &settings->symbols},
        {"seed", options->seed, 0, INT64_MAX, &settings->seed},
        {"start", options->start, 0, INT64_MAX / 4, &settings->start_ms},
        {"port", options->port, 0, 65535, &settings->port},
        {"fault-delay-ms", options->fault_delay_ms, 1, 600000, &settings->fault_delay_ms},
        {"fault-seed", options->fault_seed, 0, INT64_MAX, fault_seed},
        {"stream-port", options->stream_port, 0, 65535, &settings->stream_port},
        {"stream-fault-ms", options->stream_fault_ms, 1, 86400000, &simulator->stream_fault_ms},
        {"stream-lifetime", options->stream_lifetime, 1, 100 * 86400, &settings->stream_lifetime_s},
        {"clock-offset-ms", options->clock_offset_ms, -86400000, 86400000, &simulator->clock.offset_ms},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int code = read_integer(rows[i].name, rows[i].text, rows[i].least, rows[i].most, rows[i].out);
        if (code != 0)
            return code;
    }
    return 0;
}

/* Reads least to most whole numbers with colons between them: seconds after the start, then counts or lengths. */
static int read_plan(const char *name, const char *text, const char *form, size_t least, size_t most, int64_t *out)
{
    enum { NUMBER_MAX = 1000000000 };
    size_t count = 0;
    bool good = true;
    for (const char *at = text; good && at != NULL && count < most;) {
        size_t length = strcspn(at, ":");
        struct decimal value;
        good = decimal_parse(at, length, &value) == 0 && value.scale == 0 && value.mantissa >= (count == 0 ? 0 : 1) &&
               value.mantissa <= NUMBER_MAX;
        out[count++] = good ? value.mantissa : 0;
        at = at[length] == ':' ? at + length + 1 : NULL;
        good = good && (at == NULL || count < most);
    }
    if (good && count >= least)
        return 0;
    return error_set(ERROR_ARGUMENT, "--%s '%.40s', expected %s", name, text, form);
}

static int read_plans(const struct simulator_options *options, struct settings *settings)
{
    const struct {
        const char *name, *text, *form;
        size_t least, most;
        int64_t *out;
    } rows[] = {
        {"ban-at", options->ban_at, "SECONDS:LENGTH", 2, 2, settings->ban},
        {"limit-at", options->limit_at, "SECONDS:LENGTH", 2, 2, settings->limit},
        {"list-at", options->list_at, "SECONDS:COUNT", 2, 2, settings->list},
        {"delist-at", options->delist_at, "SECONDS:COUNT", 2, 2, settings->delist},
        {"halt-at", options->halt_at, "SECONDS:COUNT[:LENGTH]", 2, 3, settings->halt},
    };
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].text != NULL)
            code = read_plan(rows[i].name, rows[i].text, rows[i].form, rows[i].least, rows[i].most, rows[i].out);
    return code;
}

/* Everything of the command line that does not need the market. */
static int read_settings(const struct simulator_options *options, struct settings *settings,
                         struct simulator *simulator)
{
    int64_t fault_seed = 0;
    if ((options->replay == NULL) == (options->generate == NULL))
        return error_set(ERROR_ARGUMENT, "expected one of --replay DIR and --generate N");
    int code = read_numbers(options, settings, simulator, &fault_seed);
    if (code == 0)
        code = interval_from_name(options->interval, &settings->interval_s);
    if (code == 0)
        code = exchange_clock_read_speed(options->speed, &simulator->clock.speed_thousandths);
    if (code == 0 && options->origin != NULL)
        code = exchange_clock_read_origin(options->origin, &simulator->clock.origin_monotonic_ms,
                                          &simulator->clock.origin_exchange_ms);
    if (code == 0 && options->fault != NULL)
        code = faults_read(options->fault, &simulator->faults);
    if (code == 0)
        code = read_plans(options, settings);
    settings->has_origin = options->origin != NULL;
    simulator->faults.state = (uint64_t)fault_seed;
    simulator->fault_delay_ms = (int)settings->fault_delay_ms;
    simulator->stream_lifetime_ms = settings->stream_lifetime_s * 1000;
    return code;
}

/* Where the exchange's clock starts, if the command line says so; -1: where the market says. */
static int64_t given_start(const struct settings *settings, const struct simulator *simulator)
{
    return settings->has_origin ? simulator->clock.origin_exchange_ms : settings->start_ms;
}

static int open_market(const struct simulator_options *options, const struct settings *settings,
                       struct simulator *simulator)
{
    if (options->replay != NULL)
        return replay_open(options->replay, stderr, &simulator->market);
    int64_t start_ms = given_start(settings, simulator);
    if (start_ms < 0)
        start_ms = interval_open_time(settings->interval_s, clock_wall_ms());
    const struct generate_options generate = {.symbols = (size_t)settings->symbols,
                                              .seed = (uint64_t)settings->seed,
                                              .interval_s = settings->interval_s,
                                              .start_ms = start_ms};
    return generate_open(&generate, &simulator->market);
}

static void plan_weight(const struct settings *settings, int64_t start_ms, struct weight_meter *weight)
{
    if (settings->ban[1] > 0) {
        weight->planned_ban_ms = start_ms + settings->ban[0] * 1000;
        weight->planned_ban_end_ms = weight->planned_ban_ms + settings->ban[1] * 1000;
    }
    if (settings->limit[1] > 0) {
        weight->planned_limit_ms = start_ms + settings->limit[0] * 1000;
        weight->planned_limit_end_ms = weight->planned_limit_ms + settings->limit[1] * 1000;
    }
}

static void plan_market(const struct settings *settings, int64_t start_ms, struct market_changes *changes)
{
    changes->listed = (size_t)settings->list[1];
    changes->list_ms = start_ms + settings->list[0] * 1000;
    changes->delisted = (size_t)settings->delist[1];
    changes->delist_ms = start_ms + settings->delist[0] * 1000;
    changes->halted = (size_t)settings->halt[1];
    changes->halt_ms = start_ms + settings->halt[0] * 1000;
    changes->halt_end_ms = settings->halt[2] > 0 ? changes->halt_ms + settings->halt[2] * 1000 : INT64_MAX;
}

/* At least one symbol must be left alone. */
static int check_counts(const struct settings *settings, const struct market *market)
{
    int64_t changed = settings->list[1] + settings->delist[1] + settings->halt[1];
    if (changed < (int64_t)market->symbol_count)
        return 0;
    return error_set(ERROR_ARGUMENT, "--list-at, --delist-at and --halt-at name %lld symbols, expected fewer than the %zu "
                                     "of the market",
                     (long long)changed, market->symbol_count);
}

static void start_clock(const struct settings *settings, struct simulator *simulator)
{
    struct exchange_clock *clock = &simulator->clock;
    if (!settings->has_origin) {
        clock->origin_monotonic_ms = clock_monotonic_ms();
        clock->origin_exchange_ms = settings->start_ms >= 0 ? settings->start_ms : simulator->market->start_ms;
    }
    plan_weight(settings, clock->origin_exchange_ms, &simulator->weight);
    plan_market(settings, clock->origin_exchange_ms, &simulator->market->changes);
    simulator->market->changes.revise_ppm = simulator->faults.rates[FAULT_revise];
    simulator->market->changes.revise_seed = simulator->faults.state;
}

static int serve(const struct simulator_options *options, const struct settings *settings, struct simulator *simulator)
{
    struct loop *loop = loop_create();
    if (loop == NULL)
        return ERROR_MEMORY;
    int code = journal_open(&simulator->journal, options->journal);
    if (code == 0)
        code = simulator_open(simulator, loop, options->address, (int)settings->port,
                              (int)settings->stream_port);
    if (code == 0) {
        log_info("ready", log_int("port", http_server_port(simulator->server)),
                 log_int("stream_port", streams_port(simulator->streams)),
                 log_text("market", simulator->market->kind->name),
                 log_int("symbols", (int64_t)simulator->market->symbol_count),
                 log_text("interval", interval_name(simulator->market->interval_s)),
                 log_int("origin_monotonic_ms", simulator->clock.origin_monotonic_ms),
                 log_int("origin_exchange_ms", simulator->clock.origin_exchange_ms));
        code = loop_run(loop);
    }
    if (code != 0)
        log_error("failed", log_text("reason", error_message()));
    simulator_close(simulator);
    loop_destroy(loop);
    return code;
}

static int fail(int status)
{
    (void)fprintf(stderr, "wick-simulator: %s\n", error_message());
    return status;
}

/* Gives large answers back to the system when they were sent, so that a burst of history does not stay in memory. */
static void keep_memory_small(void)
{
    enum { LARGE = 64 * 1024 };
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE);
}

int main(int argc, char **argv)
{
    static struct simulator simulator = {.journal = {.fd = -1}};
    struct simulator_options options;
    struct settings settings = {.start_ms = -1};
    if (version_asked(argc, argv))
        return 0;
    keep_memory_small();
    if (simulator_options_read(argc, argv, &options) != 0)
        return fail(EXIT_USAGE);
    if (options.help != NULL) {
        simulator_options_print_help(stdout);
        return EXIT_OK;
    }
    if (read_settings(&options, &settings, &simulator) != 0)
        return fail(EXIT_USAGE);
    log_open("simulator", LOG_LEVEL_INFO);
    if (open_market(&options, &settings, &simulator) != 0)
        return fail(EXIT_CONFIGURATION);
    if (check_counts(&settings, simulator.market) != 0)
        return fail(EXIT_USAGE);
    start_clock(&settings, &simulator);
    return serve(&options, &settings, &simulator) == 0 ? EXIT_OK : EXIT_FAILED;
}
