/* The registry of engines. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/store.h"

#include "lib/store/engines.h"

#include <stdlib.h>
#include <string.h>

const struct store_kind *const store_kinds[] = {
    &sqlite_store,
    &postgresql_store,
};

const size_t store_kind_count = sizeof store_kinds / sizeof store_kinds[0];

static bool has_scheme(const char *url, const char *scheme)
{
    size_t length = scheme != NULL ? strlen(scheme) : 0;
    return length > 0 && strncmp(url, scheme, length) == 0 && url[length] == ':';
}

static const struct store_kind *find_kind(const char *url)
{
    for (size_t i = 0; i < store_kind_count; i++)
        if (has_scheme(url, store_kinds[i]->scheme) || has_scheme(url, store_kinds[i]->other_scheme))
            return store_kinds[i];
    return NULL;
}

const struct store_settings store_settings_default = {
    .pool_min = 2, .pool_size = 10, .pool_overflow = 20, .pool_wait_ms = 30000, .pre_ping = true};

int store_open(struct store *store, const char *url)
{
    return store_open_with(store, url, &store_settings_default);
}

int store_open_with(struct store *store, const char *url, const struct store_settings *settings)
{
    const struct store_kind *kind = find_kind(url);
    if (kind == NULL)
        return error_set(ERROR_ARGUMENT, "a database URL begins with sqlite: or postgresql:, this one does not");
    struct store opening = {.kind = kind, .state = calloc(1, kind->state_size)};
    if (opening.state == NULL)
        return error_set(ERROR_MEMORY, "no memory for a %s store", kind->scheme);
    *store = opening;
    int code = kind->open(store, url, settings);
    if (code != 0) {
        free(store->state);
        *store = (struct store){0};
    }
    return code;
}

void store_close(struct store *store)
{
    if (store->kind == NULL)
        return;
    store->kind->close(store);
    free(store->state);
    *store = (struct store){0};
}
