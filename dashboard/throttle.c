/* Arithmetic on the times of failures; nothing here waits. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/throttle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int64_t bucket_take(struct bucket *bucket, int64_t period_ms, int burst, int64_t now_ms)
{
    int64_t full_ms = bucket->full_ms > now_ms ? bucket->full_ms : now_ms;
    int64_t wait_ms = full_ms - now_ms - (burst - 1) * period_ms;
    if (wait_ms > 0)
        return wait_ms;
    bucket->full_ms = full_ms + period_ms;
    return 0;
}

int64_t throttle_delay_ms(int failures)
{
    int64_t delay_ms = THROTTLE_DELAY_FIRST_MS;
    if (failures < THROTTLE_FREE_FAILURES)
        return 0;
    for (int i = THROTTLE_FREE_FAILURES; i < failures && delay_ms < THROTTLE_DELAY_MAX_MS; i++)
        delay_ms *= 2;
    return delay_ms < THROTTLE_DELAY_MAX_MS ? delay_ms : THROTTLE_DELAY_MAX_MS;
}

static struct throttle_client *find_client(struct throttle *throttle, const char *key)
{
    for (size_t i = 0; i < THROTTLE_CLIENTS_MAX; i++)
        if (strcmp(throttle->clients[i].key, key) == 0)
            return &throttle->clients[i];
    return NULL;
}

/* A free place, or that of the client that failed longest ago. */
static struct throttle_client *place_for(struct throttle *throttle, const char *key)
{
    struct throttle_client *place = &throttle->clients[0];
    for (size_t i = 0; i < THROTTLE_CLIENTS_MAX; i++) {
        struct throttle_client *client = &throttle->clients[i];
        if (client->key[0] == '\0') {
            place = client;
            break;
        }
        if (client->failed_ms < place->failed_ms)
            place = client;
    }
    *place = (struct throttle_client){0};
    (void)snprintf(place->key, sizeof place->key, "%s", key);
    return place;
}

int64_t throttle_take(struct throttle *throttle, const char *client, bool known_device, int64_t now_ms)
{
    assert(client[0] != '\0');
    if (known_device)
        return bucket_take(&throttle->devices, DEVICE_PERIOD_MS, DEVICE_BURST, now_ms);
    const struct throttle_client *known = find_client(throttle, client);
    int64_t until_ms = known == NULL ? now_ms : known->failed_ms + throttle_delay_ms(known->failures);
    if (until_ms > now_ms)
        return until_ms - now_ms;
    return bucket_take(&throttle->everyone, EVERYONE_PERIOD_MS, EVERYONE_BURST, now_ms);
}

void throttle_failed(struct throttle *throttle, const char *client, int64_t now_ms)
{
    struct throttle_client *known = find_client(throttle, client);
    if (known == NULL)
        known = place_for(throttle, client);
    if (known->failures < 1000)
        known->failures++;
    known->failed_ms = now_ms;
}

void throttle_succeeded(struct throttle *throttle, const char *client)
{
    struct throttle_client *known = find_client(throttle, client);
    if (known != NULL)
        *known = (struct throttle_client){0};
}
