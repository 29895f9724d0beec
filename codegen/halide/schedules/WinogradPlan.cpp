#include "codegen/halide/schedules/Parallelism.h"
#include "codegen/halide/schedules/Winograd.h"
#include "ir/conv/Division.h"
#include "ir/conv/WinogradSplit.h"

#include <algorithm>
#include <limits>

namespace quern::codegen {

namespace {

/// Beyond this the sums of a tile no longer fit a reasonable stack, and code grows out of hand.
constexpr int64_t mostPoints = 2048;
/// Of a block, to hide the weights' way from the third-level cache.
constexpr int64_t enoughTiles = 56;

using ir::ceilDiv;
using ir::roundUp;

/// Taps along an axis of one phase of its stride.
int64_t phaseTaps(const ConvAxis &axis) { return ceilDiv(axis.kernel, axis.stride); }

int64_t product(const std::vector<int64_t> &values) {
  int64_t result = 1;
  for (int64_t value : values)
    result *= value;
  return result;
}

int64_t largestDivisor(int64_t value, int64_t limit) {
  for (int64_t d = std::min(value, limit); d > 1; --d)
    if (value % d == 0)
      return d;
  return 1;
}

/// Channels that lie side by side: a cache line or a vector of them; all where neither divides.
int64_t channelBlockFor(int64_t channels, int lanes) {
  for (int64_t block : {int64_t{16}, int64_t{lanes}})
    if (block >= lanes && channels % block == 0)
      return block;
  int64_t divisor = largestDivisor(channels, 4 * int64_t{lanes});
  return divisor >= lanes ? divisor : channels;
}

/// Tiles along each axis of a block of at most about `wanted` tiles, inner axes filled first.
/// Blocks that stick out of the image cost in proportion, short ones because they fetch the weights
/// anew.
std::vector<int64_t> blockShape(const std::vector<int64_t> &tiles, int64_t wanted) {
  constexpr double weightsCost = 4; // in tiles
  std::vector<int64_t> shape;
  int64_t inner = 1;
  for (int64_t extent : tiles) {
    int64_t best = 1;
    double least = std::numeric_limits<double>::infinity();
    for (int64_t length = 1; length <= extent && (length == 1 || length * inner <= wanted);
         ++length) {
      auto size = static_cast<double>(length * inner);
      double cost =
          static_cast<double>(ceilDiv(extent, length) * length) * (1 + weightsCost / size);
      if (cost < least) {
        least = cost;
        best = length;
      }
    }
    shape.push_back(best);
    inner *= best;
  }
  return shape;
}

/// Multiplications and additions of the products, of all tiles.
double productFlops(const WinogradPlan &plan, double tiles) {
  return 2 * tiles * static_cast<double>(plan.products * plan.depth * plan.problem.outChannels);
}

void setBlocks(WinogradPlan &plan, const std::vector<int64_t> &shape) {
  plan.tilesPerBlock = shape;
  plan.blocks.clear();
  for (size_t a = 0; a < plan.tiles.size(); ++a) {
    plan.tilesPerBlock[a] = std::min(shape[a], plan.tiles[a]);
    plan.blocks.push_back(ceilDiv(plan.tiles[a], plan.tilesPerBlock[a]));
  }
}

/// The products' tile that leaves at least so many panels of outputs, or one for each vector.
RegisterTile chooseProductTile(const WinogradPlan &plan, int64_t panels) {
  return chooseGroupTile({.channels = ceilDiv(plan.problem.outChannels, panels),
                          .width = plan.blockSize(),
                          .height = 1,
                          .depth = plan.depth},
                         plan.problem.groups, plan.cpu);
}

/// Whether all products of a block, whose tiles hold so many bytes of transformed input each, are
/// made before any is transformed back: beyond a limit every panel would fetch the input from the
/// third-level cache. Where there are fewer panels than threads, blocks have to be the tasks.
bool wantsWholeProducts(const WinogradPlan &plan, int64_t panels, int64_t inputs) {
  constexpr int64_t mostInputs = 1024 * 1024;
  return panels >= plan.cpu.threads &&
         inputs * std::min(enoughTiles, product(plan.tiles)) > mostInputs;
}

/// Whether so many blocks leave no thread idle for more than an eighth of the time, or are many.
bool shareEvenly(int64_t blocks, int64_t threads) {
  return blocks >= 3 * threads || 7 * (roundUp(blocks, threads) - blocks) <= blocks;
}

/// What is measured behind it is in the README.
void chooseBlocks(WinogradPlan &plan, const WinogradKnobs &knobs) {
  int64_t inputs = 4 * plan.products * plan.depth * plan.problem.groups;
  int64_t sums = 4 * plan.products * plan.problem.outChannels;
  int64_t weights = plan.depth * sums;
  int64_t cache = plan.cpu.l2Bytes, copies = plan.problem.batch;
  for (const ConvAxis &axis : plan.problem.axes)
    copies *= axis.dilation;
  auto choose = [&](int64_t wanted) {
    setBlocks(plan,
              knobs.tilesPerBlock.empty() ? blockShape(plan.tiles, wanted) : knobs.tilesPerBlock);
  };
  // Few inputs make many outputs: a panel's sums want to stay in the cache as well.
  int64_t panelSums = std::min(sums, 4 * plan.products * 4 * plan.cpu.lanes);
  int64_t tileBytes = std::max(inputs, panelSums);
  choose(std::max(enoughTiles, cache / 2 / tileBytes));
  int64_t threads = plan.cpu.threads,
          panelWidth = int64_t{chooseProductTile(plan, 1).nv} * plan.cpu.lanes,
          panels = ceilDiv(plan.problem.outChannels, panelWidth);
  plan.wholeProducts = knobs.wholeProducts.value_or(wantsWholeProducts(plan, panels, inputs));
  if (plan.wholeProducts) {
    choose(16 * cache / (inputs + sums));
    return;
  }
  auto blocks = [&] { return copies * product(plan.blocks); };
  plan.parallelBlocks = plan.parallel && shareEvenly(blocks(), threads);
  // As tasks, blocks keep what a thread has transformed in its own cache, where panels need it all;
  // but smaller ones fetch the weights more often.
  bool hasPanels = panels >= threads;
  bool weighsLittle = weights <= inputs * copies * product(plan.tiles);
  if (plan.parallel && !plan.parallelBlocks && (!hasPanels || weighsLittle)) {
    choose(ceilDiv(product(plan.tiles), ceilDiv(roundUp(blocks(), threads), copies)));
    plan.parallelBlocks = shareEvenly(blocks(), threads) || (!hasPanels && blocks() > threads);
  }
  // Loops within a block that are parallel want to be few and long.
  if (plan.parallel && !plan.parallelBlocks)
    choose(std::max(enoughTiles, cache / tileBytes));
}

} // namespace

bool WinogradPlan::mixesChannels() const {
  return problem.groups == 1 || problem.inChannels > problem.groups;
}

int64_t WinogradPlan::blockSize() const { return product(tilesPerBlock); }

int64_t WinogradPlan::workspaceBytes(int threads) const {
  int64_t input = 4 * blockSize() * products * depth * problem.groups;
  int64_t sums = 4 * blockSize() * products * (wholeProducts ? panels : 1) * panelWidth;
  int64_t inputs = parallelBlocks ? threads : 1;
  return inputs * input + (parallel && !wholeProducts ? threads : 1) * sums;
}

std::string whyNotWinograd(const SpatialConv &p, const std::vector<int64_t> &outputs) {
  if (p.axes.empty() || p.axes.size() > 3)
    return "it needs one to three spatial axes";
  if (outputs.size() != p.axes.size())
    return "its tile has another rank than the convolution";
  int64_t points = 1;
  for (size_t a = 0; a < outputs.size(); ++a) {
    if (outputs[a] < 1)
      return "its tile is empty";
    ir::WinogradSplit axis = ir::splitForWinograd(outputs[a], phaseTaps(p.axes[a]));
    if (axis.mostProducts() > ir::mostWinogradProducts)
      return "its tile is too large";
    points *= axis.products();
  }
  if (points > mostPoints)
    return "its tile is too large";
  return {};
}

WinogradPlan planWinograd(const SpatialConv &p, const std::vector<int64_t> &outputs,
                          const CpuTarget &cpu, const WinogradKnobs &knobs) {
  WinogradPlan plan{.problem = p, .cpu = cpu};
  plan.products = 1;
  double tiles = static_cast<double>(p.batch);
  for (size_t a = 0; a < outputs.size(); ++a) {
    const ConvAxis &axis = p.axes[a];
    int64_t taps = phaseTaps(axis);
    plan.algorithms.push_back(ir::winogradAlgorithm(outputs[a], taps));
    plan.pieces.push_back(ir::splitForWinograd(outputs[a], taps).pieces);
    plan.products *= plan.algorithms.back().products;
    plan.phases *= axis.stride;
    plan.tiles.push_back(ceilDiv(ceilDiv(axis.out, axis.dilation), outputs[a]));
    tiles *= static_cast<double>(plan.tiles.back() * axis.dilation);
  }
  plan.depth = p.inChannels / p.groups * plan.phases * product(plan.pieces);
  int64_t sideBySide = plan.mixesChannels() ? p.inChannels / p.groups : p.inChannels;
  plan.channelBlock = channelBlockFor(sideBySide, cpu.lanes);
  plan.unrollDepth = plan.mixesChannels() ? largestDivisor(plan.channelBlock, 4) : 1;

  double weights = 4.0 * static_cast<double>(plan.products * plan.depth * p.outChannels);
  int64_t tasks = wantedTasks({.flops = productFlops(plan, tiles), .bytes = weights}, cpu);
  plan.parallel = tasks > 1;
  chooseBlocks(plan, knobs);
  bool panelsAreTasks =
      plan.parallel && !plan.parallelBlocks && !plan.wholeProducts && p.groups == 1;
  plan.tile = knobs.tile ? *knobs.tile : chooseProductTile(plan, panelsAreTasks ? cpu.threads : 1);
  plan.tile.mx = static_cast<int>(std::min<int64_t>(plan.tile.mx, plan.blockSize()));
  plan.tile.my = 1;
  plan.panelWidth = int64_t{plan.tile.nv} * cpu.lanes;
  plan.panels = ceilDiv(p.outChannels, plan.panelWidth);
  return plan;
}

} // namespace quern::codegen
