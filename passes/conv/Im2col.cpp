// im2col: the patches under the filter become the rows of a matrix, stored whole or task by task,
// and one matrix product does the rest (Chellapilla et al., High performance convolutional neural
// networks for document processing, 2006).
#include "passes/conv/Algorithms.h"
#include "passes/conv/DirectCost.h"
#include "passes/conv/MachineTime.h"

namespace quern::passes {
namespace {

/// What patches cost that stay in a cache, beside such as do not (bench/README.md).
constexpr double shareInCache = 0.26;

class Im2col final : public ConvAlgorithm {
public:
  explicit Im2col(bool isWhole) : isWhole(isWhole) {}

  ir::ConvAlgorithm kind() const override {
    return isWhole ? ir::ConvAlgorithm::im2col : ir::ConvAlgorithm::implicit_im2col;
  }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (shape.groups > 1)
      return "a matrix product has one group";
    if (shape.axes.size() > 2)
      return "has no kernel for three spatial axes";
    return "";
  }

  ConvCost cost(const ConvShape &shape, const Tile &, const Machine &machine) const override {
    int64_t patches = computedBytesOf(shape.element) * shape.batch * shape.positions() *
                      shape.taps() * shape.channelsPerGroup();
    // Written once and read once.
    double copy = timeToFetch(machine, 2 * static_cast<double>(patches)) / 1000;
    return {.microseconds =
                directMicroseconds(shape, machine) + (isWhole ? copy : copy * shareInCache),
            .workspaceBytes = isWhole ? patches : std::min(patches, perTask(shape, machine))};
  }

  double errorBound(const ConvShape &shape, const Tile &) const override {
    return directErrorBound(shape);
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &) const override {
    return sumsInOrder(sample);
  }

private:
  /// Patches of a task on each thread: rows of tiles until half of the second-level cache is full,
  /// and one at least.
  static int64_t perTask(const ConvShape &shape, const Machine &machine) {
    int64_t row = computedBytesOf(shape.element) * shape.axes.back().out * shape.taps() *
                  shape.channelsPerGroup();
    constexpr int64_t rowsOfTile = 4;
    return machine.threads * std::max(machine.l2Bytes / 2 + row, rowsOfTile * row);
  }

  bool isWhole;
};

} // namespace

const ConvAlgorithm &im2colConv() {
  static const Im2col algorithm(/*isWhole=*/true);
  return algorithm;
}

const ConvAlgorithm &implicitIm2colConv() {
  static const Im2col algorithm(/*isWhole=*/false);
  return algorithm;
}

} // namespace quern::passes
