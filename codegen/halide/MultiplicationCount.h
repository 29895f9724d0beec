#pragma once

#include <Halide.h>

#include <cstdint>

namespace quern::codegen {

/// A lowering pass that changes nothing and counts the floating-point multiplications of the loops
/// that pass by: each product of each vector lane, as often as its loops run. What one block of
/// code computes several times counts once, and what nobody reads not at all, as LLVM shares the
/// one and drops the other. Loops whose ends or conditions vary with an outer loop are counted turn
/// by turn. What depends on data is taken to happen.
class CountMultiplications final : public Halide::Internal::IRMutator {
public:
  uint64_t count = 0;

  using IRMutator::mutate;
  Halide::Internal::Stmt mutate(const Halide::Internal::Stmt &stmt) override;
};

} // namespace quern::codegen
