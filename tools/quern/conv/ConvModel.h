// A model of one convolution, in the form that the code generator takes.
#pragma once

#include "passes/conv/ConvPolicy.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern::tools {

/// Which way to compute which convolution.
struct ConvVariant {
  passes::ConvShape shape;
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  passes::Tile tile;
};

/// The name of the kernel that convolves.
inline constexpr const char *convKernelName = "convolution";

/// A planned module of three kernels: the input copied from row-major to channels last, as it lies
/// between the layers of a model; the convolution by the variant's algorithm; its result copied
/// back. The filter is the parameter "filter".
mlir::OwningOpRef<mlir::ModuleOp> convModel(mlir::MLIRContext &context, const ConvVariant &variant);

} // namespace quern::tools
