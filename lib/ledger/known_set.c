/* Open addressing with linear probing; a table is never more than half full, so a probe always ends. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/known_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_count(const struct known_set *set)
{
    return 2 * (size_t)set->capacity;
}

static bool is_free(struct key key)
{
    return key.low == 0 && key.high == 0;
}

/* Free slots are all zeros, so the one key that is all zeros is kept as another. */
static struct key storable(struct key key)
{
    return is_free(key) ? (struct key){.low = 1} : key;
}

/* The slot that holds the key, or the free one where it belongs. */
static struct key *find_slot(const struct known_set *set, struct key *slots, struct key key)
{
    size_t mask = slot_count(set) - 1;
    for (size_t i = (size_t)key.low & mask;; i = (i + 1) & mask)
        if (is_free(slots[i]) || (slots[i].low == key.low && slots[i].high == key.high))
            return &slots[i];
}

int known_set_init(struct known_set *set, uint32_t capacity)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *set = (struct known_set){.capacity = capacity};
    set->newer = calloc(slot_count(set), sizeof *set->newer);
    set->older = calloc(slot_count(set), sizeof *set->older);
    if (set->newer == NULL || set->older == NULL) {
        known_set_release(set);
        return error_set(ERROR_MEMORY, "%u known keys", capacity);
    }
    return 0;
}

void known_set_release(struct known_set *set)
{
    free(set->newer);
    free(set->older);
    *set = (struct known_set){0};
}

/* Memory that was never written to costs nothing, so what is empty is left alone. */
static void erase(const struct known_set *set, struct key *slots, uint32_t *count)
{
    if (*count > 0)
        memset(slots, 0, slot_count(set) * sizeof *slots);
    *count = 0;
}

void known_set_clear(struct known_set *set)
{
    erase(set, set->newer, &set->count);
    erase(set, set->older, &set->older_count);
}

bool known_set_contains(const struct known_set *set, struct key key)
{
    key = storable(key);
    return !is_free(*find_slot(set, set->newer, key)) || !is_free(*find_slot(set, set->older, key));
}

static void start_generation(struct known_set *set)
{
    struct key *forgotten = set->older;
    erase(set, forgotten, &set->older_count);
    set->older = set->newer;
    set->older_count = set->count;
    set->newer = forgotten;
    set->count = 0;
}

bool known_set_add(struct known_set *set, struct key key)
{
    if (known_set_contains(set, key))
        return false;
    if (set->count == set->capacity)
        start_generation(set);
    key = storable(key);
    *find_slot(set, set->newer, key) = key;
    set->count++;
    return true;
}
