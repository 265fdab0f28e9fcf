/* The log: key=value, one line an event, to standard error.
 *
 *     log_info("gap_filled", log_text("symbol", s), log_int("candles", n));
 *     time=2026-01-31T12:00:00.123Z level=info process=fetcher event=gap_filled symbol=BTCUSDT candles=3
 *
 * Values are quoted and escaped where they need it, so that nothing read from a network can forge a line.
 * A secret has no constructor here and so cannot be logged. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_LOG_H
#define WICK_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
    const char *key; /* a C identifier; NULL ends the list */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_REAL, LOG_FIELD_BOOL } type;
    const char *text;
    int64_t integer;
    double real;
};

static inline struct log_field log_text(const char *key, const char *text)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_TEXT, .text = text};
}

static inline struct log_field log_int(const char *key, int64_t integer)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_INT, .integer = integer};
}

static inline struct log_field log_real(const char *key, double real)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_REAL, .real = real};
}

static inline struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_BOOL, .integer = value};
}

/* Names the process in every line and drops events below `level`. `process` must stay valid. */
void log_open(const char *process, enum log_level level);

/* Writes one line with one write(2). `fields` ends with a row whose key is NULL. Never fails, never blocks on
 * anything but standard error, allocates nothing; a line is cut at 4 KiB. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* The level of a name ("debug", "info", "warn", "error"), or -1. */
int log_level_from_name(const char *name);

#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.key = 0}})
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...) log_write(LOG_LEVEL_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...) log_write(LOG_LEVEL_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, event, LOG_FIELDS(__VA_ARGS__))

#endif
