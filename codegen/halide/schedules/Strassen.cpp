#include "codegen/halide/schedules/Strassen.h"

#include "codegen/halide/schedules/Buffers.h"
#include "codegen/halide/schedules/Parallelism.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::TailStrategy;
using Halide::Var;

using ir::ceilDiv;

int constant(int64_t value) { return static_cast<int>(value); }

int64_t sidesOf(const StrassenPlan &plan) { return ir::power(2, plan.blocks.levels); }

/// The coordinates of all Funcs.
struct Coordinates {
  Var c{"c"}, x{"x"}, y{"y"}, n{"n"}, product{"product"};
};

/// The image's channel `channel`, zero beyond the last one.
Expr channelOrZero(const StrassenPlan &plan, const Func &padded, std::vector<Expr> where) {
  int64_t channels = plan.problem.inChannels;
  if (plan.blocks.blockInputs() * sidesOf(plan) == channels)
    return padded(where);
  Expr isInside = where[0] < constant(channels);
  where[0] = Halide::min(where[0], constant(channels - 1));
  return Halide::select(isInside, padded(where), Halide::Internal::make_zero(padded.type()));
}

/// The factors that come of the image.
Func writeFactors(const StrassenPlan &plan, const Func &padded) {
  Coordinates at;
  const ConvProblem &p = plan.problem;
  int64_t sides = sidesOf(plan), levels = plan.blocks.levels;
  int64_t step = plan.blockLength * (plan.cutsRows ? p.strideY : p.strideX);
  std::vector<Expr> blocks(static_cast<size_t>(sides * sides));
  for (int64_t row = 0; row < sides; ++row)
    for (int64_t column = 0; column < sides; ++column) {
      std::vector<Expr> where{at.c + constant(column * plan.blocks.blockInputs()), at.x, at.y,
                              at.n};
      Expr &cut = where[plan.cutsRows ? 2 : 1];
      cut = cut + constant(row * step);
      blocks[static_cast<size_t>(ir::blockIndex(levels, row, column))] =
          channelOrZero(plan, padded, where);
    }
  Func factors("factors");
  factors(at.c, at.x, at.y, at.n, at.product) =
      Halide::mux(at.product, ir::leftFactors(plan.blocks.form, levels, std::move(blocks)));
  return factors;
}

/// The blocks of the result, each where it belongs.
Func writeJoined(const StrassenPlan &plan, const Func &products) {
  Coordinates at;
  int64_t sides = sidesOf(plan), levels = plan.blocks.levels;
  int outputs = constant(plan.blocks.blockOutputs()), length = constant(plan.blockLength);
  std::vector<Expr> where{at.c % outputs, at.x, at.y, at.n};
  Expr &cut = where[plan.cutsRows ? 2 : 1];
  Expr row = cut / length, column = at.c / outputs, n = at.n;
  cut = cut % length;
  std::vector<Expr> sums;
  for (int64_t product = 0; product < plan.blocks.products(); ++product) {
    where[3] = n + constant(product * plan.problem.batch);
    sums.push_back(products(where));
  }
  std::vector<Expr> blocks = ir::blocksOf(plan.blocks.form, levels, std::move(sums)), inOrder;
  for (int64_t r = 0; r < sides; ++r)
    for (int64_t c = 0; c < sides; ++c)
      inOrder.push_back(blocks[static_cast<size_t>(ir::blockIndex(levels, r, c))]);
  Func joined("joined");
  joined(at.c, at.x, at.y, at.n) = Halide::mux(row * constant(sides) + column, inOrder);
  return joined;
}

/// All products as one convolution of many images, whose inputs are there as they are read.
ConvProblem productProblem(const StrassenPlan &plan) {
  ConvProblem q = plan.problem;
  q.batch *= plan.blocks.products();
  q.inChannels = plan.blocks.blockInputs();
  q.outChannels = plan.blocks.blockOutputs();
  (plan.cutsRows ? q.outHeight : q.outWidth) = plan.blockLength;
  q.inWidth = q.inputColumns(q.outWidth);
  q.inHeight = q.inputRows(q.outHeight);
  q.padLeft = q.padRight = q.padTop = q.padBottom = 0;
  q.planarInput = false;
  q.computedInput = true;
  return q;
}

} // namespace

StrassenPlan planStrassen(const ConvProblem &problem, ir::BlockProduct form, int64_t levels,
                          const CpuTarget &cpu, std::optional<RegisterTile> tile) {
  StrassenPlan plan{.problem = problem,
                    .blocks = {.form = form,
                               .levels = levels,
                               .outputs = problem.outChannels,
                               .inputs = problem.inChannels,
                               .taps = problem.kernelX * problem.kernelY}};
  int64_t sides = sidesOf(plan);
  // The axis of which less is thrown away behind its end; the longer if in doubt, and then rows.
  auto computed = [&](int64_t extent) {
    return static_cast<double>(ceilDiv(extent, sides) * sides) / static_cast<double>(extent);
  };
  plan.cutsRows = std::pair(computed(problem.outHeight), -problem.outHeight) <=
                  std::pair(computed(problem.outWidth), -problem.outWidth);
  plan.blockLength = ceilDiv(plan.cutsRows ? problem.outHeight : problem.outWidth, sides);
  plan.product = planDirectConv(productProblem(plan), cpu, tile);
  return plan;
}

StrassenStages emitStrassen(const StrassenPlan &plan, const Func &padded,
                            const StrassenWeights &weights) {
  Coordinates at;
  const ConvProblem &p = plan.problem;
  StrassenStages stages;
  stages.factors = writeFactors(plan, padded);
  RDom r(0, constant(plan.blocks.blockInputs()), 0, constant(p.kernelX), 0, constant(p.kernelY),
         "r");
  Expr product = at.n / constant(p.batch);
  stages.acc = Func("acc");
  stages.acc(at.c, at.x, at.y, at.n) = Halide::Internal::make_zero(padded.type());
  stages.acc(at.c, at.x, at.y, at.n) +=
      stages.factors(r.x,
                     at.x * constant(p.strideX) + r.y * constant(p.dilationX) - constant(p.padLeft),
                     at.y * constant(p.strideY) + r.z * constant(p.dilationY) - constant(p.padTop),
                     at.n % constant(p.batch), product) *
      weights(at.c, r.x, r.y, r.z, product);
  stages.products = Func("products");
  stages.products(at.c, at.x, at.y, at.n) = stages.acc(at.c, at.x, at.y, at.n);
  stages.joined = writeJoined(plan, stages.products);
  return stages;
}

void scheduleStrassen(const StrassenPlan &plan, const StrassenStages &stages, Func output) {
  const ConvProblem &p = plan.problem;
  const int lanes = plan.product.cpu.lanes;
  const int outputs = constant(plan.blocks.blockOutputs());
  Var c = output.args()[0], x = output.args()[1], y = output.args()[2];
  Var column("column"), row("row"), task("task"), vector("vector");
  const Var &cut = plan.cutsRows ? y : x;
  int64_t extent = plan.cutsRows ? p.outHeight : p.outWidth;
  output
      .split(c, column, c, outputs,
             p.outChannels % outputs == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate)
      .split(c, c, vector, lanes)
      .split(cut, row, cut, constant(plan.blockLength),
             extent % plan.blockLength == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf)
      .reorder(vector, column, row, c, x, y)
      .fuse(y, output.args()[3], task)
      .vectorize(vector)
      .unroll(column)
      .unroll(row)
      .never_partition_all();
  for (size_t image = 4; image < output.args().size(); ++image)
    output.fuse(task, output.args()[image], task);
  Func products = stages.products, factors = stages.factors;
  scheduleDirectConv(plan.product, Func(), stages.acc, products);
  products.compute_root();

  std::vector<Var> args = factors.args();
  factors.compute_root()
      .bound(args[4], 0, constant(plan.blocks.products()))
      .vectorize(args[0], lanes, TailStrategy::GuardWithIf)
      .reorder(args[4], args[0], args[1], args[2], args[3])
      .unroll(args[4]);
  const ConvProblem &q = plan.product.problem;
  spreadOverSets(factors, args[0], q.inChannels, plan.product.tile.mx,
                 4 * q.inChannels * q.strideX);
  if (plan.product.parallel) {
    output.parallel(task);
    factors.parallel(args[2]);
  }
}

} // namespace quern::codegen
