/* Which Wick this program is: the same in every program of a build, and nothing in it depends on when it was built. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_VERSION_H
#define WICK_BASE_VERSION_H

#include <stdbool.h>

/* Whether --version is all that was given; then it was written to standard output: "wick-up 0.1.0, commit 0123456789ab,
 * Release". Each main begins with it. */
bool version_asked(int argc, char **argv);

#endif
