/* "Did you mean": the name of a list that a mistyped one is nearest to. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_BASE_SIMILAR_H
#define WICK_BASE_SIMILAR_H

#include <stddef.h>

/* A search: begin with {.wrong = text}, offer every name, read `best`. */
struct similar {
    const char *wrong; /* what was written */
    const char *best;  /* the nearest name so far; NULL: none is near enough */
    size_t distance;   /* its distance */
};

/* Compares one name: upper and lower case count as equal; a name is near when at most a third of its letters were
 * typed wrong, missed, added or swapped with a neighbour, or when one begins with the whole other. Of equally near
 * ones the first stays. Names longer than 63 bytes are near to none. */
void similar_offer(struct similar *similar, const char *name);

/* "; did you mean 'NAME'?", or "" where none is near enough. Returns `out`. */
const char *similar_hint(const struct similar *similar, char *out, size_t capacity);

#endif
