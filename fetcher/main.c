/* The fetcher process. */
/* SPDX-License-Identifier: MIT */
#include "fetcher/fetcher.h"

int main(int argc, char **argv)
{
    return service_main(&fetcher_service, argc, argv);
}
