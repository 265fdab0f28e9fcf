/* What the kernel says. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/memory.h"

#include <stdio.h>

double memory_of_pid(pid_t pid)
{
    char path[64], line[256];
    double bytes = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long kilobytes;
        if (sscanf(line, "Pss: %lu kB", &kilobytes) == 1)
            bytes = (double)kilobytes * 1024;
    }
    (void)fclose(file);
    return bytes;
}
