/* What an import tells is what the store has, also when the store fails on the way. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"
#include "tools/common/database.h"
#include "tools/common/files.h"
#include "tools/data/import_file.h"

#include <stdio.h>
#include <string.h>

const char *const suite_name = "import";

enum { ROWS = 3 * IMPORT_BATCH_ROWS, ROUNDED_EACH = 1000 };

/* A store that writes as many batches as it is given, and refuses the next. */
static struct store_kind failing_kind;
static const struct store_kind *real_kind;
static int batches_left;

static void write_some(struct store *store, const struct store_batch *batch, store_done_fn done, void *user)
{
    const struct store_result full = {.code = ERROR_STORE, .message = "the disk is full"};
    if (batches_left-- > 0)
        real_kind->write(store, batch, done, user);
    else
        done(user, &full);
}

static int count_row(void *user, const struct audit_candle *candle)
{
    (void)candle;
    ++*(int64_t *)user;
    return 0;
}

static int64_t stored_rows(struct audit *audit)
{
    int64_t rows = 0;
    CU_ASSERT_EQUAL(audit_candles(audit, 1, INT64_MIN, INT64_MAX, count_row, &rows), 0);
    return rows;
}

static void write_minutes(const char *path)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    (void)fputs("open_time_ms,open,high,low,close,volume\n", file);
    for (int i = 0; i < ROWS; i++)
        (void)fprintf(file, "%lld,2,3,1,2,%s\n", 1735689600000 + i * 60000LL,
                      i % ROUNDED_EACH == 0 ? "0.0041251399999999997" : "5");
    (void)fprintf(file, "4070908800000,2,3,1,2,5\n");
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void what_is_counted_is_stored(void)
{
    static const volatile sig_atomic_t interrupted;
    char url[FILE_PATH_SIZE + 16], path[FILE_PATH_SIZE];
    struct store store;
    struct progress progress;
    struct import_counts counts;
    CU_ASSERT_EQUAL_FATAL(file_path(test_directory(), "BTCUSDT_1m.csv", path), 0);
    (void)snprintf(url, sizeof url, "sqlite:%s/import.db", test_directory());
    write_minutes(path);
    CU_ASSERT_EQUAL_FATAL(database_open(&store, url), 0);
    real_kind = store.kind;
    failing_kind = *store.kind;
    failing_kind.write = write_some;
    store.kind = &failing_kind;
    struct import import = {.store = &store, .exchange = "binance", .now_ms = 1790000000000, .absences = true,
                            .interrupted = &interrupted, .progress = &progress};
    const struct listed_file file = {.path = path, .size = 1};
    progress_open(&progress, "test");
    CU_ASSERT_EQUAL_FATAL(audit_open(&import.audit, url), 0);

    batches_left = 2;
    CU_ASSERT_EQUAL(import_file(&import, &file, "BTCUSDT", 60, &counts), ERROR_STORE);
    CU_ASSERT_EQUAL(counts.added, 2 * IMPORT_BATCH_ROWS);
    CU_ASSERT_EQUAL(counts.added, stored_rows(import.audit));
    CU_ASSERT_EQUAL(counts.refused, 1);
    CU_ASSERT_EQUAL(counts.rows, counts.added + counts.refused);

    batches_left = 100;
    CU_ASSERT_EQUAL(import_file(&import, &file, "BTCUSDT", 60, &counts), 0);
    CU_ASSERT_EQUAL(counts.unchanged, 2 * IMPORT_BATCH_ROWS);
    CU_ASSERT_EQUAL(counts.added, IMPORT_BATCH_ROWS);
    CU_ASSERT_EQUAL(counts.rounded, ROWS / ROUNDED_EACH);
    CU_ASSERT_EQUAL(stored_rows(import.audit), ROWS);
    audit_close(import.audit);
    store.kind = real_kind;
    store_close(&store);
}

const struct test suite_tests[] = {
    {"what is counted is stored", what_is_counted_is_stored},
    {NULL, NULL},
};
