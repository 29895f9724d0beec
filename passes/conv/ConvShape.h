// A convolution in plain numbers, and the machine that it is to run on: all that algorithms are
// chosen by.
#pragma once

#include "ir/Quern.h"
#include "ir/conv/ConvAxis.h"
#include "passes/conv/ConvElement.h"

namespace quern::passes {

using ir::ConvAxis;

struct ConvShape {
  int64_t batch = 1;
  int64_t inChannels = 1, outChannels = 1, groups = 1;
  llvm::SmallVector<ConvAxis, 3> axes = {}; ///< outermost first, 1 to 3
  ConvElement element = ConvElement::f32;
  bool hasConstantFilter = true; ///< known when the model is compiled, so it may be transformed
  /// A contraction of rows with a matrix: a pointwise convolution in every respect but that the
  /// rows are its positions, and that its direct algorithm is the code generator's matrix product.
  bool isProduct = false;
  /// Of a masked kernel: all taps but the first so many, in row-major order, are zero; 0 where none
  /// is.
  int64_t maskedTo = 0;

  int64_t channelsPerGroup() const { return inChannels / groups; }
  bool isDepthwise() const { return groups > 1 && groups == inChannels && groups == outChannels; }
  /// Outputs of one channel of one image.
  int64_t positions() const;
  /// Taps of one filter in one channel.
  int64_t taps() const;
  /// Those of them that no mask has emptied.
  int64_t liveTaps() const { return maskedTo > 0 ? maskedTo : taps(); }
  bool hasStride() const;
  bool hasDilation() const;
  /// Products of direct convolution, those with padding included, those with masked taps not.
  int64_t products() const;
  int64_t inputBytes() const;
  int64_t outputBytes() const;
  int64_t filterBytes() const;
  /// [O, C / groups, kernel...].
  llvm::SmallVector<int64_t> filterShape() const;
  /// Makes zeros of what made-up weights, [..., kernel...], have at masked taps.
  template <typename Number> void maskTaps(std::vector<Number> &weights) const {
    for (size_t i = 0; i < weights.size(); ++i)
      if (static_cast<int64_t>(i) % taps() >= liveTaps())
        weights[i] = 0;
  }
  /// One number of each axis.
  llvm::SmallVector<int64_t> along(int64_t ConvAxis::*field) const;
  /// What quern.filter_transform is told of the paddings.
  llvm::SmallVector<int64_t> filterLead(ir::ConvAttr algorithm) const;
  bool sumsSpectra() const; ///< as ir::sumsSpectra
  /// "1x64x56x56 * 64x64x3x3 stride 2 pad 1", "8x128x768 * 768x3072" of a product, and the element
  /// type where that is not f32: equal shapes, equal texts.
  std::string text() const;
  bool operator==(const ConvShape &other) const { return text() == other.text(); }
};

ConvShape shapeOf(ir::ConvOp op);

/// The algorithm that `op` names, a convolution or a contraction; null where it names none.
ir::ConvAttr algorithmOf(mlir::Operation *op);

/// What the cost model needs to know of a target. Only ratios matter to a choice.
struct Machine {
  int lanes = 8;                   ///< elements of a vector register, of f32 as they are named
  int threads = 2;                 ///< that share the work
  int64_t l2Bytes = 512 * 1024;    ///< second-level cache of a core
  double flopsPerNanosecond = 100; ///< of one core
  double bytesPerNanosecond = 12;  ///< of one core, behind the second-level cache
  bool isDevice = false;           ///< kernels run on a device: direct convolution only

  /// The same machine as it computes with such elements, of which a vector may hold fewer.
  Machine computingIn(ConvElement element) const;
};

} // namespace quern::passes
