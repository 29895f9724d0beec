// Recurrences over the diagonals of a raster, for the derivation of step programs.
#pragma once

#include "ir/Quern.h"

namespace quern::passes {

/// A copy of `model`, beside it, in which each scan over a raster's diagonals (rows shifted by
/// their numbers, so that diagonals become columns: the Diagonal LSTM of van den Oord et al. 2016,
/// "Pixel recurrent neural networks", section 3.2) is one over its rows, and in each row one along
/// it: what is carried comes from the element to the left and, by a convolution of two taps, from
/// the one above. Null where there is none.
mlir::func::FuncOp withoutDiagonals(mlir::func::FuncOp model);

} // namespace quern::passes
