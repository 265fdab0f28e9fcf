/* The holder counts from when it sent its request; a late or repeated answer never shortens the lease. */
/* SPDX-License-Identifier: MIT */
#include "trader/tenure.h"

enum tenure_change tenure_apply(struct tenure *tenure, const struct lease_reply *reply)
{
    bool same = reply->granted && reply->generation == tenure->generation;
    if (tenure->held && !same) {
        tenure->held = false;
        return TENURE_LOST;
    }
    if (!reply->granted)
        return TENURE_UNCHANGED;
    int64_t until_ms = lease_ends_ms(reply->sent_ms, LEASE_DURATION_MS);
    bool gained = !tenure->held;
    if (gained || until_ms > tenure->valid_until_ms)
        tenure->valid_until_ms = until_ms;
    tenure->held = true;
    tenure->generation = reply->generation;
    return gained ? TENURE_GAINED : TENURE_UNCHANGED;
}

bool tenure_is_valid(const struct tenure *tenure, int64_t now_ms)
{
    return tenure->held && now_ms < tenure->valid_until_ms;
}
