/* The trader process. */
/* SPDX-License-Identifier: MIT */
#include "trader/trader.h"
#include "lib/base/version.h"

int main(int argc, char **argv)
{
    return version_asked(argc, argv) ? 0 : service_main(&trader_service, argc, argv);
}
