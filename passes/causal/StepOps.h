// Writes the ops of a causal model into its step programs, each over a box.
#pragma once

#include "passes/causal/Grids.h"
#include "passes/causal/StepBoxes.h"

namespace quern::passes {

class StepOps {
public:
  StepOps(StepBoxes &boxes, StepReads &reads) : boxes(boxes), reads(reads), axes(boxes.order()) {}

  /// Writes one op into the programs of its trigger.
  void write(mlir::Operation *op);

private:
  void write(StepProgram &program, mlir::Operation *op);
  void writeConv(StepProgram &program, ir::ConvOp conv);
  mlir::Value segmentDot(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<Tap> taps);
  mlir::Value segmentWeight(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<Tap> taps);
  mlir::Value boxConv(StepProgram &program, ir::ConvOp conv);
  mlir::Value boxUnder(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<int64_t> place);
  mlir::Value zeroBox(StepProgram &program, mlir::Value value);
  mlir::Value joinedUnder(StepProgram &program, mlir::Value input, llvm::ArrayRef<int64_t> window,
                          llvm::function_ref<mlir::Value(llvm::ArrayRef<int64_t>)> under);
  mlir::Value boxUnder(StepProgram &program, ir::WindowReduceOp pool,
                       llvm::ArrayRef<int64_t> place);
  void writePool(StepProgram &program, ir::WindowReduceOp pool);
  mlir::Value rowOf(StepProgram &program, ir::WindowReduceOp pool, size_t spatial,
                    mlir::DenseElementsAttr table);
  void writeAttention(StepProgram &program, ir::AttentionOp attention);
  mlir::Value maskRow(StepProgram &program, ir::AttentionOp attention, int64_t window);
  void writeOverKeys(StepProgram &program, mlir::Operation *op, const OverKeys &over);
  int64_t pastKeys(const StepProgram &program, mlir::Operation *op);
  void writeSum(StepProgram &program, ir::ContractOp contract, const OrderedSum &sum);
  void writeSpread(StepProgram &program, mlir::Operation *op, const Spread &spread);
  void writeMap(StepProgram &program, mlir::Operation *op);
  mlir::Value operandBox(StepProgram &program, mlir::OpOperand &operand, const Distance &distance);

  bool isStepped(const StepProgram &program, mlir::Value input, size_t spatial) const;
  Distance movedDistance(mlir::Operation *op) const;
  void setShape(mlir::Operation *copy, llvm::ArrayRef<int64_t> shape, mlir::Operation *op) const;

  StepBoxes &boxes;
  StepReads &reads;
  const OrderedAxes &axes;
};

} // namespace quern::passes
