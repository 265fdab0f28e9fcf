/* The dashboard process. */
/* SPDX-License-Identifier: MIT */
#include "dashboard/dashboard.h"

int main(int argc, char **argv)
{
    return service_main(&dashboard_service, argc, argv);
}
