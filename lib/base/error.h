/* Error codes and the message chain that says what was being done when one occurred.
 *
 * A function that can fail returns 0 or a negative code and leaves a message for people in the calling thread's
 * chain. Callers that know more add it in front: "open store sqlite:wick.db: open file: Permission denied".
 * Library code returns, process code logs, once. A bug is an assert, never an error code. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_ERROR_H
#define WICK_BASE_ERROR_H

enum error_code {
#define ERROR(name, value, sentence) ERROR_##name = (value),
#include "lib/base/errors.def"
#undef ERROR
};

/* Put on every function whose result must not be ignored. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Starts a new chain with a printf-style message and returns `code`, so that a function can end with
 * `return error_set(ERROR_SYSTEM, "open %s: %s", path, strerror(errno));`. The message is cut at 1023 bytes;
 * control characters but tab and line feed become "?". */
int error_set(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts a printf-style message and ": " in front of the chain and returns `code` unchanged. */
int error_context(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The calling thread's chain; valid until the next error_set or error_context in this thread. Never NULL. */
const char *error_message(void);

/* The name of a code ("TIMEOUT"), "OK" for 0, or "UNKNOWN". */
const char *error_name(int code);

/* The sentence of a code as in errors.def. */
const char *error_sentence(int code);

#endif
