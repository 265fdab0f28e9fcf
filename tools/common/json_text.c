/* Texts in the JSON that tools print. */
/* SPDX-License-Identifier: MIT */
#include "tools/common/json_text.h"

void json_text_print(FILE *out, const char *text)
{
    (void)putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < ' ')
            fprintf(out, "\\u%04x", *at);
        else
            (void)putc(*at, out);
    }
    (void)putc('"', out);
}
