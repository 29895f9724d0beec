#include "passes/FusionRules.h"

#include "ir/SegmentDot.h"
#include "passes/Model.h"

#include <cmath>
#include <limits>

namespace quern::passes {
namespace {

/// Output channels that a convolution's or contraction's kernel computes from one reading of an
/// input, at most: three vectors of 16.
constexpr double channelsAtOnce = 48;

double readsByConv(ir::ConvOp conv) {
  double taps = 1;
  for (auto [extent, stride] : llvm::zip_equal(conv.getKernel(), conv.getStrides()))
    taps *= std::max(1.0, static_cast<double>(extent) / static_cast<double>(stride));
  double outputs =
      static_cast<double>(conv.getFilterShape()[0]) / static_cast<double>(conv.getGroups());
  return taps * std::max(1.0, std::ceil(outputs / channelsAtOnce));
}

double readsByContract(ir::ContractOp contract, bool isLhs) {
  llvm::ArrayRef<int64_t> own = isLhs ? contract.getLhsAxes() : contract.getRhsAxes();
  double others = 1;
  for (auto [label, extent] :
       llvm::zip_equal(contract.getResultAxes(), tensorType(contract).getShape()))
    if (!llvm::is_contained(own, label))
      others *= static_cast<double>(extent);
  return std::max(1.0, std::ceil(others / channelsAtOnce));
}

double readsByWindow(ir::WindowReduceOp window) {
  double taps = 1;
  for (auto [extent, stride] : llvm::zip_equal(window.getWindow(), window.getStrides()))
    taps *= std::max(1.0, static_cast<double>(extent) / static_cast<double>(stride));
  return taps;
}

} // namespace

bool isArithmeticAnchor(mlir::Operation *op) {
  return llvm::isa<ir::ConvOp, ir::ContractOp, ir::SegmentDotOp>(op);
}

bool isAnchor(mlir::Operation *op) {
  return isArithmeticAnchor(op) || llvm::isa<ir::WindowReduceOp, ir::ReduceOp, ir::SoftmaxOp,
                                             ir::ResizeOp, ir::GatherOp, ir::ConcatOp>(op);
}

bool isIndexMap(mlir::Operation *op) {
  return llvm::isa<ir::ReshapeOp, ir::TransposeOp, ir::BroadcastOp, ir::SliceOp, ir::PadOp,
                   ir::IotaOp>(op);
}

bool isInlinable(mlir::Operation *op) { return op->hasTrait<ir::Elementwise>() || isIndexMap(op); }

bool isCostlyFunction(mlir::Operation *op) {
  return llvm::isa<ir::ExpOp, ir::LogOp, ir::TanhOp, ir::SigmoidOp, ir::ErfOp, ir::SinOp, ir::CosOp,
                   ir::PowOp>(op);
}

double timesRead(mlir::Operation *anchor, mlir::OpOperand &operand) {
  bool isFirst = operand.getOperandNumber() == 0;
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(anchor))
    return isFirst ? readsByConv(conv) : std::numeric_limits<double>::infinity();
  if (auto contract = llvm::dyn_cast<ir::ContractOp>(anchor))
    return readsByContract(contract, isFirst);
  if (auto dot = llvm::dyn_cast<ir::SegmentDotOp>(anchor))
    return operand.get() == dot.getWeight()
               ? std::numeric_limits<double>::infinity()
               : std::ceil(static_cast<double>(tensorType(dot.getWeight()).getDimSize(1)) /
                           channelsAtOnce);
  if (auto window = llvm::dyn_cast<ir::WindowReduceOp>(anchor))
    return readsByWindow(window);
  if (llvm::isa<ir::SoftmaxOp>(anchor))
    return 2;
  if (llvm::isa<ir::ResizeOp>(anchor))
    return 4;
  return 1;
}

bool isPrologueWorthwhile(mlir::Operation *producer, mlir::Operation *anchor, double times) {
  // Inner loops of convolutions and contractions want contiguous vectors, and no division for an
  // index.
  if (anchor && isArithmeticAnchor(anchor) && isIndexMap(producer))
    return false;
  return times <= (isCostlyFunction(producer) ? 1 : 2.5);
}

} // namespace quern::passes
