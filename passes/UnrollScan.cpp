// A scan as its steps, one after the other. What the body computes from the sequences alone is
// computed on whole sequences before; what remains of each step differs in nothing but where it
// reads, so that all steps share their kernels.
#include "passes/Model.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"

namespace quern::passes {
#define GEN_PASS_DEF_UNROLLSCAN
#include "passes/Passes.h.inc"

namespace {

class Unroller {
public:
  explicit Unroller(ir::ScanOp scan)
      : scan(scan), body(scan.getBody().front()), builder(scan), loc(scan.getLoc()),
        steps(scan.getSteps()) {}

  void run() {
    mapArguments();
    for (mlir::Operation &op : body.without_terminator())
      hoist(op);
    llvm::SmallVector<llvm::SmallVector<mlir::Value>> states(scan.getInits().size());
    llvm::SmallVector<mlir::Value> state(scan.getInits());
    for (int64_t step = 0; step < steps; ++step) {
      state = runStep(step, state);
      for (auto [all, value] : llvm::zip_equal(states, state))
        all.push_back(withSteps(value, 1));
    }
    for (auto [result, all, axis] :
         llvm::zip_equal(scan.getStacked(), states, scan.getResultAxes()))
      if (!result.use_empty())
        result.replaceAllUsesWith(stepsTo(joined(all), 0, axis));
    scan.erase();
  }

private:
  /// Operands of one concatenation at most: each is an argument of its kernel.
  static constexpr size_t partsAtOnce = 16;

  void mapArguments() {
    auto arguments = body.getArguments();
    for (auto [argument, sequence, axis] :
         llvm::zip(arguments, scan.getSequences(), scan.getAxes()))
      sequences[argument] = stepsTo(sequence, axis, 0);
    for (auto [argument, invariant] :
         llvm::zip_equal(arguments.take_back(scan.getInvariants().size()), scan.getInvariants()))
      fixed.map(argument, invariant);
  }

  /// Computes `op` before the steps where no state goes into it: once if it is the same at each
  /// step, else for all steps together.
  void hoist(mlir::Operation &op) {
    if (llvm::all_of(op.getOperands(), [&](mlir::Value v) { return fixed.contains(v); })) {
      builder.clone(op, fixed);
      return;
    }
    bool isKnown = llvm::all_of(op.getOperands(), [&](mlir::Value value) {
      return fixed.contains(value) || sequences.contains(value);
    });
    if (!isKnown)
      return;
    if (op.hasTrait<ir::Elementwise>())
      sequences[op.getResult(0)] = elementwiseOfAll(op);
    else if (auto contract = llvm::dyn_cast<ir::ContractOp>(op))
      sequences[contract] = contractionOfAll(contract);
    else if (auto reshape = llvm::dyn_cast<ir::ReshapeOp>(op))
      sequences[reshape] =
          ir::ReshapeOp::create(builder, op.getLoc(), sequences.at(reshape.getInput()),
                                withStepsType(tensorType(reshape.getResult()), steps).getShape());
  }

  mlir::Value elementwiseOfAll(mlir::Operation &op) {
    int64_t rank = tensorType(op.getResult(0)).getRank();
    mlir::IRMapping operands = fixed;
    for (mlir::Value operand : op.getOperands())
      if (auto sequence = sequences.find(operand); sequence != sequences.end())
        operands.map(operand, withRank(sequence->second, rank + 1));
    mlir::Operation *copy = builder.clone(op, operands);
    mlir::Value result = copy->getResult(0);
    result.setType(withStepsType(tensorType(result), steps));
    return result;
  }

  mlir::Value contractionOfAll(ir::ContractOp op) {
    int64_t label = 0;
    for (llvm::ArrayRef<int64_t> axes : {op.getLhsAxes(), op.getRhsAxes()})
      for (int64_t axis : axes)
        label = std::max(label, axis + 1);
    mlir::Value operands[2] = {op.getLhs(), op.getRhs()};
    llvm::SmallVector<int64_t> axes[3] = {llvm::to_vector(op.getLhsAxes()),
                                          llvm::to_vector(op.getRhsAxes()),
                                          llvm::to_vector(op.getResultAxes())};
    for (int side : {0, 1}) {
      auto sequence = sequences.find(operands[side]);
      if (sequence == sequences.end()) {
        operands[side] = fixed.lookup(operands[side]);
        continue;
      }
      operands[side] = sequence->second;
      axes[side].insert(axes[side].begin(), label);
    }
    axes[2].insert(axes[2].begin(), label);
    return ir::ContractOp::create(builder, op.getLoc(), operands[0], operands[1], axes[0], axes[1],
                                  axes[2]);
  }

  llvm::SmallVector<mlir::Value> runStep(int64_t step, mlir::ValueRange state) {
    mlir::IRMapping values = fixed;
    auto arguments = body.getArguments().drop_front(scan.getSequences().size());
    for (auto [argument, value] : llvm::zip(arguments, state))
      values.map(argument, value);
    auto read = [&](mlir::Value value) {
      if (!values.contains(value))
        values.map(value, elementOf(sequences.at(value), tensorType(value), step));
      return values.lookup(value);
    };
    for (mlir::Operation &op : body.without_terminator()) {
      if (fixed.contains(op.getResult(0)) || sequences.contains(op.getResult(0)))
        continue;
      llvm::for_each(op.getOperands(), read);
      builder.clone(op, values);
    }
    return llvm::map_to_vector(body.getTerminator()->getOperands(), read);
  }

  /// Element `step` of a sequence whose first axis counts the steps: a part of its memory.
  mlir::Value elementOf(mlir::Value sequence, mlir::RankedTensorType type, int64_t step) {
    llvm::SmallVector<int64_t> starts(type.getRank() + 1, 0), strides(type.getRank() + 1, 1);
    llvm::SmallVector<int64_t> sizes(tensorType(sequence).getShape());
    starts[0] = step;
    sizes[0] = 1;
    mlir::Value slice = ir::SliceOp::create(builder, loc, sequence, starts, sizes, strides);
    return ir::ReshapeOp::create(builder, loc, slice, type.getShape());
  }

  static mlir::RankedTensorType withStepsType(mlir::RankedTensorType type, int64_t count) {
    llvm::SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), count);
    return mlir::RankedTensorType::get(shape, type.getElementType());
  }

  mlir::Value withSteps(mlir::Value value, int64_t count) {
    return ir::ReshapeOp::create(builder, loc, value,
                                 withStepsType(tensorType(value), count).getShape());
  }

  /// A sequence whose elements get further leading axes of extent 1, up to `rank` in all: so that
  /// they broadcast as they did without the steps.
  mlir::Value withRank(mlir::Value sequence, int64_t rank) {
    llvm::SmallVector<int64_t> shape(tensorType(sequence).getShape());
    if (static_cast<int64_t>(shape.size()) == rank)
      return sequence;
    shape.insert(shape.begin() + 1, rank - shape.size(), 1);
    return ir::ReshapeOp::create(builder, loc, sequence, shape);
  }

  /// Moves the axis of the steps.
  mlir::Value stepsTo(mlir::Value value, int64_t from, int64_t to) {
    if (from == to)
      return value;
    llvm::SmallVector<int64_t> order;
    for (int64_t axis = 0; axis < tensorType(value).getRank(); ++axis)
      if (axis != from)
        order.push_back(axis);
    order.insert(order.begin() + to, from);
    return ir::TransposeOp::create(builder, loc, value, order);
  }

  /// The parts, one after the other, by kernels of few operands each.
  mlir::Value joined(llvm::SmallVector<mlir::Value> parts) {
    while (parts.size() > 1) {
      llvm::SmallVector<mlir::Value> longer;
      for (llvm::ArrayRef<mlir::Value> rest = parts; !rest.empty();
           rest = rest.drop_front(std::min(rest.size(), partsAtOnce)))
        longer.push_back(
            ir::ConcatOp::create(builder, loc, rest.take_front(partsAtOnce), /*axis=*/0));
      parts = std::move(longer);
    }
    return parts.front();
  }

  ir::ScanOp scan;
  mlir::Block &body;
  mlir::OpBuilder builder;
  mlir::Location loc;
  int64_t steps;
  /// What the body's values are outside: the same at each step, or one element a step.
  mlir::IRMapping fixed;
  llvm::DenseMap<mlir::Value, mlir::Value> sequences;
};

/// From so many steps on people wait for the ops that they become.
constexpr int64_t manySteps = 2048;

/// How often the innermost bodies are written out.
int64_t stepsInAll(ir::ScanOp scan) {
  int64_t inside = 0;
  for (auto inner : scan.getBody().getOps<ir::ScanOp>())
    inside += stepsInAll(inner);
  return scan.getSteps() * std::max(inside, int64_t(1));
}

void warnOfManySteps(ir::ScanOp scan) {
  int64_t steps = stepsInAll(scan);
  if (steps >= manySteps)
    scan.emitWarning() << "the full pass writes out all " << steps << " steps of this recurrence"
                       << (steps > scan.getSteps() ? " and of those inside it" : "")
                       << ", which takes long to compile and much memory: make the sequence "
                          "shorter, or compile step programs alone (--steps only)";
}

struct UnrollScan : impl::UnrollScanBase<UnrollScan> {
  void runOnOperation() override {
    // Scans inside a body first.
    llvm::SmallVector<ir::ScanOp> scans;
    getOperation().walk<mlir::WalkOrder::PostOrder>(
        [&](ir::ScanOp scan) { scans.push_back(scan); });
    for (ir::ScanOp scan : scans)
      if (!scan->getParentOfType<ir::ScanOp>())
        warnOfManySteps(scan);
    for (ir::ScanOp scan : scans)
      Unroller(scan).run();
  }
};

} // namespace
} // namespace quern::passes
