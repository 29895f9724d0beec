// What every operation means, in double precision and plain nested loops: the independent answer
// that the compiler's kernels are checked against. Nothing here shares code, formulas or loop
// orders with the emitters.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace quern::reference {

using Shape = std::vector<int64_t>;
using Index = std::vector<int64_t>;

/// A dense tensor, row-major by its logical axes. A double holds every value of the element types
/// f32, f16, bf16, i1, i8 to i32 exactly, and i64 up to 2^53. An empty shape is a scalar with one
/// value.
struct Tensor {
  Shape shape;
  std::vector<double> values;

  /// Zeros. Throws std::invalid_argument on a negative extent.
  explicit Tensor(Shape shape = {});
  /// Throws std::invalid_argument where the number of values is not the shape's.
  Tensor(Shape shape, std::vector<double> values);

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t size() const { return static_cast<int64_t>(values.size()); }
  double &at(const Index &index) { return values[offset(index)]; }
  double at(const Index &index) const { return values[offset(index)]; }

private:
  size_t offset(const Index &index) const;
};

/// The number of elements of `shape`.
int64_t elementCount(const Shape &shape);

/// Calls `visit` with every index of `shape`, the last axis fastest.
void forEachIndex(const Shape &shape, const std::function<void(const Index &)> &visit);

/// Turns every value into what an element type stores: "f64" "f32" "f16" "bf16" (to nearest, ties
/// to even), "i8" "i16" "i32" "u8" (towards zero, then wrapped), "i64" (towards zero), "i1" (not
/// equal to zero). Throws std::invalid_argument for another name.
Tensor cast(const Tensor &input, std::string_view type);

// Elementwise. Operands broadcast as in numpy: aligned at the last axis, an extent of 1 repeats.

/// neg abs exp log sqrt rsqrt tanh sigmoid erf relu sin cos floor ceil round (ties to even) not (1
/// where zero).
Tensor unary(std::string_view op, const Tensor &input);
/// add sub mul div max min pow and or. max and min of a NaN are NaN. An integer division is
/// cast(binary("div", …)).
Tensor binary(std::string_view op, const Tensor &lhs, const Tensor &rhs);
/// eq ne lt le gt ge, as ones and zeros.
Tensor compare(std::string_view predicate, const Tensor &lhs, const Tensor &rhs);
/// whenTrue where condition is not zero, else whenFalse.
Tensor select(const Tensor &condition, const Tensor &whenTrue, const Tensor &whenFalse);

// Contraction and convolution.

/// The sum of lhs * rhs over every axis label that `resultAxes` does not name: a two-operand
/// einsum. Equal labels mean equal extents; one operand may repeat a label (its diagonal).
Tensor contract(const Tensor &lhs, const Tensor &rhs, std::span<const int64_t> lhsAxes,
                std::span<const int64_t> rhsAxes, std::span<const int64_t> resultAxes);

/// softmax(scale * query key^T) value over [N, heads, positions, channels], where `mask` [queries,
/// keys] is not zero, or everywhere; zeros for a query without keys.
Tensor attention(const Tensor &query, const Tensor &key, const Tensor &value, const Tensor *mask,
                 double scale);

/// The geometry of a window over the trailing spatial axes. An empty list is the default for every
/// axis: strides and dilations 1, padding 0.
struct Window {
  std::vector<int64_t> strides = {}, dilations = {}, padLow = {}, padHigh = {};
};

/// Cross-correlation of input [N, C, spatial…] with weight [O, C / groups, kernel…] → [N, O,
/// spatial…].
Tensor conv(const Tensor &input, const Tensor &weight, const Window &window = {},
            int64_t groups = 1);

/// kind: sum, mean, max, min, prod over windows of the trailing `size.size()` axes. Padding is 0 to
/// a sum, and takes no part in a max, min or prod; a mean divides by the taps inside the input, or
/// by all taps where `countPadding`.
Tensor windowReduce(const Tensor &input, std::string_view kind, const std::vector<int64_t> &size,
                    const Window &window = {}, bool countPadding = false);

// Reductions.

/// kind: sum, mean, max, min, prod over `axes`; a reduced axis stays with extent 1 where
/// `keepAxes`.
Tensor reduce(const Tensor &input, std::string_view kind, const std::vector<int64_t> &axes,
              bool keepAxes = false);
/// exp(x - max) / sum(exp(x - max)) along `axis`.
Tensor softmax(const Tensor &input, int64_t axis);

// Resampling.

enum class ResizeMode { nearest, linear, cubic };
/// Where result pixel i lies among the source's pixels, s being source extent / result extent:
/// halfPixel (i + 0.5) s - 0.5, alignCorners i (source - 1) / (result - 1), asymmetric i s.
enum class ResizeCoordinates { halfPixel, alignCorners, asymmetric };

/// Resamples the trailing `extents.size()` axes to `extents`, one axis after the other.
/// nearest takes floor(x) where asymmetric, else x rounded, ties down. linear and cubic read beyond
/// an edge what is at it. With `antialias` a shrinking axis widens the filter by s, drops the taps
/// outside the source and scales the others to the sum 1, as Pillow does. cubic is Keys' filter
/// with a = -0.75, or -0.5 with `antialias` (PyTorch's two choices).
Tensor resize(const Tensor &input, const std::vector<int64_t> &extents, ResizeMode mode,
              ResizeCoordinates coordinates, bool antialias = false,
              std::optional<double> cubicCoefficient = std::nullopt);

// Shape. All throw std::invalid_argument where the extents do not fit.

Tensor reshape(const Tensor &input, Shape shape);
/// Result axis i is input axis permutation[i].
Tensor transpose(const Tensor &input, const std::vector<int64_t> &permutation);
/// Numpy's broadcast_to.
Tensor broadcast(const Tensor &input, const Shape &shape);
/// result[i…] = input[start + i * stride…]; strides default to 1.
Tensor slice(const Tensor &input, const std::vector<int64_t> &starts,
             const std::vector<int64_t> &sizes, std::vector<int64_t> strides = {});
Tensor concat(const std::vector<Tensor> &inputs, int64_t axis);
Tensor pad(const Tensor &input, const std::vector<int64_t> &low, const std::vector<int64_t> &high,
           double value = 0);
/// Numpy's take: `axis` of the input gives way to the axes of `indices`, each of which picks along
/// it. An index outside the input is clamped.
Tensor gather(const Tensor &input, const Tensor &indices, int64_t axis);
/// The index along `axis`.
Tensor iota(const Shape &shape, int64_t axis);
/// `value` everywhere.
Tensor constant(const Shape &shape, double value);

} // namespace quern::reference
