#include "passes/causal/ConstantElements.h"

#include "passes/Model.h"
#include "passes/WeightExpression.h"
#include "passes/causal/Ranges.h"
#include "passes/causal/ReadRules.h"

#include <array>
#include <bit>

namespace quern::passes {
namespace {

double splatOf(mlir::Value constant) {
  auto elements =
      llvm::cast<mlir::DenseElementsAttr>(constant.getDefiningOp<ir::ConstantOp>().getValue());
  auto one = mlir::RankedTensorType::get({1}, elements.getElementType());
  double number = 0;
  ir::HostTensor::fromAttribute(elements.resizeSplat(one)).loadRow(0, 1, number);
  return number;
}

/// f(element) for each element of a value that depends on constants alone.
template <typename F> RankTensor evaluated(mlir::Value value, F f) {
  // Bounds and numbers that exclude scores are often written out for all of them.
  if (auto broadcast = value.getDefiningOp<ir::BroadcastOp>())
    return evaluated(broadcast.getInput(), f).broadcast(tensorType(value).getShape());
  if (isSplatConstant(value))
    return RankTensor(tensorType(value).getShape(), f(splatOf(value)));
  ir::HostTensor tensor =
      *evaluateExpression(value, [](ir::ParameterOp) -> mlir::FailureOr<ir::HostTensor> {
        llvm_unreachable("constants alone have no parameters");
      });
  llvm::ArrayRef<int64_t> shape = tensor.type().getShape();
  RankTensor result(shape, shape, 0);
  // Piece by piece: masks over long sequences are large.
  std::vector<double> piece(std::min<int64_t>(tensor.type().getNumElements(), 1 << 12));
  auto to = llvm::MutableArrayRef(result.data());
  for (size_t at = 0; at < to.size(); at += piece.size()) {
    piece.resize(std::min(piece.size(), to.size() - at));
    tensor.loadRow(static_cast<int64_t>(at), 1, piece);
    llvm::transform(piece, to.begin() + at, f);
  }
  result.compress();
  return result;
}

} // namespace

bool isZeros(mlir::Value value) {
  if (!isSplatConstant(value))
    return false;
  auto elements =
      llvm::cast<mlir::DenseElementsAttr>(value.getDefiningOp<ir::ConstantOp>().getValue());
  return elements.getSplatValue<mlir::Attribute>() ==
         mlir::Builder(value.getContext()).getZeroAttr(elements.getElementType());
}

bool dependsOnConstantsAlone(mlir::Value value) {
  if (!isWeightExpression(value))
    return false;
  llvm::SmallPtrSet<mlir::Operation *, 8> seen;
  llvm::SmallVector<mlir::Value> pending{value};
  while (!pending.empty()) {
    mlir::Operation *op = pending.pop_back_val().getDefiningOp();
    if (llvm::isa<ir::ParameterOp>(op))
      return false;
    if (seen.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  }
  return true;
}

std::optional<RankTensor> constantElements(mlir::Value value) {
  if (!dependsOnConstantsAlone(value))
    return std::nullopt;
  return evaluated(value, [](double element) { return static_cast<int32_t>(element); });
}

RankTensor constantRanges(mlir::Value value) {
  // Most have few different numbers.
  struct Entry {
    double number = 0;
    int32_t packed = Range().packed();
  };
  std::array<Entry, 64> found{};
  return evaluated(value, [&](double element) {
    Entry &entry = found[llvm::hash_value(std::bit_cast<uint64_t>(element)) % found.size()];
    if (entry.number != element)
      entry = {element, Range::of(element).packed()};
    return entry.packed;
  });
}

} // namespace quern::passes
