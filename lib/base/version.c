/* The only file that is compiled anew after a commit; cmake/version.cmake gives its three texts. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool version_asked(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "--version") != 0)
        return false;
    printf("%s %s, commit %s, %s\n", program_invocation_short_name, WICK_VERSION, WICK_COMMIT, WICK_BUILD);
    return true;
}
