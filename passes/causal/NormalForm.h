// What step programs are derived from: a model in which zeros alone lie before the first position.
#pragma once

#include "ir/StepAttributes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quern::passes {

/// A copy of `model`, beside it, that computes the same, in which
/// - pads and joins that let other values in than zeros along the order let in zeros, and a select
///   puts the others in their place: positions are moved by views with zeros alone;
/// - what a scan carries is a value of its own where it begins with others than zeros: before the
///   first position it is what the scan begins with, while who reads the result finds zeros there;
/// - what attention, or an op over keys, reads as keys is the result of an op, not a view;
/// - the output is the result of an op, not a view of a value, nor an input.
/// Null where all this is so already.
mlir::func::FuncOp inNormalForm(mlir::func::FuncOp model, ir::CausalAttr contract);

} // namespace quern::passes
