/* How a process is, and the three pages that say so: /healthz (its loop turns), /readyz (it does its work), /metrics. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_RUNTIME_HEALTH_H
#define WICK_RUNTIME_HEALTH_H

#include "lib/runtime/config.h"
#include "lib/runtime/loop.h"
#include "proto/message.h"

struct health; /* opaque */

/* Serves the pages on process.health_address:health_port, unless the port is 0. The status begins as STARTING.
 * ERROR_MEMORY; the codes of http_server_open. */
int health_open(enum role role, const struct config *config, struct loop *loop, struct health **out) MUST_CHECK;
void health_close(struct health *health);

/* A standby is ready: it does all that it should. `detail` is copied and cut at 159 bytes. */
void health_set(struct health *health, enum process_status status, const char *detail);
enum process_status health_status(const struct health *health);
const char *health_detail(const struct health *health);

/* Resident set size of this process, bytes. */
uint64_t health_memory(void);

#endif
