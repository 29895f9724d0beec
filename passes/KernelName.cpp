#include "passes/KernelName.h"

#include "passes/FusionRules.h"
#include "passes/Model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quern::passes {
namespace {

/// Mnemonics are listed up to this many; a longer tail is counted.
constexpr size_t namedOps = 4;

std::string extents(llvm::ArrayRef<int64_t> shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

std::string anchorName(mlir::Operation *op) {
  llvm::ArrayRef<int64_t> shape = tensorType(op->getResult(0)).getShape();
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op)) {
    llvm::ArrayRef<int64_t> kernel = conv.getKernel();
    const char *kind = conv.getGroups() == 1 ? "conv"
                       : conv.isDepthwise()  ? "depthwise"
                                             : "grouped";
    return fmt::format("{}_{}_{}_{}", kind, extents(kernel), shape[1],
                       extents(shape.drop_front(2)));
  }
  if (auto window = llvm::dyn_cast<ir::WindowReduceOp>(op))
    return fmt::format("window_{}_{}_{}_{}", ir::stringifyReduceKind(window.getKind()).str(),
                       extents(window.getWindow()), shape[1], extents(shape.drop_front(2)));
  if (auto reduce = llvm::dyn_cast<ir::ReduceOp>(op))
    return fmt::format("{}_{}", ir::stringifyReduceKind(reduce.getKind()).str(),
                       extents(tensorType(reduce.getInput()).getShape()));
  return fmt::format("{}_{}", op->getName().stripDialect().str(), extents(shape));
}

} // namespace

std::string kernelName(mlir::Block &body) {
  mlir::Operation *anchor = nullptr;
  std::vector<std::string> others;
  for (mlir::Operation &op : body.without_terminator()) {
    if (isAnchor(&op))
      anchor = &op;
    else if (!llvm::isa<ir::ConstantOp>(op))
      others.push_back(op.getName().stripDialect().str());
  }
  if (others.size() > namedOps) {
    others[namedOps - 1] = fmt::format("{}_more", others.size() - namedOps + 1);
    others.resize(namedOps);
  }
  std::string tail = fmt::format("{}", fmt::join(others, "_"));
  if (anchor)
    return others.empty() ? anchorName(anchor) : anchorName(anchor) + "_" + tail;
  mlir::Value result = body.getTerminator()->getOperand(0);
  return fmt::format("{}_{}", others.empty() ? "constant" : tail,
                     extents(tensorType(result).getShape()));
}

} // namespace quern::passes
