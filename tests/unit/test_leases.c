/* The two ends of the leases, the fetcher's assignment and the analyzer's membership, against each other over a network
 * that delays, reorders and loses. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/membership.h"
#include "fetcher/shards.h"
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

static struct shards shards; /* of the run */

enum { SIMULATED = 12, STEP_MS = 10, IN_FLIGHT = 4096 };

struct simulated {
    bool alive;
    uint64_t instance;
    int64_t paused_until_ms;
    int64_t skew_ms; /* its clock is ahead of ours by this */
    struct membership membership;
    bool held[SHARDS];
    bool lapsed[SHARDS]; /* held until its lease ended */
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
static uint32_t weights[SHARDS];
static int64_t away_until_ms; /* the fetcher is dead until then */
static uint64_t generation;

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
    bool late = !calm && test_random() % 8 == 0;
    message->arrives_ms = now_ms + (int64_t)(test_random() % (late ? 2500 : 20));
    flying[flying_count++] = message;
    return message;
}

static void send_renewal(int index, int64_t now_ms, bool leaving)
{
    struct simulated *worker = &simulated[index];
    struct flying *message = send(now_ms);
    size_t count = 0;
    for (uint16_t i = 0; i < SHARDS; i++)
        if (worker->held[i] || worker->lapsed[i])
            message->rows[count++] =
                (struct shard_lease){.shard = i, .epoch = worker->held[i] ? worker->epochs[i] : 0};
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
    memset(worker->lapsed, 0, sizeof worker->lapsed);
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
    if (now_ms < away_until_ms)
        return;
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
    if (membership_ended(&worker->membership, own_ms)) {
        memcpy(worker->lapsed, worker->held, sizeof worker->lapsed);
        memset(worker->held, 0, sizeof worker->held);
    }
    if (membership_must_renew(&worker->membership, own_ms))
        send_renewal(index, now_ms, false);
}

/* A fetcher that knows nothing but its generation. */
static void start_fetcher(void)
{
    shards_init(&shards);
    shards_set_generation(&shards, ++generation);
    for (int i = 0; i < SHARDS; i++)
        shards_set_weight(&shards, (uint16_t)i, weights[i]);
}

/* The fetcher dies. The next one begins when the leases of its predecessor are over; before, only the epochs would
 * tell two holders apart. */
static void restart_fetcher(int64_t now_ms)
{
    away_until_ms = now_ms + SHARD_LEASE_MS + 500;
    start_fetcher();
}

static void disturb(int64_t now_ms)
{
    struct simulated *worker = &simulated[test_random() % SIMULATED];
    switch (test_random() % 6) {
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
    case 4:
        shards_set_generation(&shards, ++generation);
        break;
    default:
        restart_fetcher(now_ms);
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
        if (now_ms % 100 == 0 && now_ms >= away_until_ms) {
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
        for (int i = 0; i < SHARDS; i++)
            weights[i] = (uint32_t)(test_random() % 5);
        start_fetcher();
        away_until_ms = 0;
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

/* Nobody dies but the fetcher: the next one gives the shards back to who had them. */
static void test_a_new_fetcher_changes_nothing(void)
{
    bool before[SIMULATED][SHARDS];
    for (int i = 0; i < SHARDS; i++)
        weights[i] = 1;
    memset(simulated, 0, sizeof simulated);
    for (int i = 0; i < SIMULATED; i++)
        start_one(&simulated[i], 0);
    start_fetcher();
    away_until_ms = 0;
    calm = true;
    simulate(0, 10000);
    for (int i = 0; i < SIMULATED; i++)
        memcpy(before[i], simulated[i].held, sizeof before[i]);
    restart_fetcher(10000);
    simulate(10000, 20000);
    check_settled(20000);
    for (int i = 0; i < SIMULATED; i++)
        CU_ASSERT_EQUAL(memcmp(before[i], simulated[i].held, sizeof before[i]), 0);
    while (flying_count > 0)
        free(flying[--flying_count]);
}

static void test_membership_by_its_own_clock(void)
{
    struct membership membership;
    membership_init(&membership, 1000);
    CU_ASSERT(membership_must_renew(&membership, 1000));
    CU_ASSERT_FALSE(membership_must_renew(&membership, 1000 + LEASE_ASKING_MS - 1));
    CU_ASSERT(membership_must_renew(&membership, 1000 + LEASE_ASKING_MS)); /* nobody has answered yet */
    CU_ASSERT_FALSE(membership_holds(&membership, 1000));
    CU_ASSERT_FALSE(membership_ended(&membership, 1000));
    CU_ASSERT_EQUAL(membership_next_ms(&membership), 1000 + 2 * LEASE_ASKING_MS);
    struct lease lease = {.sent_ms = 1000, .version = 10, .duration_ms = 3000};
    CU_ASSERT(membership_accept(&membership, &lease, 1100));
    CU_ASSERT_FALSE(membership_accept(&membership, &lease, 1100)); /* the same again */
    CU_ASSERT(membership_holds(&membership, 3499));
    CU_ASSERT_FALSE(membership_holds(&membership, 3500)); /* counted from when the renewal was sent */
    CU_ASSERT(membership_must_renew(&membership, 1600));
    CU_ASSERT_FALSE(membership_must_renew(&membership, 1600 + LEASE_RENEWAL_MS - 1));
    CU_ASSERT(membership_must_renew(&membership, 1600 + LEASE_RENEWAL_MS));
    CU_ASSERT_EQUAL(membership_next_ms(&membership), 3500); /* its end is before the next renewal */
    struct lease older = {.sent_ms = 1500, .version = 9, .duration_ms = 3000};
    CU_ASSERT_FALSE(membership_accept(&membership, &older, 2100));
    CU_ASSERT(membership_ended(&membership, 3500));
    CU_ASSERT_FALSE(membership_ended(&membership, 3501));
    CU_ASSERT_EQUAL(membership_next_ms(&membership), 1600 + 2 * LEASE_RENEWAL_MS);
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

const char *const suite_name = "leases";
const struct test suite_tests[] = {
    {"the holder counts by its own clock", test_membership_by_its_own_clock},
    {"a new fetcher changes nothing", test_a_new_fetcher_changes_nothing},
    {"never two holders, and all is assigned in the end", test_never_two_and_all_in_the_end},
    {0},
};
