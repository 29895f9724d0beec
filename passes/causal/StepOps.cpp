#include "passes/causal/StepOps.h"

#include "llvm/ADT/TypeSwitch.h"

namespace quern::passes {

using mlir::Value;

void StepOps::write(mlir::Operation *op) {
  StepProgram &program = boxes.programOf(op->getResult(0));
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
    writeConv(program, conv);
  else if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op))
    writeAttention(program, attention);
  else if (auto scan = llvm::dyn_cast<ir::ScanOp>(op))
    writeScan(program, scan);
  else
    writeMap(program, op);
}

/// Any other op is the same op over boxes.
void StepOps::writeMap(StepProgram &program, mlir::Operation *op) {
  llvm::SmallVector<Value> operands;
  for (mlir::OpOperand &operand : op->getOpOperands())
    operands.push_back(axes.isGenerated(operand.get())
                           ? boxes.box(program, operand.get(), movedDistance(op))
                           : boxes.freeBox(program, operand.get(), freeAxes(operand)));
  mlir::Operation *copy = program.builder.clone(*op);
  copy->setOperands(operands);
  Value result = op->getResult(0);
  llvm::SmallVector<int64_t> shape =
      boxShape(ir::tensorType(result).getShape(), axes.of(result), program.when().level);
  setShape(copy, shape, op);
  copy->getResult(0).setType(shaped(ir::tensorType(result), shape));
  program.local.map(result, copy->getResult(0));
}

/// One query against all keys that have been kept; the mask's row hides those that have not.
void StepOps::writeAttention(StepProgram &program, ir::AttentionOp attention) {
  Value query = boxes.box(program, attention.getQuery(), boxes.here());
  Value key = boxes.past(program, viewOf(attention.getKey(), axes).root);
  Value value = boxes.past(program, viewOf(attention.getValue(), axes).root);
  Value mask = boxes.freeBox(program, attention.getMask(), OrderedMap{0});
  auto step = ir::AttentionOp::create(program.builder, attention.getLoc(), query, key, value, mask,
                                      attention.getScaleAttr());
  program.local.map(attention.getResult(), step);
}

/// The cell once: the carried values are what its results were one position before.
void StepOps::writeScan(StepProgram &program, ir::ScanOp scan) {
  mlir::OpBuilder &builder = program.builder;
  llvm::SmallVector<Value> arguments;
  for (Value sequence : scan.getSequences())
    arguments.push_back(boxes.box(program, sequence, boxes.here()));
  for (Value result : scan.getStacked())
    arguments.push_back(boxes.box(program, result, Distance{-1}));
  mlir::IRMapping cell;
  for (auto [own, argument] :
       llvm::zip(scan.getBody().getArguments(), llvm::ArrayRef<Value>(arguments)))
    cell.map(own, reshaped(builder, argument, ir::tensorType(own).getShape()));
  for (auto [own, invariant] : llvm::zip_equal(
           scan.getBody().getArguments().drop_front(arguments.size()), scan.getInvariants()))
    cell.map(own, boxes.whole(program, invariant));
  for (mlir::Operation &op : scan.getBody().front().without_terminator())
    builder.clone(op, cell);
  for (auto [result, value] :
       llvm::zip_equal(scan.getStacked(), scan.getBody().front().getTerminator()->getOperands()))
    program.local.map(result, reshaped(builder, cell.lookup(value),
                                       boxShape(ir::tensorType(result).getShape(), axes.of(result),
                                                program.when().level)));
  for (auto [result, init] : llvm::zip_equal(scan.getStacked(), scan.getInits()))
    boxes.keepBefore(result, init);
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

/// Which axes of an operand that depends on nothing generated run along the order.
OrderedMap StepOps::freeAxes(mlir::OpOperand &operand) const {
  mlir::Operation *op = operand.getOwner();
  OrderedMap map(axes.count(), -1);
  Value result = op->getResult(0);
  const OrderedMap &ordered = axes.of(result);
  mlir::RankedTensorType type = ir::tensorType(operand.get());
  auto contract = llvm::dyn_cast<ir::ContractOp>(op);
  for (size_t j = 0; j < axes.count(); ++j) {
    if (ordered[j] < 0)
      continue;
    if (op->hasTrait<ir::Elementwise>() || llvm::isa<ir::ConcatOp>(op)) {
      int64_t axis = ordered[j] - (ir::tensorType(result).getRank() - type.getRank());
      map[j] = std::max<int64_t>(axis, -1);
    } else if (contract) {
      llvm::ArrayRef<int64_t> labels =
          operand.getOperandNumber() == 0 ? contract.getLhsAxes() : contract.getRhsAxes();
      const int64_t *found =
          llvm::find(labels, contract.getResultAxes()[static_cast<size_t>(ordered[j])]);
      map[j] = found == labels.end() ? -1 : found - labels.begin();
    }
  }
  return map;
}

/// Adapts the attributes that hold extents.
void StepOps::setShape(mlir::Operation *copy, llvm::ArrayRef<int64_t> shape,
                       mlir::Operation *op) const {
  llvm::TypeSwitch<mlir::Operation *>(copy)
      .Case([&](ir::ReshapeOp reshape) { reshape.setShape(shape); })
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
