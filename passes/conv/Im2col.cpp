// im2col: the patches under the filter become the rows of a matrix, stored whole or task by task,
// and one matrix product does the rest (Chellapilla et al., High performance convolutional neural
// networks for document processing, 2006).
#include "ir/conv/GroupVectors.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/DirectCost.h"
#include "passes/conv/MachineTime.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace quern::passes {
namespace {

/// What patches cost that stay in a cache, beside such as do not (bench/conv/choice.md).
constexpr double shareInCache = 0.26;

/// How much longer sums take of groups whose outputs fill no vectors, where each number of a vector
/// is looked for in a patch of several taps and channels.
constexpr double gathered = 15;

bool isGathered(const ConvShape &shape) {
  return shape.taps() > 1 && shape.channelsPerGroup() > 1 &&
         ir::groupVectors(shape.groups, shape.channelsPerGroup(),
                          shape.outChannels / shape.groups) == ir::GroupVectors::padded;
}

class Im2col final : public ConvAlgorithm {
public:
  explicit Im2col(bool isWhole) : isWhole(isWhole) {}

  ir::ConvAlgorithm kind() const override {
    return isWhole ? ir::ConvAlgorithm::im2col : ir::ConvAlgorithm::implicit_im2col;
  }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (isWhole && patchBytes(shape) > static_cast<double>(std::numeric_limits<int32_t>::max()))
      return fmt::format("its matrix of patches takes {:.1f} GiB; kernels address 2",
                         patchBytes(shape) * 0x1p-30);
    return "";
  }

  ConvCost costOn(const Machine &machine, const ConvShape &shape, const Tile &) const override {
    // Written once and read once.
    double patches = patchBytes(shape), copy = timeToFetch(machine, 2 * patches) / 1000;
    double direct = directMicroseconds(shape, machine) * (isGathered(shape) ? gathered : 1);
    if (isWhole)
      return {.microseconds = direct + copy, .workspaceBytes = static_cast<int64_t>(patches)};
    double held = perTask(shape, machine), tasks = std::ceil(patches * machine.threads / held);
    return {.microseconds = direct + copy * shareInCache + againMicroseconds(shape, tasks, machine),
            .workspaceBytes = static_cast<int64_t>(std::min(patches, held))};
  }

  double sumErrorBound(const ConvShape &shape, const Tile &, double u) const override {
    return directErrorBound(shape, u);
  }

  std::vector<float> simulate(const SampleConv &sample, const Tile &) const override {
    return sumsInOrder(sample);
  }

private:
  /// The whole matrix, as a number that does not overflow.
  static double patchBytes(const ConvShape &shape) {
    return static_cast<double>(computedBytesOf(shape.element) * shape.batch * shape.positions()) *
           static_cast<double>(shape.taps() * shape.inChannels);
  }

  /// Patches of a task on each thread: tiles until half of the second-level cache is full, or half
  /// of an image's are held by all, and one at least.
  static double perTask(const ConvShape &shape, const Machine &machine) {
    constexpr double positionsOfTile = 32;
    auto bytes = static_cast<double>(computedBytesOf(shape.element));
    double tile = positionsOfTile * static_cast<double>(shape.taps() * shape.inChannels) * bytes;
    double half = static_cast<double>(machine.l2Bytes) / 2;
    double image = patchBytes(shape) / static_cast<double>(shape.batch);
    return std::max(std::min(machine.threads * half, image / 2), machine.threads * tile);
  }

  /// Each task passes over all weights: those that its second-level cache does not hold are fetched
  /// again.
  static double againMicroseconds(const ConvShape &shape, double tasks, const Machine &machine) {
    if (2 * shape.filterBytes() <= machine.l2Bytes)
      return 0;
    double again = (tasks - 1) * static_cast<double>(shape.filterBytes());
    return exposedFetchOfSums * timeToFetch(machine, again) / 1000;
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
