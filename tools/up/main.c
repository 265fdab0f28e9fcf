/* wick up: everything on this machine. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/version.h"
#include "lib/runtime/address.h"
#include "tools/up/options.h"
#include "tools/up/plan.h"
#include "tools/up/supervisor.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

enum exit_status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_CONFIGURATION = 4,
    STATUS_TIMED_OUT = 5
};

static int status_of(int code)
{
    if (code == 0)
        return STATUS_OK;
    fprintf(stderr, "wick up: %s\n", error_message());
    if (code == ERROR_ARGUMENT)
        return STATUS_USAGE;
    if (code == ERROR_CONFIGURATION)
        return STATUS_CONFIGURATION;
    return code == ERROR_TIMEOUT ? STATUS_TIMED_OUT : STATUS_FAILED;
}

static void greet(const struct plan *plan)
{
    char market[FILE_PATH_SIZE], host[ADDRESS_TEXT_SIZE];
    market_describe(&plan->market, market, sizeof market);
    address_for_url(plan->config->dashboard_address, host, sizeof host);
    printf("Market     %s\nData       %s\nDashboard  http://%s:%d", market, plan->data_dir, host,
           plan->dashboard_port);
    printf("  password  %s\n", plan->password_is_ours ? plan->password : "as configured");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct plan plan; /* large */
    struct up_options asked;
    if (version_asked(argc, argv))
        return 0;
    supervisor_hold_signals();
    int code = up_options_read(argc, argv, &asked);
    if (code != 0)
        return status_of(code);
    if (asked.help) {
        up_options_help(stdout);
        return STATUS_OK;
    }
    (void)umask(077);
    code = sodium_init() < 0 ? error_set(ERROR_LIBRARY, "libsodium does not start") : plan_make(&asked, &plan);
    if (code == 0) {
        greet(&plan);
        code = supervisor_run(&plan);
    }
    int status = status_of(code);
    plan_release(&plan);
    return status;
}
