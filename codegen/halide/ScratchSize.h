#pragma once

#include <Halide.h>

#include <cstdint>

namespace quern::codegen {

/// Upper bounds of the heap memory that a kernel holds at once.
struct ScratchSize {
  uint64_t serial = 0; ///< outside of parallel loops
  uint64_t thread = 0; ///< by one task of a parallel loop, nested ones included
};

/// A lowering pass that changes nothing and measures the loops that pass by: every allocation with
/// a lifetime adds to what is alive with it, counted as runtime::scratchBytesOf its size; those
/// that Halide will put on the stack do not. It is what a kernel is then seen to hold, but where
/// the largest of its tiles is never met. Throws Halide::CompileError on one whose size is not
/// known.
class MeasureScratch final : public Halide::Internal::IRMutator {
public:
  ScratchSize size;

  using IRMutator::mutate;
  Halide::Internal::Stmt mutate(const Halide::Internal::Stmt &stmt) override;
};

} // namespace quern::codegen
