/* Every recorded answer and message of the exchanges, file by file: read by its adapter, or left out with the reason.
 *
 * A file that recordings.def does not name fails the test, and so does a row of it that names no file. Where ccxt has
 * read the same recording, our reading must agree with its. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/interval.h"
#include "lib/exchange/json.h"
#include "lib/exchange/stream.h"
#include "lib/series/candle.h"
#include "tests/harness.h"
#include "tests/unit/recording.h"
#include "tests/unit/recordings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folders of ../shared/exchanges, and whose adapter reads them. */
static const struct {
    const char *folder, *exchange;
} folders[] = {
    {"binance", "binance"},
    {"kraken", "kraken"},
    {"okx", "okx"},
    {"bybit", "bybit"},
    {"coinbase_advanced", "coinbase"},
};

enum { FOLDERS = sizeof folders / sizeof folders[0] };

/* Readers, a bit each. */
enum { TIME = 1, INSTRUMENTS = 2, TICKERS = 4, CANDLES = 8, READERS = 4 };
static const char *const reader_names[READERS] = {"time", "instruments", "tickers", "candles"};

/* Reasons to leave a recording out. */
static const char ORDERS[] = "orders: private, and no adapter reads orders yet";
static const char FILLS[] = "own trades: private, and no adapter reads orders yet";
static const char ACCOUNT[] = "an account: private, and no adapter reads accounts yet";
static const char TRADES[] = "single trades: candles are asked for instead";
static const char BOOK[] = "an order book: never asked for";
static const char QUOTES[] = "quotes without a last price: ticker/24hr is asked for instead";
static const char SIGNED_QUOTES[] = "best bids and asks: told to customers only";
static const char PRICES_ALONE[] = "prices without quotes: ticker/24hr is asked for instead";
static const char ONE_PRODUCT[] = "a product alone: the list of products is asked for";
static const char STATUS[] = "the system's status: errors tell as much";
static const char ASSETS[] = "a list of assets: the names in AssetPairs suffice";
static const char OLD_STREAM[] = "version 1 of the stream: the adapter speaks version 2";

static const char OTHER_CHANNEL[] = "a channel that is not subscribed to";
static const char HONG_KONG[] = "days of Hong Kong: those of UTC are subscribed to";
static const char QUOTELESS[] = "tickers without bid and ask: candles alone are subscribed to";
static const char ONE_ROW_TWICE[] = "an example of the documents: one row, twice";

enum kind { KIND_READ, KIND_ERROR, KIND_STREAM, KIND_UNTRUE, KIND_LEFT_OUT };

static const struct recording {
    const char *folder, *file;
    enum kind kind;
    unsigned readers;
    uint32_t interval_s; /* of candles */
    size_t rows;         /* that each reader must find */
    enum exchange_verdict verdict;
    const char *words;   /* of the error; or the reason why nothing comes of it */
    int tickers, candles, others;
} recordings[] = {
#define READ(in, name, bits, seconds, count) \
    {.folder = in, .file = name, .kind = KIND_READ, .readers = bits, .interval_s = seconds, .rows = count},
#define ERROR_ANSWER(in, name, judged, text) \
    {.folder = in, .file = name, .kind = KIND_ERROR, .verdict = judged, .words = text},
#define STREAM(in, name, ticker_count, candle_count, other_count) \
    {.folder = in, .file = name, .kind = KIND_STREAM, .tickers = ticker_count, .candles = candle_count, \
     .others = other_count},
#define UNHEARD(in, name, reason) {.folder = in, .file = name, .kind = KIND_STREAM, .words = reason},
#define UNTRUE(in, name, bit, seconds, reason) \
    {.folder = in, .file = name, .kind = KIND_UNTRUE, .readers = bit, .interval_s = seconds, .words = reason},
#define LEFT_OUT(in, name, reason) {.folder = in, .file = name, .kind = KIND_LEFT_OUT, .words = reason},
#define DIFFERENCE(in, name, field, count, reason)
#include "tests/unit/recordings.def"
};

enum { RECORDINGS = sizeof recordings / sizeof recordings[0] };

static bool found[RECORDINGS]; /* the file is there */

static struct totals {
    size_t read, judged, heard, untrue, left_out, unknown, rows;
    struct agreement agreement;
} totals;

static struct reading reading;

/* reading */

static void count_refused(void *user, const struct exchange_refusal *refusal)
{
    struct reading *rows = user;
    rows->refused++;
    (void)snprintf(rows->why, sizeof rows->why, "%s", refusal->why);
}

static int take_instrument(void *user, const struct instrument *row)
{
    struct reading *rows = user;
    CU_ASSERT_FATAL(rows->instrument_count < ROWS_MAX);
    CU_ASSERT(symbol_valid(row->symbol) && symbol_valid(row->base_asset) && symbol_valid(row->quote_asset));
    CU_ASSERT(row->tick_size > 0 && row->lot_step > 0 && row->minimum_quantity >= 0 && row->minimum_notional >= 0);
    rows->instruments[rows->instrument_count++] = *row;
    return 0;
}

static int take_ticker(void *user, const struct exchange_ticker *row)
{
    struct reading *rows = user;
    CU_ASSERT_FATAL(rows->ticker_count < ROWS_MAX);
    CU_ASSERT(symbol_valid(row->ticker.symbol) && row->quote_volume >= -1);
    CU_ASSERT(row->ticker.bid >= 0 && row->ticker.ask >= 0 && row->ticker.last >= 0);
    rows->tickers[rows->ticker_count++] = *row;
    return 0;
}

static int take_candle(void *user, const struct candle *row)
{
    struct reading *rows = user;
    CU_ASSERT_FATAL(rows->candle_count < EXCHANGE_CANDLES_MAX);
    CU_ASSERT(rows->candle_count == 0 || row->open_time_ms > rows->candles[rows->candle_count - 1].open_time_ms);
    rows->candles[rows->candle_count++] = *row;
    return 0;
}

/* Reads an answer with the reader of bit `reader`; how many rows it found in *rows. */
static int read_with(const struct exchange *exchange, unsigned reader, const struct exchange_answer *answer,
                     uint32_t interval_s, size_t *rows)
{
    char next_page[EXCHANGE_CURSOR_SIZE];
    int64_t time_ms = 0;
    int code = 0;
    memset(&reading, 0, sizeof reading);
    if (reader == TIME)
        code = exchange->read_time(answer, &time_ms);
    else if (reader == INSTRUMENTS)
        code = exchange->read_instruments(answer, take_instrument, count_refused, &reading, next_page);
    else if (reader == TICKERS)
        code = exchange->read_tickers(answer, take_ticker, count_refused, &reading);
    else
        code = exchange->read_candles(answer, interval_s, take_candle, count_refused, &reading);
    *rows = reading.instrument_count + reading.ticker_count + reading.candle_count + (time_ms > 0);
    return code;
}

static void read_recording(const struct recording *row, const struct exchange *exchange,
                           const struct exchange_answer *answer)
{
    CU_ASSERT_EQUAL(exchange->judge(answer), EXCHANGE_OK);
    for (unsigned i = 0; i < READERS; i++) {
        size_t rows;
        if ((row->readers & 1u << i) == 0)
            continue;
        int code = read_with(exchange, 1u << i, answer, row->interval_s, &rows);
        printf("%s%s: %zu", i == 0 || (row->readers & ((1u << i) - 1)) == 0 ? "" : ", ", reader_names[i], rows);
        if (code != 0)
            printf(" and then %s", error_message());
        CU_ASSERT_EQUAL(code, 0);
        CU_ASSERT_EQUAL(rows, row->rows);
        if (reading.refused > 0)
            printf(" (%zu refused: %s)", reading.refused, reading.why);
        CU_ASSERT_EQUAL(reading.refused, 0);
        totals.rows += rows;
    }
    printf("\n");
    for (size_t i = 0; i < reading.candle_count; i++)
        CU_ASSERT_EQUAL(candle_check(&reading.candles[i], row->interval_s), 0);
    (void)oracle_compare(row->folder, row->file, &reading, &totals.agreement);
    totals.read++;
}

static void refuse_recording(const struct recording *row, const struct exchange *exchange,
                             const struct exchange_answer *answer)
{
    size_t rows;
    int code = read_with(exchange, row->readers, answer, row->interval_s, &rows);
    printf("refused: %s (%s)\n", row->words, reading.refused > 0 ? reading.why : "but it is taken");
    CU_ASSERT_EQUAL(code, 0);
    CU_ASSERT_EQUAL(rows, 1);
    CU_ASSERT(reading.refused > 0);
    totals.untrue++;
}

/* No reader of rows but those that are named may take a recording for what it reads. */
static void misread_recording(const struct recording *row, const struct exchange *exchange,
                              const struct exchange_answer *answer)
{
    for (unsigned i = 0; i < READERS; i++) {
        size_t rows;
        if (1u << i == TIME || ((row->kind == KIND_READ || row->kind == KIND_UNTRUE) && (row->readers & 1u << i) != 0))
            continue;
        if (read_with(exchange, 1u << i, answer, 60, &rows) == 0 && rows > 0) {
            printf("      taken for %s: %zu\n", reader_names[i], rows);
            CU_FAIL("a recording is taken for something else");
        }
    }
}

static void judge_recording(const struct recording *row, const struct exchange *exchange,
                            const struct exchange_answer *answer)
{
    static const char *const verdicts[] = {"good", "to be asked again", "too many requests", "a ban", "refused", "an unknown symbol"};
    enum exchange_verdict verdict = exchange->judge(answer);
    printf("%s: %s\n", verdicts[verdict], verdict != EXCHANGE_OK ? error_message() : "");
    CU_ASSERT_EQUAL(verdict, row->verdict);
    CU_ASSERT(strstr(error_message(), row->words) != NULL);
    totals.judged++;
}

/* streams. Documents make their prices up: whether a candle can be true is not asked here. */

struct heard {
    int messages, tickers, candles, others;
};

static void on_ticker(void *user, const char *name, const struct exchange_ticker *ticker)
{
    CU_ASSERT(name[0] != '\0' && ticker->ticker.last > 0);
    ((struct heard *)user)->tickers++;
}

static void on_candle(void *user, const char *name, uint32_t interval_s, const struct candle *candle, bool closed)
{
    (void)closed;
    CU_ASSERT(name[0] != '\0' && interval_open_time(interval_s, candle->open_time_ms) == candle->open_time_ms);
    ((struct heard *)user)->candles++;
}

static void on_answer(void *user, uint64_t id, bool accepted, const char *why)
{
    (void)id;
    (void)why;
    ((struct heard *)user)->others++;
    CU_ASSERT(accepted);
}

static void on_word(void *user)
{
    ((struct heard *)user)->others++;
}

static const struct stream_events stream_events = {on_ticker, on_candle, on_answer, on_word, on_word, NULL};

static void hear(const struct exchange *exchange, const char *text, size_t size, struct heard *heard)
{
    int code = exchange->stream->read(text, size, &stream_events, heard);
    heard->messages++;
    if (code != 0)
        printf("message %d: %s\n      ", heard->messages, error_message());
    CU_ASSERT_EQUAL(code, 0);
}

/* A file is one message, or a line each: "<time>: <message>". Lines that begin otherwise tell what was sent. */
static void hear_recording(const struct recording *row, const struct exchange *exchange,
                           const struct exchange_answer *answer)
{
    struct heard heard = {0};
    CU_ASSERT_FATAL(exchange->stream != NULL);
    const char *line = answer->body, *end = line + answer->size;
    bool lines = strstr(row->file, ".txt") != NULL;
    if (!lines)
        hear(exchange, answer->body, answer->size, &heard);
    while (lines && line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((next != NULL ? next : end) - line);
        const char *message = memchr(line, '{', length);
        if (message != NULL && (*line == '{' || (*line >= '0' && *line <= '9')))
            hear(exchange, message, length - (size_t)(message - line), &heard);
        line += length + 1;
    }
    if (row->words != NULL)
        printf("stream, %d message(s) that say nothing: %s\n", heard.messages, row->words);
    else
        printf("stream, %d message(s): tickers %d, candles %d, others %d\n", heard.messages, heard.tickers,
               heard.candles, heard.others);
    CU_ASSERT(heard.messages > 0);
    CU_ASSERT(heard.tickers == row->tickers && heard.candles == row->candles && heard.others == row->others);
    totals.rows += (size_t)(heard.tickers + heard.candles);
    totals.heard++;
}

/* the list */

struct meta {
    char grade[4];
    int64_t status;
};

static int read_meta_member(void *user, const char *key, size_t key_length, struct json_value value)
{
    struct meta *meta = user;
    const char *text;
    size_t length;
    if (key_length == strlen("status") && memcmp(key, "status", key_length) == 0) {
        int64_t status;
        if (json_integer(value, &status) == 0) /* it is empty where nobody knows */
            meta->status = status;
        return 0;
    }
    if (key_length != strlen("grade") || memcmp(key, "grade", key_length) != 0)
        return 0;
    int code = json_text(value, &text, &length);
    if (code == 0)
        (void)snprintf(meta->grade, sizeof meta->grade, "%.*s", (int)length, text);
    return code;
}

/* What the file beside a recording says of it. Messages of streams have none. */
static struct meta meta_of(const char *folder, const char *file)
{
    struct meta meta = {.grade = "", .status = 200};
    char path[256];
    struct exchange_answer text;
    struct json_value root;
    const char *end = strstr(file, ".json");
    (void)snprintf(path, sizeof path, "%s/%.*s.meta.json", folder, end != NULL ? (int)(end - file) : 0, file);
    if (end == NULL || !recording_exists(path) || !recording_read(path, 200, &text))
        return meta;
    int code = json_parse(text.body, text.size, &root);
    if (code == 0)
        code = json_each_member(root, read_meta_member, &meta);
    CU_ASSERT_EQUAL(code, 0);
    recording_release(&text);
    return meta;
}

static const struct recording *recording_of(const char *folder, const char *file)
{
    for (size_t i = 0; i < RECORDINGS; i++) {
        if (strcmp(recordings[i].folder, folder) != 0 || strcmp(recordings[i].file, file) != 0)
            continue;
        found[i] = true;
        return &recordings[i];
    }
    return NULL;
}

static void list_recording(const char *folder, const struct exchange *exchange, const char *file)
{
    char path[400];
    struct exchange_answer answer;
    struct meta meta = meta_of(folder, file);
    const struct recording *row = recording_of(folder, file);
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    printf("  %-2s %-58s ", meta.grade, file);
    if (row == NULL) {
        printf("UNKNOWN: tests/unit/recordings.def does not name it\n");
        CU_FAIL("a recording that the table does not name");
        totals.unknown++;
        return;
    }
    if (!recording_read(path, (int)meta.status, &answer))
        return;
    switch (row->kind) {
    case KIND_READ: read_recording(row, exchange, &answer); break;
    case KIND_ERROR: judge_recording(row, exchange, &answer); break;
    case KIND_STREAM: hear_recording(row, exchange, &answer); break;
    case KIND_UNTRUE: refuse_recording(row, exchange, &answer); break;
    case KIND_LEFT_OUT:
        printf("left out: %s\n", row->words);
        totals.left_out++;
        break;
    }
    misread_recording(row, exchange, &answer);
    recording_release(&answer);
}

/* Lists the recordings of a folder inside that of an exchange ("" or "ws/"), without the files that describe them. */
static void list_folder(const char *folder, const struct exchange *exchange, const char *inside)
{
    char path[256];
    struct dirent **entries = NULL;
    (void)snprintf(path, sizeof path, "%s/exchanges/%s/%s", test_shared_folder(), folder, inside);
    int count = scandir(path, &entries, NULL, alphasort);
    CU_ASSERT(count >= 0);
    for (int i = 0; i < count; i++) {
        char file[300];
        (void)snprintf(file, sizeof file, "%s%s", inside, entries[i]->d_name);
        if (entries[i]->d_type == DT_REG && strstr(file, ".meta.json") == NULL)
            list_recording(folder, exchange, file);
        else if (entries[i]->d_type == DT_DIR && strcmp(file, "ws") == 0)
            list_folder(folder, exchange, "ws/");
        else if (entries[i]->d_type == DT_DIR && entries[i]->d_name[0] != '.' && strcmp(file, "parsed_ccxt") != 0)
            CU_FAIL("a folder of recordings that nobody lists");
        free(entries[i]);
    }
    free(entries);
}

static void every_recording_is_read_or_left_out(void)
{
    if (test_shared_folder() == NULL) {
        test_skip("no recorded answers of exchanges");
        return;
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        const struct exchange *exchange = NULL;
        CU_ASSERT_FATAL(exchange_find(folders[i].exchange, &exchange) == 0);
        printf("\n%s\n", folders[i].folder);
        list_folder(folders[i].folder, exchange, "");
    }
    for (size_t i = 0; i < RECORDINGS; i++)
        if (!found[i])
            printf("%s/%s: named in recordings.def and not there\n", recordings[i].folder, recordings[i].file);
    for (size_t i = 0; i < RECORDINGS; i++)
        CU_ASSERT(found[i]);
}

/* The page that a proxy sent instead of an answer. */
static void a_page_is_no_answer_for_anybody(void)
{
    struct exchange_answer page;
    if (test_shared_folder() == NULL || !recording_read("_generic/html_instead_of_json_x-rates.txt", 200, &page))
        return;
    for (size_t i = 0; i < exchange_count; i++)
        for (unsigned reader = 0; reader < READERS; reader++) {
            size_t rows;
            CU_ASSERT_EQUAL(read_with(exchanges[i], 1u << reader, &page, 60, &rows), ERROR_PROTOCOL);
            CU_ASSERT_EQUAL(rows, 0);
        }
    recording_release(&page);
}

/* Whether a folder's name, which is no exchange of ours, is one of an exchange. */
static int is_of_no_adapter(const struct dirent *entry)
{
    for (size_t i = 0; i < FOLDERS; i++)
        if (strcmp(folders[i].folder, entry->d_name) == 0)
            return 0;
    return entry->d_type == DT_DIR && entry->d_name[0] != '.' && entry->d_name[0] != '_';
}

static void exchanges_without_an_adapter_are_named(void)
{
    if (test_shared_folder() == NULL)
        return;
    char path[256];
    struct dirent **entries = NULL;
    (void)snprintf(path, sizeof path, "%s/exchanges", test_shared_folder());
    int count = scandir(path, &entries, is_of_no_adapter, alphasort);
    printf("\n");
    for (int i = 0; i < count; i++) {
        printf("  %s: left out: no adapter\n", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    CU_ASSERT(count >= 0);
    CU_ASSERT_EQUAL(FOLDERS + 1, exchange_count); /* the simulated one has no recordings */
    printf("  ");
}

static size_t other_readings(void)
{
    size_t count = 0;
    for (size_t i = 0; i < FOLDERS; i++) {
        char path[256];
        struct dirent **entries = NULL;
        (void)snprintf(path, sizeof path, "%s/exchanges/%s/parsed_ccxt", test_shared_folder(), folders[i].folder);
        int entry_count = scandir(path, &entries, NULL, NULL);
        for (int k = 0; k < entry_count; k++) {
            count += entries[k]->d_type == DT_REG;
            free(entries[k]);
        }
        free(entries);
    }
    return count;
}

/* What ccxt has read lies under the name of its recording. */
static void every_other_reading_has_its_recording(void)
{
    if (test_shared_folder() == NULL)
        return;
    size_t files = 0, beyond = 0;
    for (size_t i = 0; i < RECORDINGS; i++) {
        char path[256];
        int stem = (int)strcspn(recordings[i].file, ".");
        (void)snprintf(path, sizeof path, "%s/parsed_ccxt/%.*s.json", recordings[i].folder, stem, recordings[i].file);
        bool there = recording_exists(path);
        (void)snprintf(path, sizeof path, "%s/parsed_ccxt/%.*s.json.gz", recordings[i].folder, stem,
                       recordings[i].file);
        there = there || recording_exists(path);
        files += there;
        beyond += there && recordings[i].kind == KIND_LEFT_OUT;
    }
    CU_ASSERT_EQUAL(files, totals.agreement.files + beyond);
    CU_ASSERT_EQUAL(files, other_readings());
    printf("\n  %zu recordings read, %zu errors judged, %zu files of streams read: %zu rows; %zu untrue ones "
           "refused, %zu left out, %zu unknown\n  ",
           totals.read, totals.judged, totals.heard, totals.rows, totals.untrue, totals.left_out, totals.unknown);
    const struct agreement *sum = &totals.agreement;
    printf("agreement with ccxt: %zu of %zu values in %zu files; %zu differ, each for a reason that is told above;"
           "\n  %zu more of its files are readings of recordings that are left out\n  ",
           sum->agreed, sum->compared, sum->files, sum->explained, beyond);
    CU_ASSERT_EQUAL(sum->agreed + sum->explained, sum->compared);
}

const char *const suite_name = "recordings";

const struct test suite_tests[] = {
    {"every recording is read or left out", every_recording_is_read_or_left_out},
    {"a page is no answer for anybody", a_page_is_no_answer_for_anybody},
    {"exchanges without an adapter are named", exchanges_without_an_adapter_are_named},
    {"every other reading has its recording", every_other_reading_has_its_recording},
    {NULL, NULL},
};
