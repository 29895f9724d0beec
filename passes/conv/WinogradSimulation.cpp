#include "passes/conv/WinogradSimulation.h"

#include "ir/HostTensor.h"
#include "ir/conv/Division.h"
#include "ir/conv/TransformFilter.h"

#include <cmath>

namespace quern::passes {
namespace {

using ir::ceilDiv;

/// A matrix in the precision that kernels hold it in, row-major.
struct Transform {
  int64_t rows, columns;
  std::vector<float> entries;

  explicit Transform(const ir::RationalMatrix &matrix)
      : rows(matrix.rows()), columns(matrix.columns()) {
    for (double entry : matrix.toDoubles())
      entries.push_back(static_cast<float>(entry));
  }
};

using Transforms = std::vector<Transform>;

Transforms transformsOf(const std::vector<ir::RationalMatrix> &matrices) {
  return {matrices.begin(), matrices.end()};
}

/// Transforms one axis of an array of `extents`: each result is a sum over j of matrix[i][j] x[j].
std::vector<float> transformAxis(const std::vector<float> &data,
                                 llvm::SmallVectorImpl<int64_t> &extents, size_t axis,
                                 const Transform &matrix) {
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i)
    outer *= extents[i];
  for (size_t i = axis + 1; i < extents.size(); ++i)
    inner *= extents[i];
  std::vector<float> result(static_cast<size_t>(outer * matrix.rows * inner));
  for (int64_t a = 0; a < outer; ++a)
    for (int64_t i = 0; i < matrix.rows; ++i)
      for (int64_t j = 0; j < matrix.columns; ++j) {
        float factor = matrix.entries[static_cast<size_t>(i * matrix.columns + j)];
        if (factor == 0)
          continue;
        const float *x = data.data() + (a * matrix.columns + j) * inner;
        float *y = result.data() + (a * matrix.rows + i) * inner;
        for (int64_t b = 0; b < inner; ++b)
          y[b] += factor * x[b];
      }
  extents[axis] = matrix.rows;
  return result;
}

class Simulation {
public:
  Simulation(const SampleConv &sample, const Tile &tile)
      : sample(sample), tile(tile), channels(sample.channels) {
    for (auto [extent, taps] : llvm::zip_equal(tile, sample.kernel)) {
      axes.push_back(ir::winogradAlgorithm(extent, taps));
      splits.push_back(ir::splitForWinograd(extent, taps));
      pieces.push_back(splits.back().pieces);
      channels *= pieces.back();
      points *= axes.back().products;
      inputs.push_back(transformsOf(axes.back().inputTransform));
      outputs.push_back(transformsOf(axes.back().outputTransform));
    }
    std::vector<double> filter(sample.filter.begin(), sample.filter.end());
    filter = ir::pieceFilter(filter, sample.outputs, sample.channels, sample.kernel, splits);
    for (double value : ir::transformFilter(filter, sample.outputs, channels, axes))
      weights.push_back(static_cast<float>(value));
    result.resize(static_cast<size_t>(sample.outputs * sample.outputSize()));
  }

  std::vector<float> run() {
    llvm::SmallVector<int64_t, 3> counts;
    for (auto [extent, outputs] : llvm::zip_equal(sample.out, tile))
      counts.push_back(ceilDiv(extent, outputs));
    ir::forEachIndex(counts, [&](llvm::ArrayRef<int64_t> at) { computeTile(at); });
    return std::move(result);
  }

private:
  void computeTile(llvm::ArrayRef<int64_t> at) {
    llvm::SmallVector<int64_t> extents{channels};
    std::vector<float> data = cut(at, extents);
    for (size_t axis = 0; axis < axes.size(); ++axis)
      for (const Transform &matrix : inputs[axis])
        data = transformAxis(data, extents, 1 + axis, matrix);
    std::vector<float> sums(static_cast<size_t>(sample.outputs * points));
    for (int64_t point = 0; point < points; ++point)
      for (int64_t o = 0; o < sample.outputs; ++o)
        for (int64_t c = 0; c < channels; ++c) {
          float &sum = sums[static_cast<size_t>(o * points + point)];
          float weight = weights[static_cast<size_t>((point * sample.outputs + o) * channels + c)];
          sum = std::fma(data[static_cast<size_t>(c * points + point)], weight, sum);
        }
    extents[0] = sample.outputs;
    for (size_t axis = 0; axis < axes.size(); ++axis)
      for (const Transform &matrix : outputs[axis])
        sums = transformAxis(sums, extents, 1 + axis, matrix);
    paste(at, sums);
  }

  /// The inputs of a tile for each piece of the filter, zeros where it reaches past the sample.
  std::vector<float> cut(llvm::ArrayRef<int64_t> at, llvm::SmallVectorImpl<int64_t> &extents) {
    llvm::SmallVector<int64_t, 3> in = sample.in(), box;
    for (const ir::BilinearAlgorithm &axis : axes)
      box.push_back(axis.inputs);
    extents.append(box.begin(), box.end());
    std::vector<float> data;
    ir::forEachIndex(pieces, [&](llvm::ArrayRef<int64_t> piece) {
      for (int64_t c = 0; c < sample.channels; ++c)
        ir::forEachIndex(box, [&](llvm::ArrayRef<int64_t> within) {
          int64_t offset = c;
          bool inside = true;
          for (size_t axis = 0; axis < in.size(); ++axis) {
            int64_t x = at[axis] * tile[axis] + piece[axis] * axes[axis].taps + within[axis];
            inside &= x < in[axis];
            offset = offset * in[axis] + x;
          }
          data.push_back(inside ? sample.input[static_cast<size_t>(offset)] : 0.0F);
        });
    });
    return data;
  }

  void paste(llvm::ArrayRef<int64_t> at, const std::vector<float> &values) {
    size_t next = 0;
    for (int64_t o = 0; o < sample.outputs; ++o)
      ir::forEachIndex(tile, [&](llvm::ArrayRef<int64_t> within) {
        float value = values[next++];
        int64_t offset = o;
        bool inside = true;
        for (size_t axis = 0; axis < sample.out.size(); ++axis) {
          int64_t x = at[axis] * tile[axis] + within[axis];
          inside &= x < sample.out[axis];
          offset = offset * sample.out[axis] + x;
        }
        if (inside)
          result[static_cast<size_t>(offset)] = value;
      });
  }

  const SampleConv &sample;
  const Tile &tile;
  int64_t channels; ///< of the sample, times the pieces
  llvm::SmallVector<int64_t, 3> pieces;
  std::vector<ir::BilinearAlgorithm> axes;
  std::vector<ir::WinogradSplit> splits;
  std::vector<Transforms> inputs, outputs;
  int64_t points = 1;
  std::vector<float> weights, result;
};

} // namespace

std::vector<float> simulateWinograd(const SampleConv &sample, const Tile &tile) {
  return Simulation(sample, tile).run();
}

} // namespace quern::passes
