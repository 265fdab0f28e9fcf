/* The distance is that of optimal string alignment (Damerau, without moving a part twice), in three rows. */
/* SPDX-License-Identifier: MIT */
#include "lib/base/similar.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_LENGTH_MAX = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NAME_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(above[j - 1] + !same(a[i - 1], b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

void similar_offer(struct similar *similar, const char *name)
{
    size_t wrong_length = strlen(similar->wrong), length = strlen(name);
    if (wrong_length > NAME_LENGTH_MAX || length > NAME_LENGTH_MAX)
        return;
    enum { BEGINNING_MIN = 3 };
    size_t shorter = least(wrong_length, length), limit = (length + 2) / 3;
    size_t far = distance(similar->wrong, wrong_length, name, length);
    if (far > limit && shorter >= BEGINNING_MIN && strncasecmp(similar->wrong, name, shorter) == 0)
        far = limit;
    if (far > limit || (similar->best != NULL && far >= similar->distance))
        return;
    similar->best = name;
    similar->distance = far;
}

const char *similar_hint(const struct similar *similar, char *out, size_t capacity)
{
    out[0] = '\0';
    if (similar->best != NULL)
        (void)snprintf(out, capacity, "; did you mean '%s'?", similar->best);
    return out;
}
