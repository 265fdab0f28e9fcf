/* Finding the next step of a schema. */
/* SPDX-License-Identifier: MIT */
#include "lib/store/migration.h"

#include <string.h>

const struct migration *migration_find(const char *engine, int version)
{
    for (size_t i = 0; i < migration_count; i++)
        if (migrations[i].version == version && strcmp(migrations[i].engine, engine) == 0)
            return &migrations[i];
    return NULL;
}

int migration_check(const char *engine, int64_t version)
{
    int known = 0;
    while (migration_find(engine, known + 1) != NULL)
        known++;
    if (version > known)
        return error_set(ERROR_STORE, "it was made by a newer version of this program: its schema is %lld, known is %d",
                         (long long)version, known);
    return 0;
}
