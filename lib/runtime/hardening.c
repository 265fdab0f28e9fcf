/* The steps, in the order in which they are taken. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/hardening.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int refuse_dumps(void)
{
#ifdef SANITIZED
    return 0; /* the leak checker reads its own process the way an attacker would */
#else
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int refuse_cores(void)
{
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}

static int refuse_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int hardening_apply(void)
{
    static const struct {
        const char *name;
        int (*step)(void);
    } steps[] = {
        {"refuse core dumps", refuse_cores},
        {"refuse to be read by other processes", refuse_dumps},
        {"refuse new privileges", refuse_privileges},
    };
    (void)umask(077);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].step() != 0)
            return error_set(ERROR_SYSTEM, "%s: %s", steps[i].name, strerror(errno));
    return 0;
}
