/* The analyzer process. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/analyzer.h"

int main(int argc, char **argv)
{
    return service_main(&analyzer_service, argc, argv);
}
