/* SPDX-License-Identifier: MIT */
#include "tests/unit/up_parts.h"

#include "tests/harness.h"
#include "tools/common/files.h"

#include <stdio.h>
#include <string.h>

struct config *load_config(void)
{
    char program[] = "wick-up", flag[] = "--limits.open_positions=7";
    char *arguments[] = {program, flag, NULL};
    struct config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(config_load(EVERY_ROLE, 2, arguments, stderr, &config), 0);
    return config;
}

const char *make_directory(const char *name, const char *files)
{
    static char path[FILE_PATH_SIZE];
    char file[2 * FILE_PATH_SIZE];
    CU_ASSERT_EQUAL_FATAL(file_path(test_directory(), name, path), 0);
    CU_ASSERT_EQUAL_FATAL(directory_create(path), 0);
    for (const char *at = files; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        (void)snprintf(file, sizeof file, "%s/%.*s", path, (int)length, at);
        CU_ASSERT_EQUAL_FATAL(file_write(file, "", 0), 0);
        at += length;
    }
    return path;
}
