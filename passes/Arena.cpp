#include "passes/Arena.h"

#include "ir/Layout.h"
#include "passes/Model.h"
#include "passes/Views.h"

#include "llvm/Support/MathExtras.h"

#include <limits>
#include <tuple>

namespace quern::passes {
namespace {

bool overlapInTime(const Allocation &a, const Allocation &b) {
  return a.first <= b.last && b.first <= a.last;
}

/// The offset of the narrowest gap between `placed` (sorted by offset) that holds `bytes`; behind
/// all of them if none does.
int64_t bestGap(llvm::ArrayRef<const Allocation *> placed, int64_t bytes) {
  int64_t best = -1, bestSize = std::numeric_limits<int64_t>::max(), end = 0;
  for (const Allocation *other : placed) {
    int64_t gap = other->offset - end;
    if (gap >= bytes && gap < bestSize) {
      best = end;
      bestSize = gap;
    }
    end = std::max(end, other->offset + other->bytes);
  }
  return best >= 0 ? best : end;
}

/// Whether a kernel reads each element only where it writes it, for operands of the result's own
/// type: elementwise ops alone, so that an operand of the result's shape is never read at another
/// index.
bool isElementwiseKernel(mlir::func::FuncOp kernel) {
  return llvm::all_of(kernel.front().without_terminator(), [](mlir::Operation &op) {
    return op.hasTrait<ir::Elementwise>() || llvm::isa<ir::ConstantOp>(op);
  });
}

} // namespace

int64_t placeAllocations(llvm::MutableArrayRef<Allocation> allocations) {
  llvm::SmallVector<Allocation *> order;
  for (Allocation &allocation : allocations) {
    allocation.bytes = static_cast<int64_t>(llvm::alignTo(allocation.bytes, arenaAlignment));
    order.push_back(&allocation);
  }
  // Equal sizes in the order of launches: the same on every machine.
  llvm::sort(order, [](const Allocation *a, const Allocation *b) {
    return std::tuple(-a->bytes, a) < std::tuple(-b->bytes, b);
  });
  llvm::SmallVector<const Allocation *> placed;
  int64_t size = 0;
  for (Allocation *allocation : order) {
    llvm::SmallVector<const Allocation *> rivals;
    llvm::copy_if(placed, std::back_inserter(rivals),
                  [&](const Allocation *other) { return overlapInTime(*allocation, *other); });
    llvm::sort(rivals,
               [](const Allocation *a, const Allocation *b) { return a->offset < b->offset; });
    allocation->offset = bestGap(rivals, allocation->bytes);
    size = std::max(size, allocation->offset + allocation->bytes);
    placed.push_back(allocation);
  }
  return size;
}

int64_t liveBytes(llvm::ArrayRef<Allocation> allocations) {
  int64_t most = 0;
  for (const Allocation &start : allocations) {
    int64_t sum = 0;
    for (const Allocation &other : allocations)
      if (other.first <= start.first && start.first <= other.last)
        sum += static_cast<int64_t>(llvm::alignTo(other.bytes, arenaAlignment));
    most = std::max(most, sum);
  }
  return most;
}

Lifetimes collectLifetimes(mlir::func::FuncOp model) {
  llvm::SmallVector<ir::LaunchOp> launches(model.front().getOps<ir::LaunchOp>());
  llvm::DenseMap<mlir::Value, int64_t> lastUse;
  for (auto [index, launch] : llvm::enumerate(launches))
    for (mlir::Value operand : launch.getInputs())
      lastUse[behindViews(operand)] = static_cast<int64_t>(index);
  llvm::DenseSet<mlir::Value> outputs;
  for (mlir::Value value : model.front().getTerminator()->getOperands())
    outputs.insert(behindFreeReshapes(value));

  Lifetimes lifetimes;
  mlir::SymbolTableCollection symbols;
  for (auto [index, launch] : llvm::enumerate(launches)) {
    auto now = static_cast<int64_t>(index);
    auto kernel =
        symbols.lookupNearestSymbolFrom<mlir::func::FuncOp>(launch, launch.getKernelAttr());
    mlir::Value result = launch.getOutputs().front();
    if (outputs.contains(result))
      continue;
    int64_t last = std::max(now, lastUse.lookup(result));
    // An operand that dies here and that no other operand shares memory with.
    std::optional<size_t> reused;
    for (mlir::Value operand : launch.getInputs()) {
      auto found = lifetimes.allocationOf.find(behindFreeReshapes(operand));
      if (!isElementwiseKernel(kernel) || operand.getType() != result.getType() ||
          found == lifetimes.allocationOf.end() || lifetimes.allocations[found->second].last != now)
        continue;
      size_t candidate = found->second;
      bool isShared = llvm::count_if(launch.getInputs(), [&](mlir::Value other) {
                        auto entry = lifetimes.allocationOf.find(behindViews(other));
                        return entry != lifetimes.allocationOf.end() && entry->second == candidate;
                      }) > 1;
      if (!isShared) {
        reused = candidate;
        break;
      }
    }
    if (reused) {
      lifetimes.allocations[*reused].last = last;
    } else {
      reused = lifetimes.allocations.size();
      lifetimes.allocations.push_back({ir::tensorBytes(tensorType(result)), now, last, 0});
    }
    lifetimes.allocationOf[result] = *reused;
  }
  return lifetimes;
}

} // namespace quern::passes
