/* Texts in the JSON that tools print. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_COMMON_JSON_TEXT_H
#define WICK_TOOLS_COMMON_JSON_TEXT_H

#include <stdio.h>

/* Writes a text in its quotes, escaped. */
void json_text_print(FILE *out, const char *text);

#endif
