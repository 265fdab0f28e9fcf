/* Settles a run step by step; the order matters: nothing is written before the configuration is known to be good. */
/* SPDX-License-Identifier: MIT */
#include "tools/up/plan.h"

#include "lib/runtime/curve.h"
#include "tools/common/files.h"
#include "tools/common/run_file.h"
#include "tools/up/given.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROLES_ALONE = ROLES - 1 }; /* one process each: all but the analyzers */

int plan_process_count(const struct plan *plan)
{
    return ROLES_ALONE + (int)plan->options.analyzers + (market_is_simulated(&plan->market) ? 1 : 0);
}

static int absolute(const char *path, const char *what, char out[FILE_PATH_SIZE])
{
    char resolved[PATH_MAX];
    if (realpath(path, resolved) == NULL)
        return error_set(ERROR_SYSTEM, "%s %s: %s", what, path, strerror(errno));
    (void)snprintf(out, FILE_PATH_SIZE, "%s", resolved);
    return 0;
}

static int load_configuration(struct plan *plan)
{
    enum { OWN_MAX = 8 };
    static char program[] = "wick-up", flag[] = "--config";
    char symbols[60], database[PLAN_URL_SIZE];
    char *arguments[2 * UP_SETTINGS_MAX + OWN_MAX] = {program};
    int count = 1;
    const char *file = plan->options.config != NULL ? plan->options.config : getenv("WICK_CONFIG");
    if (file != NULL) {
        int code = absolute(file, "configuration", plan->config_file);
        if (code != 0)
            return error_context(ERROR_CONFIGURATION, "%s", "--config");
        arguments[count++] = flag;
        arguments[count++] = plan->config_file;
    }
    if (plan->options.symbols > 0) { /* what is checked is what the processes get */
        (void)snprintf(symbols, sizeof symbols, "--market.max_symbols=%" PRId64, plan->options.symbols);
        arguments[count++] = symbols;
    }
    if (plan->options.database != NULL) {
        (void)snprintf(database, sizeof database, "--database.url=%s", plan->options.database);
        arguments[count++] = database;
    }
    for (int i = 0; i < plan->options.setting_count; i++)
        arguments[count++] = (char *)(uintptr_t)plan->options.settings[i];
    int code = config_load(EVERY_ROLE, count, arguments, stderr, &plan->config);
    sodium_memzero(database, sizeof database);
    return code;
}

static int find_programs(struct plan *plan)
{
    int code = absolute("/proc/self/exe", "this program", plan->programs);
    if (code == 0)
        *strrchr(plan->programs, '/') = '\0';
    return code;
}

static int open_data_directory(struct plan *plan)
{
    const char *wanted = plan->options.data != NULL ? plan->options.data : plan->config->process_data_dir;
    char log[FILE_PATH_SIZE];
    int code = directory_create(wanted);
    if (code == 0)
        code = absolute(wanted, "data directory", plan->data_dir);
    if (code == 0)
        code = run_lock(plan->data_dir);
    if (code == 0)
        code = file_path(plan->data_dir, "log", log);
    if (code == 0)
        code = directory_create(log);
    if (code == 0)
        code = curve_keys_create(plan->data_dir);
    return code;
}

/* Without --database, a URL that somebody configured stays; else the database is a file of the data directory.
 * A path given on the command line is relative to the caller's directory, which the processes do not share. */
static int choose_database(struct plan *plan)
{
    static const char scheme[] = "sqlite:";
    const char *url = plan->options.database;
    if (url == NULL && given(plan->config, "database", "url"))
        return 0;
    int length;
    if (url == NULL) {
        length = snprintf(plan->database_url, PLAN_URL_SIZE, "sqlite:%s/wick.db", plan->data_dir);
    } else if (strncmp(url, scheme, sizeof scheme - 1) == 0 && url[sizeof scheme - 1] != '/') {
        char here[FILE_PATH_SIZE];
        if (getcwd(here, sizeof here) == NULL)
            return error_set(ERROR_SYSTEM, "the current directory: %s", strerror(errno));
        length = snprintf(plan->database_url, PLAN_URL_SIZE, "sqlite:%s/%s", here, url + sizeof scheme - 1);
    } else {
        length = snprintf(plan->database_url, PLAN_URL_SIZE, "%s", url);
    }
    return length < PLAN_URL_SIZE ? 0 : error_set(ERROR_RANGE, "--database is longer than %d bytes", PLAN_URL_SIZE - 1);
}

static int choose_password(struct plan *plan)
{
    if (given(plan->config, "dashboard", "password") || given(plan->config, "dashboard", "password_hash"))
        return 0;
    plan->password_is_ours = true;
    return password_of_directory(plan->data_dir, plan->password, plan->password_hash);
}

static int choose_ports(struct plan *plan)
{
    int processes = plan_process_count(plan);
    plan->dashboard_port = (int)(plan->options.port > 0 ? plan->options.port : plan->config->dashboard_port);
    if (!port_is_free(plan->config->dashboard_address, plan->dashboard_port))
        return error_set(ERROR_EXISTS, "port %d, for the dashboard, is in use; give another --port",
                         plan->dashboard_port);
    plan->links_port = (int)plan->config->links_base_port;
    int code = given(plan->config, "links", "base_port")
                   ? ports_claim_exactly(&plan->claims, plan->links_port, LINKS)
                   : ports_claim(&plan->claims, plan->links_port, LINKS, &plan->links_port);
    if (code == 0)
        code = ports_claim(&plan->claims, PLAN_HEALTH_PORT, processes + 2, &plan->health_port);
    plan->simulator_port = plan->health_port + processes;
    plan->stream_port = plan->simulator_port + 1;
    return code;
}

int plan_make(const struct up_options *asked, struct plan *plan)
{
    *plan = (struct plan){.options = *asked};
    int code = load_configuration(plan);
    if (code == 0)
        code = market_choose(asked, plan->config, &plan->market);
    if (code == 0)
        code = find_programs(plan);
    if (code == 0)
        code = open_data_directory(plan);
    if (code == 0)
        code = choose_ports(plan);
    if (code == 0)
        code = market_open(plan->data_dir, &plan->market);
    if (code == 0)
        code = choose_database(plan);
    if (code == 0)
        code = choose_password(plan);
    return code;
}

void plan_release(struct plan *plan)
{
    ports_release(&plan->claims);
    config_destroy(plan->config);
    sodium_memzero(plan, sizeof *plan);
}
