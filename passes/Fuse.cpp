// Groups ops into kernels. First each anchor takes in the elementwise ops after it (convolutions
// and contractions before the others, so that a residual sum lands in a convolution), then what is
// cheap before it; what remains is grouped from the last op backwards. A group has one result, and
// stands where its last op stood: all its operands are computed by then.
#include "ir/Layout.h"
#include "passes/FusionRules.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/Views.h"

#include "llvm/ADT/MapVector.h"
#include "mlir/IR/IRMapping.h"

#include <memory>
#include <set>

namespace quern::passes {
#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"

namespace {

/// The ops of one kernel to be. `result` is the one value that others read.
struct Group {
  mlir::Operation *anchor = nullptr;
  llvm::SmallVector<mlir::Operation *> ops;
  mlir::Value result;
};

class Grouping {
public:
  Grouping(mlir::func::FuncOp model, bool copySlices)
      : block(model.front()), copySlices(copySlices) {
    for (auto [index, op] : llvm::enumerate(block))
      position[&op] = static_cast<int64_t>(index);
  }

  /// `op` alone, whatever it is.
  void isolate(mlir::Operation *op) { start(nullptr, op); }

  void groupAll() {
    // The last first: a sum of several is then taken in term by term, each by the one that makes
    // it, instead of all terms waiting for one kernel that reads them.
    for (mlir::Operation &op : llvm::reverse(block))
      if (isArithmeticAnchor(&op))
        extend(start(&op, &op));
    for (mlir::Operation &op : block)
      if (isFree(&op) && isAnchor(&op))
        extend(start(&op, &op));
    for (std::unique_ptr<Group> &group : groups)
      if (group->anchor)
        for (mlir::OpOperand &operand : group->anchor->getOpOperands())
          pull(*group, operand, timesRead(group->anchor, operand));
    for (mlir::Operation &op : llvm::reverse(block))
      if (isFree(&op) && isInlinable(&op)) {
        Group &group = start(nullptr, &op);
        for (mlir::OpOperand &operand : op.getOpOperands())
          pull(group, operand, 1);
      }
  }

  void build() {
    for (std::unique_ptr<Group> &group : groups)
      build(*group);
  }

private:
  /// Whether `op` may yet join a group.
  bool isFree(mlir::Operation *op) const {
    bool moves = copySlices ? !isFreeReshape(op) : !isView(op);
    return moves && !groupOf.contains(op) && !llvm::isa<ir::ConstantOp>(op) &&
           !op->hasTrait<mlir::OpTrait::IsTerminator>();
  }

  Group &start(mlir::Operation *anchor, mlir::Operation *op) {
    Group &group = *groups.emplace_back(std::make_unique<Group>());
    group.anchor = anchor;
    group.result = op->getResult(0);
    add(group, op);
    return group;
  }

  void add(Group &group, mlir::Operation *op) {
    group.ops.push_back(op);
    groupOf[op] = &group;
  }

  bool isIn(const Group &group, mlir::Operation *op) const {
    auto found = groupOf.find(op);
    return found != groupOf.end() && found->second == &group;
  }

  /// Takes in the elementwise ops after the group's result, as far as they come back to one value:
  /// in x * sigmoid(x) the sigmoid joins only together with the product.
  void extend(Group &group) {
    llvm::ArrayRef<int64_t> shape = tensorType(group.result).getShape();
    llvm::SmallPtrSet<mlir::Operation *, 8> joining;
    // Values read by ops that have not joined, by the position of the first of these.
    auto firstReader = [&](mlir::Value value) -> mlir::Operation * {
      mlir::Operation *first = nullptr;
      for (mlir::Operation *user : value.getUsers())
        if (!joining.contains(user) && (!first || position.at(user) < position.at(first)))
          first = user;
      return first;
    };
    llvm::SmallVector<mlir::Value> live{group.result};
    llvm::SmallVector<mlir::Operation *> added;
    while (true) {
      mlir::Operation *next = nullptr;
      for (mlir::Value value : live)
        if (mlir::Operation *reader = firstReader(value);
            reader && (!next || position.at(reader) < position.at(next)))
          next = reader;
      if (!next || !isFree(next) || !next->hasTrait<ir::Elementwise>() ||
          tensorType(next->getResult(0)).getShape() != shape)
        return;
      joining.insert(next);
      added.push_back(next);
      live.push_back(next->getResult(0));
      llvm::erase_if(live, [&](mlir::Value value) {
        return value != next->getResult(0) && !firstReader(value);
      });
      if (live.size() == 1) {
        for (mlir::Operation *op : added)
          add(group, op);
        added.clear();
        group.result = live.front();
      }
    }
  }

  /// Takes in the producer of `operand`, and theirs, where all their readers are in the group and
  /// computing them `times` times costs less than storing.
  void pull(Group &group, mlir::OpOperand &operand, double times) {
    mlir::Operation *producer = operand.get().getDefiningOp();
    if (!producer || !isFree(producer) || !isInlinable(producer) ||
        !isPrologueWorthwhile(producer, group.anchor, times) ||
        !llvm::all_of(producer->getUsers(), [&](auto *user) { return isIn(group, user); }))
      return;
    add(group, producer);
    double elements = static_cast<double>(tensorType(producer->getResult(0)).getNumElements());
    for (mlir::OpOperand &next : producer->getOpOperands())
      pull(group, next,
           times * std::max(1.0, elements /
                                     static_cast<double>(tensorType(next.get()).getNumElements())));
  }

  void build(Group &group) {
    llvm::sort(group.ops, [&](mlir::Operation *a, mlir::Operation *b) {
      return position.at(a) < position.at(b);
    });
    llvm::SetVector<mlir::Value> inputs;
    llvm::SmallVector<mlir::Location> locations;
    for (mlir::Operation *op : group.ops) {
      putOwnFirst(group, op);
      locations.push_back(op->getLoc());
      for (mlir::Value operand : op->getOperands())
        if (!isSplatConstant(operand) && !isIn(group, operand.getDefiningOp()))
          inputs.insert(operand);
    }
    mlir::OpBuilder builder(group.ops.back());
    auto fused = ir::FusedOp::create(builder, builder.getFusedLoc(locations),
                                     mlir::TypeRange{group.result.getType()}, inputs.getArrayRef());
    mlir::Block &body = fused.getBody().emplaceBlock();
    mlir::IRMapping inside;
    for (mlir::Value input : inputs)
      inside.map(input, body.addArgument(input.getType(), input.getLoc()));
    builder.setInsertionPointToStart(&body);
    for (mlir::Operation *op : group.ops) {
      for (mlir::Value operand : op->getOperands())
        if (isSplatConstant(operand) && !inside.contains(operand))
          builder.clone(*operand.getDefiningOp(), inside);
      builder.clone(*op, inside);
    }
    ir::YieldOp::create(builder, fused.getLoc(), inside.lookup(group.result));
    group.result.replaceAllUsesWith(fused.getResult(0));
    for (mlir::Operation *op : llvm::reverse(group.ops)) {
      groupOf.erase(op);
      op->erase();
    }
  }

  /// x + own -> own + x, so that kernels which differ in this alone are one.
  void putOwnFirst(const Group &group, mlir::Operation *op) const {
    if (!op->hasTrait<mlir::OpTrait::IsCommutative>() || op->getNumOperands() != 2)
      return;
    mlir::Value a = op->getOperand(0), b = op->getOperand(1);
    if (!isIn(group, a.getDefiningOp()) && isIn(group, b.getDefiningOp()))
      op->setOperands({b, a});
  }

  mlir::Block &block;
  bool copySlices;
  llvm::DenseMap<mlir::Operation *, int64_t> position;
  llvm::DenseMap<mlir::Operation *, Group *> groupOf;
  std::vector<std::unique_ptr<Group>> groups;
};

/// Copies of returned values that have no memory of their own to be returned in: arguments,
/// weights, constants, parts of others, and what is returned twice.
llvm::SmallVector<mlir::Operation *> copyReturned(mlir::func::FuncOp model) {
  llvm::SmallVector<mlir::Operation *> copies;
  llvm::DenseSet<mlir::Value> returned;
  mlir::Operation *terminator = model.front().getTerminator();
  mlir::OpBuilder builder(terminator);
  for (mlir::OpOperand &operand : terminator->getOpOperands()) {
    mlir::Value memory = behindFreeReshapes(operand.get());
    mlir::Operation *producer = memory.getDefiningOp();
    bool hasOwn = producer && !llvm::isa<ir::ConstantOp>(producer) && !isView(producer);
    if (returned.insert(memory).second && hasOwn)
      continue;
    mlir::RankedTensorType type = ir::rowMajor(tensorType(operand.get()));
    auto copy =
        ir::ReshapeOp::create(builder, terminator->getLoc(), type, operand.get(), type.getShape());
    operand.set(copy);
    copies.push_back(copy);
  }
  return copies;
}

struct Fuse : impl::FuseBase<Fuse> {
  using FuseBase::FuseBase;

  void runOnOperation() override {
    mlir::func::FuncOp model = modelOf(getOperation());
    if (!model)
      return;
    llvm::SmallVector<mlir::Operation *> copies = copyReturned(model);
    Grouping grouping(model, copySlices);
    for (mlir::Operation *copy : copies)
      grouping.isolate(copy);
    grouping.groupAll();
    grouping.build();
    for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(model.front())))
      if (mlir::isOpTriviallyDead(&op))
        op.erase();
  }
};

} // namespace
} // namespace quern::passes
