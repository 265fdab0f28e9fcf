/* What one run is: everything that is settled before the first process starts. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_UP_PLAN_H
#define WICK_TOOLS_UP_PLAN_H

#include "lib/base/error.h"
#include "lib/runtime/config.h"
#include "tools/common/password.h"
#include "tools/common/ports.h"
#include "tools/up/market.h"
#include "tools/up/options.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAN_HEALTH_PORT = 5600, /* the first health port, where it is free */
    PLAN_URL_SIZE = 1024,
};

struct plan {
    struct up_options options;
    struct config *config; /* all roles' values; owned */
    char config_file[FILE_PATH_SIZE]; /* absolute; "": none */
    char data_dir[FILE_PATH_SIZE];    /* absolute */
    char programs[FILE_PATH_SIZE];    /* the directory that the programs are in */
    char database_url[PLAN_URL_SIZE]; /* "": as configured; a secret */
    struct market market;
    struct port_claims claims;
    int links_port;     /* the first of LINKS */
    int health_port;    /* the first; one a process */
    int simulator_port; /* behind the health ports */
    int stream_port;    /* the simulated exchange's other one, behind that */
    int dashboard_port;
    bool password_is_ours;
    char password[PASSWORD_LENGTH_MAX + 1]; /* ours; else empty */
    char password_hash[PASSWORD_HASH_SIZE];
};

/* How many processes the run has, with the simulated exchange. */
int plan_process_count(const struct plan *plan);

/* Settles the plan: reads the configuration, makes the data directory with its keys and password, takes its lock,
 * and chooses the ports. Writes the errors of the configuration to standard error.
 * ERROR_ARGUMENT and ERROR_CONFIGURATION for what was asked; other codes for what the machine refuses. */
int plan_make(const struct up_options *asked, struct plan *plan) MUST_CHECK;

/* Erases the secrets and frees what it owns. A zeroed plan is allowed. */
void plan_release(struct plan *plan);

#endif
