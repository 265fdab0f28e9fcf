/* Runs the suite of a test program through CUnit, and what its tests share. */
/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static int skipped;

const char *test_shared_folder(void)
{
    struct stat status;
    static const char folder[] = "../shared"; /* ctest runs the programs in the project's folder */
    return stat(folder, &status) == 0 && S_ISDIR(status.st_mode) ? folder : NULL;
}

void test_skip(const char *why)
{
    skipped++;
    printf("SKIPPED: %s\n", why);
}

static void remove_directory(void)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", directory, (char *)NULL);
        _exit(127);
    }
    if (child > 0)
        (void)waitpid(child, NULL, 0);
}

const char *test_directory(void)
{
    if (directory[0] == '\0') {
        (void)snprintf(directory, sizeof directory, "/tmp/wick-test-XXXXXX");
        if (mkdtemp(directory) == NULL)
            abort();
        (void)atexit(remove_directory);
    }
    return directory;
}

unsigned long long test_random(void)
{
    static unsigned long long state = 88172645463325252u;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717u;
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (const struct test *test = suite_tests; suite != NULL && test->name != NULL; test++)
        if (CU_add_test(suite, test->name, test->run) == NULL)
            return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    unsigned passed = CU_get_number_of_tests_run() - CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    if (skipped > 0)
        printf("%d part(s) of this suite were SKIPPED, see above\n", skipped);
    return failures > 0 || passed == 0;
}
