/* The fetcher's assignment of shards. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/shards.h"
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

static struct shards shards; /* of the test that runs */
static struct shard_lease rows[SHARDS];

static void begin(uint32_t weight)
{
    shards_init(&shards);
    shards_set_generation(&shards, 7);
    for (int i = 0; i < SHARDS; i++)
        shards_set_weight(&shards, (uint16_t)i, weight);
}

static int renew_with(uint64_t instance, int64_t now_ms, uint64_t version, bool leaving, struct list held)
{
    int worker = 12345;
    struct renew renewal = {
        .sent_ms = now_ms, .version = version, .leaving = leaving, .state.instance = instance, .held = held};
    int code = shards_renew(&shards, now_ms, &renewal, &worker);
    CU_ASSERT_EQUAL(code, 0);
    return worker;
}

static int join(uint64_t instance, int64_t now_ms)
{
    return renew_with(instance, now_ms, 0, false, list_of(NULL, 0));
}

/* The number of shards in a worker's lease; the lease's version in *version. */
static uint32_t lease_of(int worker, uint64_t *version)
{
    struct lease lease;
    shards_lease(&shards, worker, &lease, rows);
    if (version != NULL)
        *version = lease.version;
    CU_ASSERT_EQUAL(lease.duration_ms, SHARD_LEASE_MS);
    return lease.granted.count;
}

/* A worker that has acted on its newest lease renews. */
static uint32_t obey(uint64_t instance, int worker, int64_t now_ms)
{
    uint64_t version;
    uint32_t count = lease_of(worker, &version);
    CU_ASSERT_EQUAL(renew_with(instance, now_ms, version, false, list_of(rows, count)), worker);
    return lease_of(worker, NULL);
}

static void test_the_first_gets_all(void)
{
    begin(1);
    int worker = join(1, 1000);
    CU_ASSERT_EQUAL(lease_of(worker, NULL), 0);
    shards_tick(&shards, 1000 + SHARD_GATHER_QUIET_MS - 1);
    CU_ASSERT_EQUAL(shards_assigned_count(&shards), 0);
    shards_tick(&shards, 1000 + SHARD_GATHER_QUIET_MS);
    CU_ASSERT_EQUAL(shards_next_changed(&shards), worker);
    CU_ASSERT_EQUAL(lease_of(worker, NULL), SHARDS);
    CU_ASSERT_EQUAL(shards_next_changed(&shards), SHARD_NOBODY);
    CU_ASSERT_EQUAL(shards.moved_total, 0);
    for (uint32_t i = 0; i < SHARDS; i++) {
        CU_ASSERT_EQUAL(rows[i].epoch >> 32, 7);
        CU_ASSERT_EQUAL(shards_holder(&shards, rows[i].shard, rows[i].epoch), worker);
        CU_ASSERT_EQUAL(shards_holder(&shards, rows[i].shard, rows[i].epoch - 1), SHARD_NOBODY);
    }
    CU_ASSERT_EQUAL(shards_holder(&shards, SHARDS, 1), SHARD_NOBODY);
}

static void test_those_who_come_together_share(void)
{
    begin(1);
    int workers[20];
    for (int i = 0; i < 20; i++)
        workers[i] = join((uint64_t)i + 1, 1000 + 30 * i);
    shards_tick(&shards, 1000 + 30 * 19 + SHARD_GATHER_QUIET_MS);
    for (int i = 0; i < 20; i++) {
        uint32_t count = lease_of(workers[i], NULL);
        CU_ASSERT(count == 51 || count == 52);
    }
    /* Those who never stop coming are not waited for. */
    begin(1);
    for (int i = 0; i < 20; i++) {
        (void)join((uint64_t)i + 1, 1000 + 100 * i);
        CU_ASSERT_EQUAL(shards_assigned_count(&shards) > 0, 100 * i >= SHARD_GATHER_MS);
    }
}

static void test_empty_shards_are_not_assigned(void)
{
    begin(0);
    shards_set_weight(&shards, 5, 3);
    int worker = join(1, 1000);
    shards_tick(&shards, 2000);
    CU_ASSERT_EQUAL(lease_of(worker, NULL), 1);
    CU_ASSERT_EQUAL(rows[0].shard, 5);
    shards_set_weight(&shards, 9, 1);
    shards_tick(&shards, 2001);
    CU_ASSERT_EQUAL(shards_next_changed(&shards), worker);
    CU_ASSERT_EQUAL(lease_of(worker, NULL), 2);
    CU_ASSERT_EQUAL(shards.workers[worker].load, 4);
}

static void test_without_a_generation_nothing_is_assigned(void)
{
    begin(1);
    shards_set_generation(&shards, 0);
    CU_ASSERT_EQUAL(join(1, 1000), SHARD_NOBODY);
    shards_tick(&shards, 5000);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), 0);
    CU_ASSERT_EQUAL(shards_assigned_count(&shards), 0);
}

static void test_who_leaves_frees_at_once(void)
{
    begin(1);
    int first = join(1, 1000), second = join(2, 1000);
    shards_tick(&shards, 2000);
    CU_ASSERT_EQUAL(lease_of(second, NULL), SHARDS / 2);
    CU_ASSERT_EQUAL(renew_with(1, 2500, 0, true, list_of(NULL, 0)), SHARD_NOBODY);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), 1);
    CU_ASSERT_EQUAL(shards_next_changed(&shards), second);
    CU_ASSERT_EQUAL(lease_of(second, NULL), SHARDS);
    CU_ASSERT_EQUAL(shards.moved_total, SHARDS / 2);
    CU_ASSERT_NOT_EQUAL(first, second);
    /* Whoever is not known cannot leave. */
    CU_ASSERT_EQUAL(renew_with(9, 2600, 0, true, list_of(NULL, 0)), SHARD_NOBODY);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), 1);
}

static void test_the_dead_keep_theirs_until_the_lease_is_over(void)
{
    begin(1);
    (void)join(1, 1000);
    int second = join(2, 1000);
    shards_tick(&shards, 1999);
    CU_ASSERT_EQUAL(obey(2, second, 3500), SHARDS / 2);
    shards_tick(&shards, 1000 + SHARD_LEASE_MS);
    CU_ASSERT_EQUAL(lease_of(second, NULL), SHARDS / 2);
    shards_tick(&shards, 1000 + SHARD_LEASE_MS + 1);
    CU_ASSERT_EQUAL(lease_of(second, NULL), SHARDS);
}

/* One worker has all, a second one comes; both act on their leases each second. */
static void test_a_joining_worker_gets_some_slowly(void)
{
    begin(1);
    int first = join(1, 0);
    shards_tick(&shards, 500);
    CU_ASSERT_EQUAL(obey(1, first, 900), SHARDS);
    int second = join(2, 1000);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 0);
    uint32_t before = 0;
    for (int64_t now_ms = 1100; now_ms < 60000; now_ms += 100) {
        shards_tick(&shards, now_ms);
        (void)obey(1, first, now_ms);
        uint32_t count = obey(2, second, now_ms);
        CU_ASSERT(count <= before + SHARD_MOVES_MAX);
        CU_ASSERT(now_ms >= 1000 + SHARD_SETTLE_MS || count == 0);
        CU_ASSERT(count <= (uint32_t)(now_ms / SHARD_ROUND_MS) * SHARD_MOVES_MAX);
        before = count;
    }
    CU_ASSERT(before >= SHARDS / 2 - 1 && before <= SHARDS / 2);
    CU_ASSERT_EQUAL(shards.moved_total, before);
}

/* Brings shards into REVOKING from worker 1 to worker 2. */
static void begin_a_move(int *first, int *second)
{
    begin(0);
    for (uint16_t i = 0; i < 4; i++)
        shards_set_weight(&shards, i, 1);
    *first = join(1, 0);
    shards_tick(&shards, 300);
    (void)obey(1, *first, 1000);
    *second = join(2, 1000);
    shards_tick(&shards, 2000);
}

static void test_revoked_before_assigned(void)
{
    int first, second;
    begin_a_move(&first, &second);
    CU_ASSERT_EQUAL(shards_assigned_count(&shards), 2);
    /* This renewal was sent before the lease without them could be seen: it lists nothing of them by chance. */
    CU_ASSERT_EQUAL(renew_with(1, 2001, 1, false, list_of(NULL, 0)), first);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 0);
    uint64_t version;
    CU_ASSERT_EQUAL(lease_of(first, &version), 2);
    /* Has seen an older lease only. */
    CU_ASSERT_EQUAL(renew_with(1, 2002, version - 1, false, list_of(NULL, 0)), first);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 0);
    /* Has seen it, and claims to hold one still. */
    struct shard_lease all[SHARDS];
    size_t count = 0;
    for (uint16_t i = 0; i < SHARDS; i++)
        if (shards.slots[i].state == SHARD_REVOKING)
            all[count++] = (struct shard_lease){.shard = i, .epoch = shards.slots[i].epoch};
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_EQUAL(renew_with(1, 2003, version, false, list_of(all, 1)), first);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 1);
    CU_ASSERT_EQUAL(rows[0].shard, all[1].shard);
    CU_ASSERT(rows[0].epoch > all[1].epoch);
    CU_ASSERT_EQUAL(renew_with(1, 2004, version, false, list_of(NULL, 0)), first);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 2);
    /* The old epoch holds no longer. */
    CU_ASSERT_EQUAL(shards_holder(&shards, all[0].shard, all[0].epoch), SHARD_NOBODY);
}

static void test_a_move_from_the_dead_ends_with_the_lease(void)
{
    int first, second;
    begin_a_move(&first, &second);
    (void)obey(2, second, 3500);
    shards_tick(&shards, 1000 + SHARD_LEASE_MS);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 0);
    shards_tick(&shards, 1000 + SHARD_LEASE_MS + 1);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 4);
}

static void test_a_move_to_the_dead_goes_elsewhere(void)
{
    int first, second;
    begin_a_move(&first, &second);
    (void)obey(1, first, 3500);
    CU_ASSERT_EQUAL(shards.workers[first].load, 2);
    shards_tick(&shards, 1000 + SHARD_LEASE_MS + 1);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), 1);
    CU_ASSERT_EQUAL(obey(1, first, 4500), 4);
    CU_ASSERT_EQUAL(shards.workers[first].load, 4);
}

static void test_a_late_renewal_is_ignored(void)
{
    begin(1);
    int worker = join(1, 1000);
    shards_tick(&shards, 1300);
    CU_ASSERT_EQUAL(renew_with(1, 2000, 0, false, list_of(NULL, 0)), worker);
    struct renew late = {.sent_ms = 1500, .state.instance = 1, .leaving = true};
    int answered;
    CU_ASSERT_EQUAL(shards_renew(&shards, 2100, &late, &answered), 0);
    CU_ASSERT_EQUAL(answered, SHARD_NOBODY);
    CU_ASSERT_EQUAL(shards.workers[worker].renewed_ms, 2000);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), 1);
}

static void test_bad_renewals_are_refused(void)
{
    begin(1);
    int worker;
    struct renew nobody = {.sent_ms = 1};
    CU_ASSERT_EQUAL(shards_renew(&shards, 1, &nobody, &worker), ERROR_PROTOCOL);
    struct shard_lease row = {.shard = SHARDS, .epoch = 1};
    struct renew bad = {.sent_ms = 1, .state.instance = 1, .held = list_of(&row, 1)};
    CU_ASSERT_EQUAL(shards_renew(&shards, 1, &bad, &worker), ERROR_PROTOCOL);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), 0);
    for (uint64_t i = 1; i <= SHARD_WORKERS_MAX; i++)
        (void)join(i, 1);
    struct renew one_more = {.sent_ms = 1, .state.instance = SHARD_WORKERS_MAX + 1};
    CU_ASSERT_EQUAL(shards_renew(&shards, 1, &one_more, &worker), ERROR_FULL);
    CU_ASSERT_EQUAL(worker, SHARD_NOBODY);
    CU_ASSERT_EQUAL(shards_worker_count(&shards), SHARD_WORKERS_MAX);
}

static void test_a_new_generation_keeps_the_holders(void)
{
    begin(1);
    int first = join(1, 1000), second = join(2, 1000);
    shards_tick(&shards, 1300);
    struct shard_slot before[SHARDS];
    memcpy(before, shards.slots, sizeof before);
    shards_set_generation(&shards, 8);
    for (int i = 0; i < SHARDS; i++) {
        CU_ASSERT_EQUAL(shards.slots[i].worker, before[i].worker);
        CU_ASSERT_EQUAL(shards.slots[i].epoch >> 32, 8);
    }
    CU_ASSERT(shards.workers[first].changed && shards.workers[second].changed);
    CU_ASSERT_EQUAL(shards.moved_total, 0);
}

/* A fetcher that has just started gives back what the workers list, under new epochs, before the gathering is over;
 * what two of them list goes to one. */
static void test_after_a_restart_they_keep_what_they_list(void)
{
    begin(1);
    struct shard_lease mine[3] = {{.shard = 10, .epoch = 99}, {.shard = 11, .epoch = 98}, {.shard = 12, .epoch = 97}};
    int first = renew_with(1, 1000, 5, false, list_of(mine, 3));
    int second = renew_with(2, 1001, 5, false, list_of(mine + 2, 1));
    CU_ASSERT_EQUAL(lease_of(second, NULL), 0);
    CU_ASSERT_EQUAL(lease_of(first, NULL), 3);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(rows[i].shard, mine[i].shard);
        CU_ASSERT_EQUAL(rows[i].epoch >> 32, 7);
    }
}

/* Epoch 0 is a wish: it is granted where nobody else holds the shard, and holds up no move. */
static void test_what_was_held_before_is_given_back(void)
{
    int first, second;
    begin(1);
    struct shard_lease wish[2] = {{.shard = 10}, {.shard = 11}};
    first = renew_with(1, 1000, 0, false, list_of(wish, 2));
    second = renew_with(2, 1001, 0, false, list_of(wish, 2));
    CU_ASSERT_EQUAL(lease_of(first, NULL), 2);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 0);
    begin_a_move(&first, &second);
    uint64_t version;
    (void)lease_of(first, &version);
    struct shard_lease all[4] = {{.shard = 0}, {.shard = 1}, {.shard = 2}, {.shard = 3}};
    CU_ASSERT_EQUAL(renew_with(1, 2100, version, false, list_of(all, 4)), first);
    CU_ASSERT_EQUAL(lease_of(second, NULL), 2);
}

/* Different weights: the loads come as near to each other as shards allow. */
static void test_loads_are_balanced_by_weight(void)
{
    begin(0);
    for (int i = 0; i < SHARDS; i++)
        shards_set_weight(&shards, (uint16_t)i, (uint32_t)(test_random() % 40));
    int workers[7];
    workers[0] = join(1, 0);
    shards_tick(&shards, 300);
    for (uint64_t i = 1; i < 7; i++)
        workers[i] = join(i + 1, 400);
    for (int64_t now_ms = 500; now_ms < 120000; now_ms += 500) {
        shards_tick(&shards, now_ms);
        for (uint64_t i = 0; i < 7; i++)
            (void)obey(i + 1, workers[i], now_ms);
    }
    uint32_t most = 0, least = UINT32_MAX;
    for (int i = 0; i < 7; i++) {
        uint32_t load = shards.workers[workers[i]].load;
        most = load > most ? load : most;
        least = load < least ? load : least;
    }
    CU_ASSERT(most - least <= 40);
    uint64_t moved = shards.moved_total;
    shards_tick(&shards, 200000 - SHARD_LEASE_MS);
    CU_ASSERT_EQUAL(shards.moved_total, moved);
}

const char *const suite_name = "shards";
const struct test suite_tests[] = {
    {"the first worker gets all", test_the_first_gets_all},
    {"those who come together share from the start", test_those_who_come_together_share},
    {"empty shards are not assigned", test_empty_shards_are_not_assigned},
    {"without a generation nothing is assigned", test_without_a_generation_nothing_is_assigned},
    {"who leaves frees its shards at once", test_who_leaves_frees_at_once},
    {"the dead keep theirs until the lease is over", test_the_dead_keep_theirs_until_the_lease_is_over},
    {"a joining worker gets some, few at a time", test_a_joining_worker_gets_some_slowly},
    {"a shard is revoked before it is assigned", test_revoked_before_assigned},
    {"a move from the dead ends with the lease", test_a_move_from_the_dead_ends_with_the_lease},
    {"a move to the dead goes elsewhere", test_a_move_to_the_dead_goes_elsewhere},
    {"a renewal that comes late is ignored", test_a_late_renewal_is_ignored},
    {"bad renewals are refused", test_bad_renewals_are_refused},
    {"a new generation keeps the holders, under new epochs", test_a_new_generation_keeps_the_holders},
    {"after a restart they keep what they list", test_after_a_restart_they_keep_what_they_list},
    {"what was held before is given back", test_what_was_held_before_is_given_back},
    {"loads are balanced by weight", test_loads_are_balanced_by_weight},
    {0},
};
