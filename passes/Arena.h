// Which results of launches are alive when, and where each lies in one arena.
#pragma once

#include "ir/Quern.h"

namespace quern::passes {

/// A piece of memory that is needed from one launch to another, both included.
struct Allocation {
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
  int64_t offset = 0;
};

/// Offsets are multiples of this: a cache line, and the widest vector.
inline constexpr int64_t arenaAlignment = 64;

/// Sets the offsets so that allocations alive at one time do not overlap; returns the arena's size.
/// The largest is placed first, each into the narrowest gap that holds it.
int64_t placeAllocations(llvm::MutableArrayRef<Allocation> allocations);

/// The most bytes that are alive at one time: what no placement can go below.
int64_t liveBytes(llvm::ArrayRef<Allocation> allocations);

/// What the results of a model's launches share: `allocationOf` maps each result that lies in the
/// arena to its entry in `allocations`; results that are model outputs are absent.
struct Lifetimes {
  llvm::SmallVector<Allocation> allocations;
  llvm::DenseMap<mlir::Value, size_t> allocationOf;
};

/// Reads lifetimes off the order of launches, through free reshapes. An elementwise kernel's result
/// takes the place of an operand of its own type that dies there: each element is read before it is
/// written, by the same iteration.
Lifetimes collectLifetimes(mlir::func::FuncOp model);

} // namespace quern::passes
