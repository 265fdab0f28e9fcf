/* The leases of shards: the fetcher's assignment and the analyzer's membership, alone and against each other over a
 * network that delays, reorders and loses. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/membership.h"
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

/* ---- the two sides against each other ---- */

enum { SIMULATED = 12, STEP_MS = 10, IN_FLIGHT = 4096 };

struct simulated {
    bool alive;
    uint64_t instance;
    int64_t paused_until_ms;
    int64_t skew_ms; /* its clock is ahead of ours by this */
    struct membership membership;
    bool held[SHARDS];
    uint64_t epochs[SHARDS];
};

/* A message on its way: a renewal (to < 0) or a lease to a simulated worker. */
struct flying {
    int64_t arrives_ms;
    int from, to;
    uint64_t instance;
    struct renew renewal;
    struct lease lease;
    struct shard_lease rows[SHARDS];
};

static struct simulated simulated[SIMULATED];
static struct flying *flying[IN_FLIGHT];
static size_t flying_count;
static bool calm; /* no faults any more */

static void start_one(struct simulated *worker, int64_t now_ms)
{
    *worker = (struct simulated){.alive = true, .instance = test_random() | 1};
    worker->skew_ms = (int64_t)(test_random() % 1000000);
    membership_init(&worker->membership, now_ms + worker->skew_ms);
}

/* Puts a message on its way: late, out of order, or lost. */
static struct flying *send(int64_t now_ms)
{
    static struct flying lost;
    if (!calm && test_random() % 30 == 0)
        return &lost;
    CU_ASSERT_FATAL(flying_count < IN_FLIGHT);
    struct flying *message = calloc(1, sizeof *message);
    message->arrives_ms = now_ms + (int64_t)(calm || test_random() % 8 != 0 ? test_random() % 20 : test_random() % 2500);
    flying[flying_count++] = message;
    return message;
}

static void send_renewal(int index, int64_t now_ms, bool leaving)
{
    struct simulated *worker = &simulated[index];
    struct flying *message = send(now_ms);
    size_t count = 0;
    for (uint16_t i = 0; i < SHARDS; i++)
        if (worker->held[i])
            message->rows[count++] = (struct shard_lease){.shard = i, .epoch = worker->epochs[i]};
    message->from = index, message->to = -1, message->instance = worker->instance;
    message->renewal = (struct renew){
        .sent_ms = now_ms + worker->skew_ms,
        .version = worker->membership.version,
        .leaving = leaving,
        .state.instance = worker->instance,
        .held = list_of(message->rows, count),
    };
}

static void send_lease(int worker, int64_t now_ms)
{
    for (int i = 0; i < SIMULATED; i++) {
        if (!simulated[i].alive || simulated[i].instance != shards.workers[worker].instance)
            continue;
        struct flying *message = send(now_ms);
        message->from = -1, message->to = i, message->instance = simulated[i].instance;
        shards_lease(&shards, worker, &message->lease, message->rows);
        return;
    }
    shards.workers[worker].changed = false; /* it is dead */
}

static void receive_lease(struct simulated *worker, struct flying *message, int64_t now_ms)
{
    if (!worker->alive || worker->instance != message->instance)
        return;
    if (!membership_accept(&worker->membership, &message->lease, now_ms + worker->skew_ms))
        return;
    bool granted[SHARDS] = {false};
    struct list list = message->lease.granted;
    for (struct shard_lease row; list_next(&list, RECORD_shard_lease, &row);) {
        granted[row.shard] = true;
        CU_ASSERT(!worker->held[row.shard] || worker->epochs[row.shard] <= row.epoch);
        worker->epochs[row.shard] = row.epoch;
    }
    for (int i = 0; i < SHARDS; i++) {
        if (worker->held[i] && !granted[i])
            membership_hurry(&worker->membership, now_ms + worker->skew_ms);
        worker->held[i] = granted[i];
    }
}

static void receive_renewal(struct flying *message, int64_t now_ms)
{
    int worker;
    CU_ASSERT_EQUAL(shards_renew(&shards, now_ms, &message->renewal, &worker), 0);
    if (worker != SHARD_NOBODY)
        send_lease(worker, now_ms);
}

/* Delivers what has arrived; a paused worker reads nothing, its messages wait. */
static void deliver(int64_t now_ms)
{
    for (size_t i = 0; i < flying_count;) {
        struct flying *message = flying[i];
        bool waits = message->to >= 0 && now_ms < simulated[message->to].paused_until_ms;
        if (message->arrives_ms > now_ms || waits) {
            i++;
            continue;
        }
        flying[i] = flying[--flying_count];
        if (message->to >= 0)
            receive_lease(&simulated[message->to], message, now_ms);
        else
            receive_renewal(message, now_ms);
        free(message);
    }
}

static void work(int index, int64_t now_ms)
{
    struct simulated *worker = &simulated[index];
    if (!worker->alive || now_ms < worker->paused_until_ms)
        return;
    int64_t own_ms = now_ms + worker->skew_ms;
    if (membership_ended(&worker->membership, own_ms))
        memset(worker->held, 0, sizeof worker->held);
    if (membership_must_renew(&worker->membership, own_ms))
        send_renewal(index, now_ms, false);
}

static void disturb(int64_t now_ms)
{
    struct simulated *worker = &simulated[test_random() % SIMULATED];
    switch (test_random() % 5) {
    case 0: /* dies without a word, or starts */
    case 1:
        if (worker->alive)
            worker->alive = false;
        else
            start_one(worker, now_ms);
        break;
    case 2:
        worker->paused_until_ms = now_ms + (int64_t)(test_random() % 6000);
        break;
    case 3: /* leaves */
        if (worker->alive && now_ms >= worker->paused_until_ms) {
            memset(worker->held, 0, sizeof worker->held);
            send_renewal((int)(worker - simulated), now_ms, true);
            worker->alive = false;
        }
        break;
    default:
        shards_set_generation(&shards, shards.generation + 1);
    }
}

/* How many shards two workers believe to hold at this instant, each by its own clock. */
static size_t held_twice(int64_t now_ms)
{
    size_t twice = 0;
    uint8_t holders[SHARDS] = {0};
    for (int w = 0; w < SIMULATED; w++) {
        struct simulated *worker = &simulated[w];
        if (!worker->alive || !membership_holds(&worker->membership, now_ms + worker->skew_ms))
            continue;
        for (int i = 0; i < SHARDS; i++)
            twice += worker->held[i] && ++holders[i] == 2;
    }
    return twice;
}

static size_t revoking_count(void)
{
    size_t count = 0;
    for (int i = 0; i < SHARDS; i++)
        count += shards.slots[i].state == SHARD_REVOKING;
    return count;
}

static void simulate(int64_t from_ms, int64_t to_ms)
{
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += STEP_MS) {
        if (!calm && test_random() % 150 == 0)
            disturb(now_ms);
        deliver(now_ms);
        for (int i = 0; i < SIMULATED; i++)
            work(i, now_ms);
        if (now_ms % 100 == 0) {
            size_t before = revoking_count();
            shards_tick(&shards, now_ms);
            CU_ASSERT(revoking_count() <= before + SHARD_MOVES_MAX);
        }
        for (int worker; (worker = shards_next_changed(&shards)) != SHARD_NOBODY;)
            send_lease(worker, now_ms);
        CU_ASSERT_EQUAL_FATAL(held_twice(now_ms), 0);
    }
}

/* When all is calm: every shard with weight is held by just one, who knows its epoch; the loads are balanced. */
static void check_settled(int64_t now_ms)
{
    uint32_t loads[SIMULATED] = {0}, most = 0, least = UINT32_MAX, heaviest = 0;
    for (int i = 0; i < SHARDS; i++) {
        uint32_t weight = shards.slots[i].weight;
        int holders = 0;
        heaviest = weight > heaviest ? weight : heaviest;
        for (int w = 0; w < SIMULATED; w++) {
            struct simulated *worker = &simulated[w];
            if (!worker->alive || !worker->held[i])
                continue;
            CU_ASSERT(membership_holds(&worker->membership, now_ms + worker->skew_ms));
            CU_ASSERT_EQUAL(worker->epochs[i], shards.slots[i].epoch);
            loads[w] += weight;
            holders++;
        }
        CU_ASSERT_EQUAL(holders, weight > 0);
    }
    for (int w = 0; w < SIMULATED; w++) {
        if (!simulated[w].alive)
            continue;
        most = loads[w] > most ? loads[w] : most;
        least = loads[w] < least ? loads[w] : least;
    }
    CU_ASSERT(most - least <= heaviest);
}

static void test_never_two_and_all_in_the_end(void)
{
    for (int run = 0; run < 6; run++) {
        begin(0);
        for (int i = 0; i < SHARDS; i++)
            shards_set_weight(&shards, (uint16_t)i, (uint32_t)(test_random() % 5));
        memset(simulated, 0, sizeof simulated);
        for (int i = 0; i < SIMULATED / 2; i++)
            start_one(&simulated[i], 0);
        calm = false;
        simulate(0, 120000);
        calm = true;
        if (!simulated[0].alive)
            start_one(&simulated[0], 120000);
        simulate(120000, 200000);
        check_settled(200000);
        uint64_t moved = shards.moved_total;
        simulate(200000, 210000);
        CU_ASSERT_EQUAL(shards.moved_total, moved);
        while (flying_count > 0)
            free(flying[--flying_count]);
    }
}

static void test_membership_by_its_own_clock(void)
{
    struct membership membership;
    membership_init(&membership, 1000);
    CU_ASSERT(membership_must_renew(&membership, 1000));
    CU_ASSERT_FALSE(membership_must_renew(&membership, 1999));
    CU_ASSERT_FALSE(membership_holds(&membership, 1000));
    CU_ASSERT_FALSE(membership_ended(&membership, 1000));
    struct lease lease = {.sent_ms = 1000, .version = 10, .duration_ms = 3000};
    CU_ASSERT(membership_accept(&membership, &lease, 1100));
    CU_ASSERT_FALSE(membership_accept(&membership, &lease, 1100)); /* the same again */
    CU_ASSERT(membership_holds(&membership, 3499));
    CU_ASSERT_FALSE(membership_holds(&membership, 3500)); /* counted from when the renewal was sent */
    CU_ASSERT(membership_must_renew(&membership, 2000));
    struct lease older = {.sent_ms = 1500, .version = 9, .duration_ms = 3000};
    CU_ASSERT_FALSE(membership_accept(&membership, &older, 2100));
    CU_ASSERT(membership_ended(&membership, 3500));
    CU_ASSERT_FALSE(membership_ended(&membership, 3501));
    struct lease over = {.sent_ms = 1000, .version = 11, .duration_ms = 3000};
    CU_ASSERT_FALSE(membership_accept(&membership, &over, 3502));
    struct lease unborn = {.sent_ms = 9000, .version = 12, .duration_ms = 3000};
    CU_ASSERT_FALSE(membership_accept(&membership, &unborn, 3502));
    /* A fetcher that counts its generations anew is believed once the old lease is over. */
    struct lease anew = {.sent_ms = 3400, .version = 1, .duration_ms = 3000};
    CU_ASSERT(membership_accept(&membership, &anew, 3503));
    CU_ASSERT_FALSE(membership_must_reconnect(&membership, 3503 + MEMBERSHIP_SILENCE_MS - 1));
    CU_ASSERT(membership_must_reconnect(&membership, 3503 + MEMBERSHIP_SILENCE_MS));
    CU_ASSERT_FALSE(membership_must_reconnect(&membership, 3504 + MEMBERSHIP_SILENCE_MS));
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
    {"loads are balanced by weight", test_loads_are_balanced_by_weight},
    {"the holder counts by its own clock", test_membership_by_its_own_clock},
    {"never two holders, and all is assigned in the end", test_never_two_and_all_in_the_end},
    {0},
};
