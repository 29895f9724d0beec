// Which of the ways to compute a convolution the compiler takes, and why not the others.
#pragma once

#include "tools/quern/conv/ConvLayer.h"

namespace quern::tools {

/// Chooses by what was measured, as `--conv measure` does: the fastest within the budgets, or,
/// where none is within that on errors, the most accurate of those that fit the workspace. Sets
/// `chosen`, unless nothing fits, and `reasons`.
void chooseMeasured(ConvLayer &layer, const ConvSetting &setting);

/// Chooses by the cost model, as `--conv auto` does. Sets `automatic`, unless nothing keeps the
/// budget on workspace, `estimates`, `claims` and `doubts`, and `reasons` where nothing was
/// measured.
void chooseAutomatic(ConvLayer &layer, passes::ConvPolicy policy);

} // namespace quern::tools
