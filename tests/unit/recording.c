/* Recorded answers of exchanges. */
/* SPDX-License-Identifier: MIT */
#include "tests/unit/recording.h"

#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { BODY_MAX = 8 * 1024 * 1024 };

bool recording_read(const char *path, int status, struct exchange_answer *out)
{
    const char *folder = test_shared_folder();
    if (folder == NULL) {
        test_skip("no recorded answers of exchanges");
        return false;
    }
    char full[512];
    (void)snprintf(full, sizeof full, "%s/exchanges/%s", folder, path);
    gzFile file = gzopen(full, "rb");
    char *body = malloc(BODY_MAX);
    int size = file != NULL && body != NULL ? gzread(file, body, BODY_MAX) : -1;
    if (file != NULL)
        (void)gzclose(file);
    if (size <= 0) {
        printf("cannot read %s\n", full);
        CU_FAIL("a recording cannot be read");
        free(body);
        return false;
    }
    *out = (struct exchange_answer){status, body, (size_t)size, -1, -1};
    return true;
}

bool recording_exists(const char *path)
{
    char full[512];
    const char *folder = test_shared_folder();
    if (folder == NULL)
        return false;
    (void)snprintf(full, sizeof full, "%s/exchanges/%s", folder, path);
    return access(full, R_OK) == 0;
}

void recording_release(struct exchange_answer *answer)
{
    free((void *)(uintptr_t)answer->body);
    answer->body = NULL;
}

struct exchange_answer answer_of(int status, const char *body)
{
    return (struct exchange_answer){status, body, strlen(body), -1, -1};
}
