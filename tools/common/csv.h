/* Files of comma-separated values, packed or plain, line by line, as spreadsheets and programs of all kinds write them;
 * their numbers are read to the last digit. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_CSV_H
#define WICK_TOOLS_COMMON_CSV_H

#include "lib/base/decimal.h"
#include "lib/base/error.h"
#include "tools/common/unpack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CSV_LINE_MAX = 65535,
    CSV_SHOWN_MAX = 40, /* of a field that is quoted in a message */
};

/* The first line of Wick's own candle files. */
#define CSV_CANDLE_HEADER "open_time_ms,open,high,low,close,volume"

struct csv_file {
    const char *path; /* must stay valid */
    size_t line;      /* of the line that was read last, from 1 */

    /* Private. */
    struct unpack bytes;
    char *text; /* owned */
    size_t start, end; /* of what was unpacked and not handed out yet */
    bool ended;
};

struct csv_field {
    const char *text; /* need not end with a NUL */
    size_t length;
};

/* Codes of unpack_open, with the path; ERROR_MEMORY. */
int csv_open(struct csv_file *file, const char *path) MUST_CHECK;
void csv_close(struct csv_file *file);

/* The next line that is not blank, without its end (LF or CR LF), blanks there and a byte order mark; valid until the next
 * call; *line is NULL behind the last.
 * ERROR_SYSTEM with the path for a file that cannot be read or unpacked; ERROR_FULL for a line above CSV_LINE_MAX. */
int csv_next(struct csv_file *file, const char **line, size_t *length) MUST_CHECK;

/* How many bytes of the file on disk have been read. */
int64_t csv_bytes_read(const struct csv_file *file);

/* Puts "PATH:LINE" of the line that was read last in front of the chain, and returns `code`. */
int csv_blame(const struct csv_file *file, int code);

/* Splits a line at its commas; blanks around a field are left out, and quotes, in which a comma is none. Writes up to
 * `capacity` fields and returns how many there are. */
int csv_split(const char *line, size_t length, struct csv_field *fields, int capacity);

/* How much of a field a message shows, for "%.*s". */
int csv_shown(struct csv_field field);

/* Reads a decimal number, also one like "2.9e-7" or "1E5", as some programs write them; exact like the plain form.
 * ERROR_SYNTAX, ERROR_RANGE; the chain quotes the field and says what was expected: the very limit that it is beyond. */
int csv_decimal(struct csv_field field, struct decimal *out) MUST_CHECK;

/* The same, but decimals behind the 18th are rounded away, half to even, and *rounded says so. */
int csv_decimal_rounded(struct csv_field field, struct decimal *out, bool *rounded) MUST_CHECK;

/* Whether a symbol may have this letter: A to Z, 0 to 9, '-', '.', '_'. */
bool csv_is_symbol_letter(char letter);

/* The length of a file's name without ".csv.gz", ".csv.zip", ".csv" or ".zip", or 0 if it ends with none of them. */
size_t csv_name_length(const char *name);

#endif
