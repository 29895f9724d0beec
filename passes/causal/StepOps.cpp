#include "passes/causal/StepOps.h"

#include "ir/HostTensor.h"
#include "passes/causal/FreeAxes.h"
#include "passes/causal/KeyWindow.h"
#include "passes/causal/OrderedView.h"
#include "passes/causal/ShapeOps.h"

#include "llvm/ADT/TypeSwitch.h"

namespace quern::passes {

using mlir::Value;

void StepOps::write(mlir::Operation *op) {
  for (StepProgram *program : boxes.programsOf(op->getResult(0)))
    write(*program, op);
}

void StepOps::write(StepProgram &program, mlir::Operation *op) {
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
    writeConv(program, conv);
  else if (auto pool = llvm::dyn_cast<ir::WindowReduceOp>(op))
    writePool(program, pool);
  else if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op))
    writeAttention(program, attention);
  else if (const OverKeys *over = axes.overKeys(op))
    writeOverKeys(program, op, *over);
  else if (auto sum = orderedSumOf(op, axes))
    writeSum(program, llvm::cast<ir::ContractOp>(op), *sum);
  else if (std::optional<Spread> spread = spreadOf(op, axes))
    writeSpread(program, op, *spread);
  else
    writeMap(program, op);
}

/// The box of an operand: at `distance`, if it is generated.
Value StepOps::operandBox(StepProgram &program, mlir::OpOperand &operand,
                          const Distance &distance) {
  return axes.isGenerated(operand.get())
             ? boxes.box(program, operand.get(), distance)
             : boxes.freeBox(program, operand.get(), freeAxes(operand, axes),
                             axes.rates(operand.getOwner()->getResult(0)));
}

/// Any other op is the same op over boxes.
void StepOps::writeMap(StepProgram &program, mlir::Operation *op) {
  llvm::SmallVector<Value> operands;
  for (mlir::OpOperand &operand : op->getOpOperands())
    operands.push_back(operandBox(program, operand, movedDistance(op)));
  mlir::Operation *copy = program.builder.clone(*op);
  copy->setOperands(operands);
  for (auto [result, own] : llvm::zip_equal(op->getResults(), copy->getResults())) {
    llvm::SmallVector<int64_t> shape =
        boxShape(ir::tensorType(result).getShape(), axes.of(result), program.when().level);
    setShape(copy, shape, op);
    own.setType(shaped(ir::tensorType(result), shape));
    program.local.map(result, own);
  }
}

/// All elements that come from one of the operand, each as a piece of the result.
void StepOps::writeSpread(StepProgram &program, mlir::Operation *op, const Spread &spread) {
  mlir::OpBuilder &builder = program.builder;
  Value result = op->getResult(0);
  mlir::Operation *copy = builder.clone(*op);
  copy->setOperand(0, boxes.box(program, op->getOperand(0), boxes.here()));
  llvm::SmallVector<int64_t> piece =
      boxShape(ir::tensorType(result).getShape(), spread.map, program.when().level);
  llvm::SmallVector<int64_t> all = piece, ones(piece.size(), 1), start(piece.size(), 0);
  Distance factors = boxes.here();
  for (size_t j = 0; j < axes.count(); ++j) {
    bool isStepped = static_cast<int64_t>(j) < program.when().level && spread.map[j] >= 0;
    factors[j] = isStepped ? spread.factors[j] : 1;
    if (isStepped)
      all[static_cast<size_t>(spread.map[j])] = factors[j];
  }
  setShape(copy, all, op);
  copy->getResult(0).setType(shaped(ir::tensorType(result), all));
  if (all == piece)
    return program.local.map(result, copy->getResult(0));
  ir::forEachIndex(factors, [&](llvm::ArrayRef<int64_t> index) {
    for (auto [axis, by] : llvm::zip_equal(spread.map, index))
      if (axis >= 0)
        start[static_cast<size_t>(axis)] = by;
    boxes.addPiece(
        result, Distance(index),
        ir::SliceOp::create(builder, op->getLoc(), copy->getResult(0), start, piece, ones));
  });
}

/// One query against all keys that may have been kept, or those of a window; the mask's row hides
/// those that have not.
void StepOps::writeAttention(StepProgram &program, ir::AttentionOp attention) {
  if (!axes.isGenerated(attention.getKey()))
    return writeMap(program, attention);
  int64_t window = reads.keyWindow(attention), ahead = reads.keysAhead(attention);
  Value query = operandBox(program, attention.getQueryMutable(), boxes.here());
  auto keysOf = [&](Value operand) {
    Value root = viewOf(operand, axes).root;
    return window ? boxes.lately(program, root, window, ahead)
                  : boxes.past(program, root, pastKeys(program, attention));
  };
  Value key = keysOf(attention.getKey()), value = keysOf(attention.getValue());
  auto step =
      ir::AttentionOp::create(program.builder, attention.getLoc(), query, key, value,
                              maskRow(program, attention, window), attention.getScaleAttr());
  program.local.map(attention.getResult(), step);
}

/// What the mask admits of the keys that a step reads.
Value StepOps::maskRow(StepProgram &program, ir::AttentionOp attention, int64_t window) {
  if (window)
    return windowRow(boxes, program, attention.getMask(), {window, reads.keysAhead(attention)},
                     axes.rates(attention.getResult()));
  Value mask = operandBox(program, *attention.getMaskMutable().begin(), boxes.here());
  return firstAlong(program.builder, mask, 1, pastKeys(program, attention));
}

/// How many keys attention, or an op over keys, has in a program.
int64_t StepOps::pastKeys(const StepProgram &program, mlir::Operation *op) {
  int64_t count = boxes.pastCount(program, axes.elements(op->getResult(0)), reads.keysAhead(op));
  for (Value operand : op->getOperands())
    if (int64_t axis = axes.keysAxis(operand); axis >= 0)
      count = std::min(count, ir::tensorType(program.local.lookup(operand)).getDimSize(axis));
  return count;
}

/// One query against keys, as many as may count; what no step has computed yet, zeros hide in the
/// end.
void StepOps::writeOverKeys(StepProgram &program, mlir::Operation *op, const OverKeys &over) {
  int64_t count = pastKeys(program, op);
  llvm::SmallVector<Value> operands;
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    int64_t axis = over.operands[operand.getOperandNumber()];
    Value own = axes.keysAxis(value) >= 0    ? program.local.lookup(value)
                : axes.isReadAsKeys(operand) ? boxes.past(program, viewOf(value, axes).root, count)
                                             : operandBox(program, operand, boxes.here());
    operands.push_back(axis < 0 ? own : firstAlong(program.builder, own, axis, count));
  }
  mlir::Operation *copy = program.builder.clone(*op);
  copy->setOperands(operands);
  Value result = op->getResult(0);
  llvm::SmallVector<int64_t> shape =
      boxShape(ir::tensorType(result).getShape(), over.map, program.when().level);
  if (over.result >= 0)
    shape[static_cast<size_t>(over.result)] = count;
  setShape(copy, shape, op);
  copy->getResult(0).setType(shaped(ir::tensorType(result), shape));
  program.local.map(result, copy->getResult(0));
}

/// The units of one position, from all that has been kept; the weight's zeros hide what has not.
void StepOps::writeSum(StepProgram &program, ir::ContractOp contract, const OrderedSum &sum) {
  Value operands[2];
  Value sequence = contract->getOperand(sum.sequence);
  int64_t count = boxes.pastCount(program, axes.elements(sequence), /*ahead=*/0);
  operands[sum.sequence] = boxes.past(program, viewOf(sequence, axes).root, count);
  Value weight = boxes.freeBox(program, contract->getOperand(sum.weight), OrderedMap{sum.to},
                               axes.rates(contract.getResult()));
  operands[sum.weight] = firstAlong(program.builder, weight, sum.from, count);
  auto step = ir::ContractOp::create(program.builder, contract.getLoc(), operands[0], operands[1],
                                     contract.getLhsAxes(), contract.getRhsAxes(),
                                     contract.getResultAxes());
  program.local.map(contract.getResult(), step.getResult());
}

/// What a slice that also cuts along other axes moves along ordered ones.
Distance StepOps::movedDistance(mlir::Operation *op) const {
  Distance distance = boxes.here();
  if (auto slice = llvm::dyn_cast<ir::SliceOp>(op))
    for (size_t j = 0; j < axes.count(); ++j)
      if (int64_t axis = axes.of(slice.getInput())[j]; axis >= 0)
        distance[j] = slice.getStarts()[static_cast<size_t>(axis)];
  return distance;
}

/// Adapts the attributes that hold extents.
void StepOps::setShape(mlir::Operation *copy, llvm::ArrayRef<int64_t> shape,
                       mlir::Operation *op) const {
  llvm::TypeSwitch<mlir::Operation *>(copy)
      .Case([&](ir::ReshapeOp reshape) { reshape.setShape(shape); })
      .Case([&](ir::ResizeOp resize) { resize.setSizes(shape.drop_front(2)); })
      .Case([&](ir::BroadcastOp broadcast) { broadcast.setShape(shape); })
      .Case([&](ir::SliceOp slice) {
        llvm::SmallVector<int64_t> starts(slice.getStarts());
        for (int64_t axis : axes.of(op->getOperand(0)))
          if (axis >= 0)
            starts[static_cast<size_t>(axis)] = 0;
        slice.setStarts(starts);
        slice.setSizes(shape);
      });
}

} // namespace quern::passes
