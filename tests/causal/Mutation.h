// Models with one read more than they should have: what a wrong mask does.
#pragma once

#include "passes/causal/Counterexample.h"

#include "mlir/IR/OwningOpRef.h"

#include <limits>

namespace quern::passes {

/// A model with one read more than it had.
struct Mutant {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Of the op that reads more.
  std::string label;
  /// Where it reads more; `any` along axes on which every tap does.
  llvm::SmallVector<int64_t> tap;
  static constexpr int64_t any = std::numeric_limits<int64_t>::min();
  /// Whether the op and tap can be told from the others of the path.
  bool isCertain = true;

  /// Whether a counterexample's step is the read that was added.
  bool is(const PathStep &step) const;
  /// "conv1 [0,1]".
  std::string text() const;
};

/// Which reads are added.
enum class Entries { all, fewOfEach };

/// The mutants of a simplified model: for each convolution, every tap that its mask hides, or its
/// window moved to end one tap later; for each masked layer or product with masked scores, every
/// entry that the mask hides; for each attention, every key hidden from a query; for each shift,
/// one that shifts by one less. Of entries and keys all, or some.
std::vector<Mutant> mutate(mlir::ModuleOp module, Entries entries);

} // namespace quern::passes
