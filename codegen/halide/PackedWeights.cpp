#include "codegen/halide/PackedWeights.h"

#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {

using Halide::Expr;

PackedWeights::PackedWeights(const KernelBuilder &builder, mlir::Value weight,
                             mlir::RankedTensorType wanted)
    : builder(&builder), weight(weight), wanted(wanted) {
  mlir::RankedTensorType type = ir::tensorType(weight);
  if (!wanted || (builder.parameter(weight) && type == wanted))
    return;
  StoredDims dims = storedDims(wanted);
  packed = builder.over(dims, wanted.getRank(), "packed", [&](const Index &index) {
    // A block may reach past its axis: zeros there.
    Index inside = index;
    Expr isInside = Halide::Internal::const_true();
    for (const ir::PhysicalDim &dim : dims) {
      if (dim.within == 0)
        continue;
      auto axis = static_cast<size_t>(dim.axis);
      Expr last = constantIndex(wanted.getDimSize(dim.axis) - 1);
      isInside = isInside && index[axis] <= last;
      inside[axis] = Halide::min(index[axis], last);
    }
    Expr value = builder.load(weight, inside);
    return ir::isBlocked(wanted)
               ? Halide::select(isInside, value, Halide::Internal::make_zero(value.type()))
               : value;
  });
  for (auto [var, dim] : llvm::zip_equal(packed.args(), dims))
    packed.bound(var, 0, constantIndex(dim.extent));
}

Expr PackedWeights::at(const Index &index) const {
  if (!packed.defined())
    return builder->load(weight, index);
  return packed(storedCoordinates(storedDims(wanted), index));
}

Expr PackedWeights::stored(const std::vector<Expr> &where) const {
  if (!packed.defined())
    return (*builder->parameter(weight))(where);
  return packed(where);
}

void PackedWeights::schedule(const CpuTarget &cpu) const {
  if (packed.defined())
    Halide::Func(packed).compute_root().vectorize(packed.args()[0], cpu.lanes,
                                                  Halide::TailStrategy::GuardWithIf);
}

} // namespace quern::codegen
