// What a convolution's algorithm makes of its filter before the model runs.
#pragma once

#include "ir/HostTensor.h"
#include "ir/conv/ConvAxis.h"

#include <optional>

namespace quern::ir {

/// The shape of `filter` [O, C / groups, kernel...] after its transformation for `algorithm`, as
/// quern.filter_transform describes it, or failure with the constraint named.
mlir::FailureOr<llvm::SmallVector<int64_t>>
inferTransformedFilter(std::optional<mlir::Location> loc, ConvAttr algorithm,
                       llvm::ArrayRef<int64_t> filter, llvm::ArrayRef<int64_t> strides,
                       llvm::ArrayRef<int64_t> dilations, int64_t groups);

/// What transformed filters of such elements are kept in: f32 where they are stored in 16 bits,
/// which hold too little of a transform, else the same.
mlir::Type transformedElement(mlir::Type element);

/// The `lead` of the filter of a convolution by `algorithm`, which says for each axis how many
/// zeros before the input its transforms wrap round.
llvm::SmallVector<int64_t> filterLead(ConvAttr algorithm, llvm::ArrayRef<ConvAxis> axes,
                                      bool sumsSpectra);

/// The value of quern.filter_transform for the row-major `filter`.
HostTensor transformFilter(FilterTransformOp op, const HostTensor &filter);

} // namespace quern::ir
