#include "bench/kernels/MicroKernel.h"

#include "codegen/halide/schedules/Buffers.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace quern::bench {

namespace {

using namespace Halide;

constexpr int depth = 128, repeats = 1024; ///< steps whose operands fit the cache, and how often

/// Two vectors by as many positions as registers allow.
codegen::RegisterTile largestTile(const codegen::CpuTarget &cpu) {
  return {.nv = 2, .mx = cpu.registers >= 32 ? 14 : 6, .my = 1};
}

ImageParam operand(const std::string &name, const std::vector<int64_t> &extents) {
  ImageParam param(Float(32), static_cast<int>(extents.size()), name);
  codegen::pinDense(param, extents);
  return param;
}

LayerPipeline pipelineOf(const codegen::RegisterTile &tile, int lanes) {
  const int width = tile.nv * lanes;
  ImageParam positions = operand("positions", {depth, tile.mx});
  ImageParam panel = operand("panel", {width, depth});
  Var n("n"), m("m");
  RDom r(0, depth, 0, repeats, "r");
  Func acc("acc"), output("output");
  acc(n, m) = 0.0f;
  acc(n, m) += positions(r.x, m) * panel(n, r.x);
  output(n, m) = acc(n, m);
  codegen::pinDense(output.output_buffer(), {width, tile.mx});
  output.vectorize(n, lanes).unroll(n).unroll(m);
  acc.compute_root().store_in(MemoryType::Stack).vectorize(n, lanes).unroll(n).unroll(m);
  acc.bound_extent(n, width).bound_extent(m, tile.mx);
  acc.update().reorder(n, m, r.x, r.y).vectorize(n, lanes).unroll(n).unroll(m).unroll(r.x, 4);
  return {.output = output, .arguments = {positions, panel}};
}

double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

} // namespace

MicroKernel::MicroKernel(const codegen::CpuTarget &cpu, const std::string &target)
    : tile(largestTile(cpu)), flops(2.0 * depth * repeats * tile.accumulators() * cpu.lanes),
      positions(static_cast<size_t>(depth * tile.mx)),
      panel(static_cast<size_t>(depth * tile.nv * cpu.lanes)),
      sums(static_cast<size_t>(tile.accumulators() * cpu.lanes)),
      positionsAt(positions.get(), {depth, tile.mx}),
      panelAt(panel.get(), {int64_t{tile.nv} * cpu.lanes, depth}),
      sumsAt(sums.get(), {int64_t{tile.nv} * cpu.lanes, tile.mx}) {
  std::mt19937 random(1);
  positions.fill(random, 1);
  panel.fill(random, 1);
  LayerPipeline pipeline = pipelineOf(tile, cpu.lanes);
  code = std::make_unique<CompiledKernel>(pipeline, target, "");
}

double MicroKernel::gigaflops() {
  std::array arguments{&positionsAt.buffer, &panelAt.buffer, &sumsAt.buffer};
  double start = now();
  code->run(arguments);
  return flops / (now() - start) / 1e9;
}

std::string MicroKernel::text() const { return fmt::format("{}x{}", tile.mx, tile.nv); }

} // namespace quern::bench
