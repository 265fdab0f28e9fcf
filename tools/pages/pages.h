/* The pages under docs/ that are printed from tables. Each writes one page as Markdown. */
/* SPDX-License-Identifier: MIT */
#ifndef WICK_TOOLS_PAGES_PAGES_H
#define WICK_TOOLS_PAGES_PAGES_H

#include <stdio.h>

/* The roles and the links between them, from proto/roles.def and proto/links.def. */
void links_print_page(FILE *out);

/* Every message and record with its fields, and every enum, from proto/messages.def and proto/enums.def. */
void messages_print_page(FILE *out);

/* Every metric, from lib/runtime/metrics.def. */
void metrics_print_page(FILE *out);

/* Every error code, from lib/base/errors.def. */
void errors_print_page(FILE *out);

/* Every path of the dashboard and what it needs, from dashboard/routes.def. */
void routes_print_page(FILE *out);

/* Writes the names of the roles in a set of ROLE_BITs, with commas; "every process" for all of them. */
void print_roles(unsigned set, FILE *out);

#endif
