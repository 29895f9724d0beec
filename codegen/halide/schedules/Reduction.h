#pragma once

#include "codegen/halide/schedules/CpuTarget.h"

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// A reduction over some axes of a tensor, innermost dimensions first.
struct ReductionProblem {
  std::vector<int64_t>
      outExtents; ///< of the accumulator's pure dimensions; empty for a scalar result
  std::vector<int64_t> reduceExtents; ///< of the RDom, in the RDom's order
  bool reducesInnermost = false;      ///< the RDom's first axis is the input's contiguous one
};

/// Schedules an associative reduction written as
///
///     acc(o...) = neutral;
///     acc(o...) = combine(acc(o...), input(... r.x ...));
///     output(o...) = epilogue(acc(o...), ...);
///
/// If the RDom covers the contiguous axis, partial results are kept in a vector of lanes and
/// combined at the end (the sum is then reassociated); else the outputs are vectorised. A global
/// mean over the pixels of NHWC is the latter.
void scheduleReduction(const ReductionProblem &problem, const CpuTarget &cpu, Halide::Func acc,
                       Halide::Func output);

/// Schedules a softmax over `rowLength` contiguous elements of each row, written as
///
///     maximum(rows...) = lowest;  maximum(rows...) = max(maximum(rows...), input(r, rows...));
///     exponential(i, rows...) = exp(input(i, rows...) - maximum(rows...));
///     sum(rows...) = 0.0f;        sum(rows...) += exponential(r, rows...);
///     output(i, rows...) = exponential(i, rows...) / sum(rows...);
///
/// `outExtents` are the output's, innermost first: the row length, then the rows.
void scheduleSoftmax(const std::vector<int64_t> &outExtents, const CpuTarget &cpu,
                     Halide::Func maximum, Halide::Func exponential, Halide::Func sum,
                     Halide::Func output);

} // namespace quern::codegen
