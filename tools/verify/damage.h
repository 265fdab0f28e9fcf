/* The table of what can be wrong with a store, and one thing that was found to be. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_VERIFY_DAMAGE_H
#define WICK_VERIFY_DAMAGE_H

#include "lib/store/audit.h"

#include <stdint.h>

enum damage {
#define DAMAGE(id, name, grade, cure, sentence) DAMAGE_##id,
#include "tools/verify/damage.def"
#undef DAMAGE
    DAMAGES
};

enum damage_grade { GRADE_WRONG, GRADE_NOTE };
enum damage_cure { CURE_FETCH, CURE_REMOVE, CURE_TRIM, CURE_STRAY, CURE_KEY, CURE_NONE };

struct damage_row {
    const char *name;
    enum damage_grade grade;
    enum damage_cure cure;
    const char *sentence;
};

extern const struct damage_row damages[DAMAGES];

enum { FINDING_TEXT_SIZE = 256 };

struct finding {
    enum damage damage;
    const struct audit_series *series; /* NULL: of no series */
    int64_t first_ms, last_ms;         /* open times that it is about; both 0: of no time */
    int64_t count;                     /* candles that it is about, or rows */
    bool is_alike;                     /* DUPLICATE: the copies say the same */
    const struct audit_stray *stray;   /* ORPHAN */
    char text[FINDING_TEXT_SIZE];      /* what the sentence of the damage does not say; may be empty */
};

/* Receives a finding; a code other than 0 ends the search. */
typedef int (*finding_fn)(void *user, const struct finding *finding);

#endif
