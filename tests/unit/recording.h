/* Recorded answers of exchanges, in the folder of shared data beside the project. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_RECORDING_H
#define WICK_TESTS_RECORDING_H

#include "lib/exchange/exchange.h"

/* Reads ../shared/exchanges/<path>, gzip or plain, as the answer of this status. A file that is there and cannot be
 * read fails the test; where the folder is missing, it skips visibly. False in both cases. The body is the caller's. */
bool recording_read(const char *path, int status, struct exchange_answer *out);
void recording_release(struct exchange_answer *answer);

/* Whether ../shared/exchanges/<path> is there. */
bool recording_exists(const char *path);

/* A text as an answer; nothing to release. */
struct exchange_answer answer_of(int status, const char *body);

#endif
