/* The analyzer process. */
/* SPDX-License-Identifier: MIT */
#include "analyzer/analyzer.h"
#include "lib/base/version.h"

int main(int argc, char **argv)
{
    return version_asked(argc, argv) ? 0 : service_main(&analyzer_service, argc, argv);
}
