/* A secret has its own type, and nothing that prints takes it. Its bytes live in memory that is locked, guarded and
 * kept out of core dumps (libsodium). */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_SECRET_H
#define WICK_BASE_SECRET_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *hidden_text; /* owned; NULL: not given */
    size_t hidden_length;
};

/* Copies `length` bytes; an empty one counts as not given. ERROR_MEMORY. */
int secret_init(struct secret *secret, const char *text, size_t length) MUST_CHECK;

/* Erases and frees it; a zeroed struct is allowed. */
void secret_release(struct secret *secret);

static inline bool secret_is_given(const struct secret *secret)
{
    return secret->hidden_text != NULL;
}

/* The text with a NUL, for the one library call that needs it; never for a log, a message or a page. "" if it is not
 * given. */
const char *secret_reveal(const struct secret *secret);

#endif
