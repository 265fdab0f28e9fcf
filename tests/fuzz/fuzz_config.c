/* Any bytes as the configuration file: they are accepted or refused with messages, and never crash the start. */
/* SPDX-License-Identifier: MIT */
#include "lib/runtime/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static FILE *errors;
    static int file = -1;
    char path[64];
    if (errors == NULL) {
        errors = fopen("/dev/null", "w");
        file = memfd_create("configuration", MFD_CLOEXEC);
        if (file < 0 || fchmod(file, 0600) != 0) /* secrets are taken from a private file alone */
            abort();
    }
    if (errors == NULL || file < 0 || ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    char *argv[] = {"fuzz", "--config", path};
    struct config *config;
    int code = config_load(EVERY_ROLE, 3, argv, errors, &config);
    if (code == 0)
        config_destroy(config);
    else if (code != ERROR_CONFIGURATION)
        abort();
    return 0;
}
