/* The assignment of shards: leases, revocations and moves. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/shards.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

void shards_init(struct shards *shards)
{
    *shards = (struct shards){0};
    for (int i = 0; i < SHARDS; i++) {
        shards->slots[i].worker = SHARD_NOBODY;
        shards->slots[i].destination = SHARD_NOBODY;
    }
}

/* ---- one shard ---- */

/* Changes who shall have a shard, and with it the loads. */
static void set_destination(struct shards *shards, struct shard_slot *slot, int destination)
{
    if (slot->destination != SHARD_NOBODY)
        shards->workers[slot->destination].load -= slot->weight;
    if (destination != SHARD_NOBODY)
        shards->workers[destination].load += slot->weight;
    slot->destination = destination;
}

static void give(struct shards *shards, struct shard_slot *slot, int worker)
{
    assert(slot->state == SHARD_FREE && slot->weight > 0);
    struct shard_worker *receiver = &shards->workers[worker];
    set_destination(shards, slot, worker);
    slot->state = SHARD_ASSIGNED;
    slot->worker = worker;
    slot->epoch = shards->generation << 32 | ++shards->counter;
    receiver->changed = true;
    if (slot->last_instance != 0 && slot->last_instance != receiver->instance)
        shards->moved_total++;
    slot->last_instance = receiver->instance;
}

static void revoke(struct shards *shards, struct shard_slot *slot, int destination)
{
    assert(slot->state == SHARD_ASSIGNED);
    slot->state = SHARD_REVOKING;
    slot->revoked_version = 0;
    shards->workers[slot->worker].changed = true;
    set_destination(shards, slot, destination);
}

static void release(struct shard_slot *slot)
{
    slot->state = SHARD_FREE;
    slot->worker = SHARD_NOBODY;
    slot->epoch = 0;
}

/* ---- choosing ---- */

static int least_loaded(const struct shards *shards)
{
    int least = SHARD_NOBODY;
    for (int i = 0; i < SHARD_WORKERS_MAX; i++)
        if (shards->workers[i].instance != 0 &&
            (least == SHARD_NOBODY || shards->workers[i].load < shards->workers[least].load))
            least = i;
    return least;
}

static int most_loaded(const struct shards *shards)
{
    int most = SHARD_NOBODY;
    for (int i = 0; i < SHARD_WORKERS_MAX; i++)
        if (shards->workers[i].instance != 0 &&
            (most == SHARD_NOBODY || shards->workers[i].load > shards->workers[most].load))
            most = i;
    return most;
}

static bool gathering(const struct shards *shards, int64_t now_ms)
{
    return now_ms < shards->joined_ms + SHARD_GATHER_QUIET_MS && now_ms < shards->gather_ms + SHARD_GATHER_MS;
}

static void give_out_what_is_free(struct shards *shards, int64_t now_ms)
{
    if (shards->generation == 0 || gathering(shards, now_ms) || least_loaded(shards) == SHARD_NOBODY)
        return;
    for (int i = 0; i < SHARDS; i++) {
        struct shard_slot *slot = &shards->slots[i];
        if (slot->state == SHARD_FREE && slot->weight > 0)
            give(shards, slot, slot->destination != SHARD_NOBODY ? slot->destination : least_loaded(shards));
    }
}

/* The shard of a worker that, moved away, comes nearest to closing a difference of loads; NULL if each would only
 * turn it round. */
static struct shard_slot *shard_to_move(struct shards *shards, int worker, uint32_t difference)
{
    struct shard_slot *best = NULL;
    int64_t best_rest = 0;
    for (int i = 0; i < SHARDS; i++) {
        struct shard_slot *slot = &shards->slots[i];
        if (slot->state != SHARD_ASSIGNED || slot->worker != worker || slot->weight == 0 || slot->weight >= difference)
            continue;
        int64_t rest = llabs((int64_t)difference - 2 * (int64_t)slot->weight);
        if (best == NULL || rest < best_rest) {
            best = slot;
            best_rest = rest;
        }
    }
    return best;
}

/* Whether a difference of loads is no more than the weight of an average shard. */
static bool balanced(const struct shards *shards, uint32_t difference)
{
    uint64_t weight = 0, count = 0;
    for (int i = 0; i < SHARDS; i++) {
        weight += shards->slots[i].weight;
        count += shards->slots[i].weight > 0;
    }
    return difference * count <= weight;
}

static void begin_moves(struct shards *shards)
{
    for (int moves = 0; moves < SHARD_MOVES_MAX; moves++) {
        int most = most_loaded(shards), least = least_loaded(shards);
        if (most == SHARD_NOBODY)
            return;
        uint32_t difference = shards->workers[most].load - shards->workers[least].load;
        if (balanced(shards, difference))
            return;
        struct shard_slot *slot = shard_to_move(shards, most, difference);
        if (slot == NULL)
            return;
        revoke(shards, slot, least);
    }
}

/* ---- workers ---- */

static int find_worker(const struct shards *shards, uint64_t instance)
{
    for (int i = 0; i < SHARD_WORKERS_MAX; i++)
        if (shards->workers[i].instance == instance)
            return i;
    return SHARD_NOBODY;
}

static int add_worker(struct shards *shards, int64_t now_ms, uint64_t instance, int *worker)
{
    *worker = find_worker(shards, 0);
    if (*worker == SHARD_NOBODY)
        return error_set(ERROR_FULL, "%d analyzers are here already", SHARD_WORKERS_MAX);
    if (shards_worker_count(shards) == 0)
        shards->gather_ms = now_ms;
    shards->joined_ms = now_ms;
    shards->changed_ms = now_ms;
    shards->workers[*worker] = (struct shard_worker){.instance = instance, .sent_ms = INT64_MIN};
    return 0;
}

static void remove_worker(struct shards *shards, int64_t now_ms, int worker)
{
    for (int i = 0; i < SHARDS; i++) {
        struct shard_slot *slot = &shards->slots[i];
        if (slot->destination == worker)
            set_destination(shards, slot, SHARD_NOBODY);
        if (slot->worker == worker)
            release(slot);
    }
    assert(shards->workers[worker].load == 0);
    shards->workers[worker] = (struct shard_worker){0};
    shards->changed_ms = now_ms;
}

/* What a renewal says of each shard. */
struct listed {
    bool held[SHARDS];   /* worked on now */
    bool wanted[SHARDS]; /* that, or worked on until its lease ended */
};

static int read_listed(const struct renew *renewal, struct listed *listed)
{
    struct list list = renewal->held;
    for (struct shard_lease row; list_next(&list, RECORD_shard_lease, &row);) {
        if (row.shard >= SHARDS)
            return error_set(ERROR_PROTOCOL, "a renewal lists shard %u", row.shard);
        listed->held[row.shard] = row.epoch != 0;
        listed->wanted[row.shard] = true;
    }
    return 0;
}

/* Frees what a worker has let go, and gives it what it lists and nobody holds. */
static void take_listed(struct shards *shards, int worker, const struct renew *renewal, const struct listed *listed)
{
    for (int i = 0; i < SHARDS; i++) {
        struct shard_slot *slot = &shards->slots[i];
        bool knows = slot->revoked_version != 0 && renewal->version >= slot->revoked_version;
        if (slot->state == SHARD_REVOKING && slot->worker == worker && knows && !listed->held[i])
            release(slot);
        bool is_free = slot->state == SHARD_FREE && slot->weight > 0 && slot->destination == SHARD_NOBODY;
        if (is_free && listed->wanted[i])
            give(shards, slot, worker);
    }
}

int shards_renew(struct shards *shards, int64_t now_ms, const struct renew *renewal, int *worker)
{
    struct listed listed = {0};
    *worker = SHARD_NOBODY;
    if (renewal->state.instance == 0)
        return error_set(ERROR_PROTOCOL, "a renewal from instance 0");
    int code = read_listed(renewal, &listed);
    if (code < 0)
        return code;
    int index = find_worker(shards, renewal->state.instance);
    if (shards->generation == 0 || (index == SHARD_NOBODY && renewal->leaving))
        return 0;
    if (index == SHARD_NOBODY)
        code = add_worker(shards, now_ms, renewal->state.instance, &index);
    if (code < 0 || renewal->sent_ms < shards->workers[index].sent_ms)
        return code;
    shards->workers[index].renewed_ms = now_ms;
    shards->workers[index].sent_ms = renewal->sent_ms;
    if (renewal->leaving)
        remove_worker(shards, now_ms, index);
    else
        take_listed(shards, index, renewal, &listed);
    give_out_what_is_free(shards, now_ms);
    if (!renewal->leaving)
        *worker = index;
    return 0;
}

/* ---- the whole ---- */

void shards_set_generation(struct shards *shards, uint64_t generation)
{
    if (generation == shards->generation)
        return;
    shards->generation = generation;
    shards->counter = 0;
    shards->version = generation << 32;
    for (int i = 0; i < SHARDS; i++) {
        struct shard_slot *slot = &shards->slots[i];
        if (generation == 0) {
            slot->destination = SHARD_NOBODY;
            release(slot);
        } else if (slot->state == SHARD_ASSIGNED) {
            slot->epoch = generation << 32 | ++shards->counter;
        }
    }
    for (int i = 0; i < SHARD_WORKERS_MAX; i++) {
        if (generation == 0)
            shards->workers[i] = (struct shard_worker){0};
        shards->workers[i].changed = shards->workers[i].instance != 0;
    }
}

void shards_set_weight(struct shards *shards, uint16_t shard, uint32_t weight)
{
    assert(shard < SHARDS);
    struct shard_slot *slot = &shards->slots[shard];
    int destination = slot->destination;
    set_destination(shards, slot, SHARD_NOBODY);
    slot->weight = weight;
    set_destination(shards, slot, destination);
}

void shards_change(struct shards *shards, uint16_t shard, uint32_t weight)
{
    shards_set_weight(shards, shard, weight);
    struct shard_slot *slot = &shards->slots[shard];
    if (slot->state != SHARD_ASSIGNED)
        return;
    slot->epoch = shards->generation << 32 | ++shards->counter;
    shards->workers[slot->worker].changed = true;
}

void shards_tick(struct shards *shards, int64_t now_ms)
{
    for (int i = 0; i < SHARD_WORKERS_MAX; i++)
        if (shards->workers[i].instance != 0 && now_ms - shards->workers[i].renewed_ms > SHARD_LEASE_MS)
            remove_worker(shards, now_ms, i);
    give_out_what_is_free(shards, now_ms);
    if (now_ms - shards->changed_ms < SHARD_SETTLE_MS || now_ms - shards->round_ms < SHARD_ROUND_MS)
        return;
    shards->round_ms = now_ms;
    begin_moves(shards);
}

void shards_lease(struct shards *shards, int worker, struct lease *lease, struct shard_lease rows[SHARDS])
{
    struct shard_worker *holder = &shards->workers[worker];
    size_t count = 0;
    shards->version++;
    for (int i = 0; i < SHARDS; i++) {
        struct shard_slot *slot = &shards->slots[i];
        if (slot->worker != worker)
            continue;
        if (slot->state == SHARD_ASSIGNED)
            rows[count++] = (struct shard_lease){.shard = (uint16_t)i, .epoch = slot->epoch};
        else if (slot->revoked_version == 0)
            slot->revoked_version = shards->version;
    }
    holder->changed = false;
    *lease = (struct lease){
        .sent_ms = holder->sent_ms,
        .version = shards->version,
        .duration_ms = SHARD_LEASE_MS,
        .granted = list_of(rows, count),
    };
}

int shards_next_changed(const struct shards *shards)
{
    for (int i = 0; i < SHARD_WORKERS_MAX; i++)
        if (shards->workers[i].changed)
            return i;
    return SHARD_NOBODY;
}

int shards_holder(const struct shards *shards, uint16_t shard, uint64_t epoch)
{
    if (shard >= SHARDS)
        return SHARD_NOBODY;
    const struct shard_slot *slot = &shards->slots[shard];
    return slot->state == SHARD_ASSIGNED && slot->epoch == epoch ? slot->worker : SHARD_NOBODY;
}

uint32_t shards_worker_count(const struct shards *shards)
{
    uint32_t count = 0;
    for (int i = 0; i < SHARD_WORKERS_MAX; i++)
        count += shards->workers[i].instance != 0;
    return count;
}

uint32_t shards_assigned_count(const struct shards *shards)
{
    uint32_t count = 0;
    for (int i = 0; i < SHARDS; i++)
        count += shards->slots[i].state == SHARD_ASSIGNED;
    return count;
}
