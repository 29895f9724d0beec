#include "passes/causal/Availability.h"

#include "ir/Infer.h"
#include "passes/causal/Propagate.h"
#include "passes/causal/RepeatedStep.h"

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// What a scan's body is given at a step, beside the carried values.
RepeatedStep::Tensors givenAt(ir::ScanOp scan, int64_t step, llvm::ArrayRef<RankTensor> carried,
                              const RanksOfValues &outside) {
  RepeatedStep::Tensors given;
  for (auto [sequence, axis] : llvm::zip_equal(scan.getSequences(), scan.getAxes()))
    given.push_back(ranksIn(outside, sequence).slice(axis, step));
  llvm::append_range(given, carried);
  for (mlir::Value invariant : scan.getInvariants())
    given.push_back(ranksIn(outside, invariant));
  return given;
}

/// The values of a scan's body before its first op.
RanksOfValues atEntry(ir::ScanOp scan, llvm::ArrayRef<RankTensor> given) {
  RanksOfValues inside;
  for (auto [argument, ranks] : llvm::zip_equal(scan.getBody().getArguments(), given))
    inside.try_emplace(argument, ranks);
  return inside;
}

/// What a concat gives if its operands agree, and along its axis, too: the channels of a network
/// are joined often, and need not be told apart for it.
std::optional<RankTensor> joinedEqual(ir::ConcatOp concat, const RanksOfValues &values) {
  auto axis = static_cast<int64_t>(concat.getAxis());
  RankTensor first = ranksIn(values, concat.getInputs().front());
  for (mlir::Value input : concat.getInputs()) {
    RankTensor own = ranksIn(values, input);
    if (!own.isUniform(axis) || own.extents() != first.extents() || own.data() != first.data())
      return std::nullopt;
  }
  RankTensor joined(shapeOf(concat.getResult()), first.extents(), RankTensor::never);
  joined.data() = first.data();
  return joined;
}

} // namespace

RankTensor ranksIn(const RanksOfValues &values, mlir::Value value) {
  auto found = values.find(value);
  return found == values.end() ? RankTensor(shapeOf(value)) : found->second;
}

const Reads &ReadCache::of(mlir::Operation *op) {
  std::unique_ptr<Reads> &entry = reads[op];
  if (!entry)
    entry = std::make_unique<Reads>(passes::readsOf(op, ranges));
  return *entry;
}

Reads ReadCache::exchange(mlir::Operation *op, Reads others) {
  of(op);
  return std::exchange(*reads[op], std::move(others));
}

Availability::Availability(mlir::func::FuncOp model, const Positions &positions)
    : ranks(ofInput(model.getArgument(positions.contract().getInput()), positions.inputRanks())) {}

RanksOfValues Availability::ofInput(mlir::Value input, RankTensor inputRanks) const {
  RanksOfValues values;
  values.try_emplace(input, std::move(inputRanks));
  propagate(*input.getParentBlock(), values);
  return values;
}

const RankTensor &Availability::of(mlir::Value value) const {
  if (auto found = ranks.find(value); found != ranks.end())
    return found->second;
  return independent.try_emplace(value, shapeOf(value)).first->second;
}

void Availability::propagate(mlir::Block &block, RanksOfValues &values) const {
  for (mlir::Operation &op : block.without_terminator()) {
    if (auto scan = llvm::dyn_cast<ir::ScanOp>(op)) {
      propagateScan(scan, values);
      continue;
    }
    mlir::Value result = op.getResult(0);
    if (auto concat = llvm::dyn_cast<ir::ConcatOp>(op))
      if (auto joined = joinedEqual(concat, values)) {
        values.try_emplace(result, std::move(*joined));
        continue;
      }
    RankTensor available(shapeOf(result));
    for (const Read &read : cache->of(&op))
      if (auto operand = values.find(op.getOperand(read.operand)); operand != values.end())
        available.raise(gatherMax(read, operand->second, shapeOf(result)));
    if (available.isAll(RankTensor::never))
      continue;
    available.compress();
    values.try_emplace(result, std::move(available));
  }
}

void Availability::propagateScan(ir::ScanOp scan, RanksOfValues &values) const {
  auto results = static_cast<size_t>(scan.getStacked().size());
  llvm::SmallVector<RankTensor> carried;
  for (mlir::Value init : scan.getInits())
    carried.push_back(ranksIn(values, init));
  std::vector<std::vector<RankTensor>> slices(results);
  for (std::vector<RankTensor> &ofResult : slices)
    ofResult.reserve(static_cast<size_t>(scan.getSteps()));
  mlir::Block &body = scan.getBody().front();
  auto compute = [&](llvm::ArrayRef<RankTensor> given) {
    RanksOfValues inside = atEntry(scan, given);
    propagate(body, inside);
    RepeatedStep::Tensors yielded;
    for (mlir::Value value : body.getTerminator()->getOperands())
      yielded.push_back(ranksIn(inside, value));
    return yielded;
  };
  RepeatedStep repeated;
  for (int64_t step = 0; step < scan.getSteps(); ++step) {
    carried = repeated.of(givenAt(scan, step, carried, values), compute);
    for (size_t i = 0; i < results; ++i)
      slices[i].push_back(carried[i]);
  }
  for (size_t i = 0; i < results; ++i)
    values.try_emplace(scan.getStacked()[i], RankTensor::stack(slices[i], scan.getResultAxes()[i]));
}

RanksOfValues Availability::atStep(ir::ScanOp scan, int64_t step,
                                   const RanksOfValues &outside) const {
  llvm::SmallVector<RankTensor> carried;
  for (auto [i, init] : llvm::enumerate(scan.getInits()))
    carried.push_back(
        step == 0
            ? ranksIn(outside, init)
            : ranksIn(outside, scan.getStacked()[i]).slice(scan.getResultAxes()[i], step - 1));
  RanksOfValues inside = atEntry(scan, givenAt(scan, step, carried, outside));
  propagate(scan.getBody().front(), inside);
  return inside;
}

} // namespace quern::passes
