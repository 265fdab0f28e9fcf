/* Secrets in guarded memory. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/secret.h"

#include <sodium.h>
#include <string.h>

int secret_init(struct secret *secret, const char *text, size_t length)
{
    *secret = (struct secret){0};
    if (length == 0)
        return 0;
    if (sodium_init() < 0)
        return error_set(ERROR_LIBRARY, "libsodium does not start");
    char *hidden = sodium_malloc(length + 1);
    if (hidden == NULL)
        return error_set(ERROR_MEMORY, "no guarded memory for a secret");
    memcpy(hidden, text, length);
    hidden[length] = '\0';
    *secret = (struct secret){.hidden_text = hidden, .hidden_length = length};
    return 0;
}

void secret_release(struct secret *secret)
{
    sodium_free(secret->hidden_text);
    *secret = (struct secret){0};
}

const char *secret_reveal(const struct secret *secret)
{
    return secret->hidden_text != NULL ? secret->hidden_text : "";
}
