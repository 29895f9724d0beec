// Attention and the scan: what looks along an axis as a whole.
#include "frontend/Primitives.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace quern::frontend {

static Value attend(const PrimitiveCall &call) {
  mlir::Value mask = call.value(3).isTensor() ? call.tensor(3) : mlir::Value();
  return call.emit<ir::AttentionOp>(call.tensor(0), call.tensor(1), call.tensor(2), mask,
                                    llvm::APFloat(call.value(4).asNumber()));
}

namespace {

/// A call of `recur`: a cell, run step by step along an axis.
class ScanBuilder {
public:
  explicit ScanBuilder(const PrimitiveCall &call)
      : call(call), elaborator(call.elaborator), axis(call.integer(3)) {
    for (const Value &sequence : call.value(1).elements())
      sequences.push_back(sequence.asTensor().value);
    for (const Value &init : call.value(2).elements())
      inits.push_back(init.asTensor().value);
  }

  Value build() {
    if (!elaborator.mayEmit(call.range) || !haveEqualSteps())
      return Value();
    ir::ScanOp scan = createScan();
    if (!scan)
      return Value();
    if (!buildBody(scan)) {
      scan.erase();
      return Value();
    }
    // What the cell read of its surroundings becomes an operand, constants aside.
    mlir::IRRewriter rewriter(elaborator.builder);
    llvm::SmallVector<mlir::Value> captured =
        mlir::makeRegionIsolatedFromAbove(rewriter, scan.getBody(), [](mlir::Operation *op) {
          return llvm::isa<ir::ConstantOp>(op);
        });
    scan.getInvariantsMutable().assign(captured);
    std::vector<Value> states;
    for (mlir::Value result : scan.getStacked())
      states.push_back(Value::tensor(result, call.range));
    return Value::list(std::move(states));
  }

private:
  bool haveEqualSteps() {
    for (auto [index, sequence] : llvm::enumerate(sequences)) {
      auto type = llvm::cast<mlir::RankedTensorType>(sequence.getType());
      if (index == 0)
        steps = type.getDimSize(axis);
      if (axis < type.getRank() && type.getDimSize(axis) == steps)
        continue;
      call.fail<diag::ScanSteps>(1, index, typeText(type), axis, steps);
      return false;
    }
    return true;
  }

  /// The scan without its body, which is built where it lies: a scan in a cell looks around itself
  /// for what it captures. Null (reported) where a result is too large.
  ir::ScanOp createScan() {
    llvm::SmallVector<int64_t> resultAxes;
    llvm::SmallVector<mlir::Type> resultTypes;
    for (mlir::Value init : inits) {
      auto type = llvm::cast<mlir::RankedTensorType>(init.getType());
      llvm::SmallVector<int64_t> shape(type.getShape());
      resultAxes.push_back(std::min(axis, type.getRank()));
      shape.insert(shape.begin() + resultAxes.back(), steps);
      if (!elaborator.checkSize(shape, call.range))
        return nullptr;
      resultTypes.push_back(mlir::RankedTensorType::get(shape, type.getElementType()));
    }
    return ir::ScanOp::create(elaborator.builder, elaborator.location(call.range), resultTypes,
                              sequences, inits, mlir::ValueRange(),
                              llvm::SmallVector<int64_t>(sequences.size(), axis), resultAxes);
  }

  /// The cell at one step: elements of the sequences and states in, next states out.
  bool buildBody(ir::ScanOp scan) {
    mlir::OpBuilder &builder = elaborator.builder;
    mlir::OpBuilder::InsertionGuard guard(builder);
    std::optional<mlir::OpBuilder::InsertPoint> outer = elaborator.outsideScan;
    if (!outer) {
      builder.setInsertionPoint(scan);
      elaborator.outsideScan = builder.saveInsertionPoint();
    }
    mlir::Block &block = scan.getBody().emplaceBlock();
    builder.setInsertionPointToStart(&block);
    mlir::Location location = elaborator.location(call.range);
    std::vector<ArgumentValue> arguments;
    auto add = [&](mlir::Type type) {
      arguments.push_back(
          {Value::tensor(block.addArgument(type, location), call.range), call.rangeOf(0)});
    };
    for (mlir::Value sequence : sequences) {
      auto type = llvm::cast<mlir::RankedTensorType>(sequence.getType());
      llvm::SmallVector<int64_t> shape(type.getShape());
      shape.erase(shape.begin() + axis);
      add(mlir::RankedTensorType::get(shape, type.getElementType()));
    }
    for (mlir::Value init : inits)
      add(init.getType());
    Value next = elaborator.apply(call.value(0).asFunction(), arguments, call.rangeOf(0));
    elaborator.outsideScan = outer;
    if (next.hasPoison())
      return false;
    std::vector<Value> states = next.isSequence() ? next.elements() : std::vector{next};
    llvm::SmallVector<mlir::Value> values;
    std::string expected;
    for (auto [index, init] : llvm::enumerate(inits)) {
      if (index < states.size() && states[index].isTensor() &&
          states[index].tensorType() == init.getType())
        values.push_back(states[index].asTensor().value);
      expected +=
          (index ? ", " : "") + typeText(llvm::cast<mlir::RankedTensorType>(init.getType()));
    }
    if (values.size() != inits.size() || states.size() != inits.size()) {
      call.fail<diag::ScanResult>(0, inits.size(), expected, next.text());
      return false;
    }
    ir::YieldOp::create(builder, location, values);
    return true;
  }

  const PrimitiveCall &call;
  Elaborator &elaborator;
  int64_t axis;
  int64_t steps = 0;
  llvm::SmallVector<mlir::Value> sequences, inits;
};

} // namespace

static constexpr Primitive rows[] = {
    {"attend", attend},
    {"recur", [](const PrimitiveCall &call) { return ScanBuilder(call).build(); }},
};

llvm::ArrayRef<Primitive> sequencePrimitives() { return rows; }

} // namespace quern::frontend
