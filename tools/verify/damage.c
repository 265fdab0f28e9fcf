/* SPDX-License-Identifier: MIT */
#include "tools/verify/damage.h"

const struct damage_row damages[DAMAGES] = {
#define DAMAGE(id, name, grade, cure, sentence) [DAMAGE_##id] = {name, GRADE_##grade, CURE_##cure, sentence},
#include "tools/verify/damage.def"
#undef DAMAGE
};
