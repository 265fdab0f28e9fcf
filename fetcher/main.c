/* The fetcher process. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/fetcher.h"
#include "lib/base/version.h"

int main(int argc, char **argv)
{
    return version_asked(argc, argv) ? 0 : service_main(&fetcher_service, argc, argv);
}
