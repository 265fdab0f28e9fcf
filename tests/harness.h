/* What every CUnit program here shares: a table of tests, and main. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TESTS_HARNESS_H
#define WICK_TESTS_HARNESS_H

#include <CUnit/CUnit.h>

struct test {
    const char *name; /* what must hold */
    void (*run)(void);
};

/* Each test program defines its suite's name and its tests; the row with name NULL ends them. */
extern const char *const suite_name;
extern const struct test suite_tests[];

/* The folder of real market data and recordings beside the project, or NULL where there is none: then print
 * "SKIPPED: ..." with test_skip and return, so that the skip is seen. */
const char *test_shared_folder(void);
void test_skip(const char *why);

/* A fresh empty directory for this program, removed at its end. */
const char *test_directory(void);

/* A xorshift64* generator, seeded alike in every run. */
unsigned long long test_random(void);

#endif
