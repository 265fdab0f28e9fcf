/* How often passwords are tried. Nobody is ever locked out: everyone shares one small bucket, so that any number of
 * attackers costs one verification a second; who fails repeatedly waits longer and longer; and a browser that logged
 * in before has a bucket of its own, which attackers cannot empty. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_DASHBOARD_THROTTLE_H
#define WICK_DASHBOARD_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    THROTTLE_CLIENTS_MAX = 256, /* that are remembered; beyond, the one that failed longest ago is forgotten */
    THROTTLE_FREE_FAILURES = 3, /* failures of a client before it has to wait */
    THROTTLE_DELAY_FIRST_MS = 1000,
    THROTTLE_DELAY_MAX_MS = 60 * 1000,
    EVERYONE_PERIOD_MS = 1000, /* one verification a second, five at once */
    EVERYONE_BURST = 5,
    DEVICE_PERIOD_MS = 10 * 1000,
    DEVICE_BURST = 5,
    CLIENT_KEY_SIZE = 48, /* a numeric address */
};

/* A token bucket by the generic cell rate algorithm (ITU-T I.371): one number says when it will be full again. */
struct bucket {
    int64_t full_ms;
};

/* Takes a token if there is one and returns 0, or returns in how many ms there will be one. */
int64_t bucket_take(struct bucket *bucket, int64_t period_ms, int burst, int64_t now_ms);

struct throttle_client {
    char key[CLIENT_KEY_SIZE]; /* "": free */
    int failures;              /* since its last success */
    int64_t failed_ms;         /* the last one */
};

struct throttle {
    struct bucket everyone;
    struct bucket devices;
    struct throttle_client clients[THROTTLE_CLIENTS_MAX];
};

/* Asks for one verification: 0 and it is taken, or how many ms to wait before asking again. A known device neither
 * uses the common bucket nor waits for its address's failures. */
int64_t throttle_take(struct throttle *throttle, const char *client, bool known_device, int64_t now_ms);

/* Notes how a verification ended. */
void throttle_failed(struct throttle *throttle, const char *client, int64_t now_ms);
void throttle_succeeded(struct throttle *throttle, const char *client);

/* How long a client waits after so many failures: 0, then 1 s, 2 s, 4 s ... up to a minute. */
int64_t throttle_delay_ms(int failures);

#endif
