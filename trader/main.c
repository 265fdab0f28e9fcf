/* The trader process. */
/* SPDX-License-Identifier: MIT */
#include "trader/trader.h"

int main(int argc, char **argv)
{
    return service_main(&trader_service, argc, argv);
}
