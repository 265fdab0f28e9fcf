/* SPDX-License-Identifier: MIT */
#include "tools/common/stop.h"

#include <assert.h>

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

const volatile sig_atomic_t *stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    int failed = sigaction(SIGINT, &action, NULL) + sigaction(SIGTERM, &action, NULL);
    assert(failed == 0);
    (void)failed;
    return &stopped;
}
