#include "codegen/halide/schedules/Winograd.h"

#include "codegen/halide/schedules/LinearTransform.h"

namespace quern::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

int constant(int64_t value) { return static_cast<int>(value); }

/// The variables of a stage: (c, t[, block of c], point or position along each axis, q, n).
struct Coordinates {
  Var c{"c"}, tile{"tile"}, block{"cb"}, subgrid{"subgrid"}, n{"n"};
  std::vector<Var> along;

  explicit Coordinates(size_t axes) {
    for (size_t a = 0; a < axes; ++a)
      along.emplace_back("i" + std::to_string(a));
  }
};

std::vector<Var> inputArguments(const Coordinates &at) {
  std::vector<Var> result{at.c, at.tile, at.block};
  result.insert(result.end(), at.along.begin(), at.along.end());
  result.push_back(at.subgrid);
  result.push_back(at.n);
  return result;
}

std::vector<Var> outputArguments(const Coordinates &at) {
  std::vector<Var> result = inputArguments(at);
  result.erase(result.begin() + 2);
  return result;
}

std::vector<Expr> expressions(const std::vector<Var> &vars) { return {vars.begin(), vars.end()}; }

/// The place of tile number `tile` along each axis: tiles are numbered block by block.
std::vector<Expr> tilePlace(const WinogradPlan &plan, Expr tile) {
  std::vector<Expr> inside, result;
  for (int64_t size : plan.tilesPerBlock) {
    inside.push_back(tile % constant(size));
    tile = tile / constant(size);
  }
  for (size_t a = 0; a < plan.blocks.size(); ++a) {
    result.push_back(tile % constant(plan.blocks[a]) * constant(plan.tilesPerBlock[a]) + inside[a]);
    tile = tile / constant(plan.blocks[a]);
  }
  return result;
}

/// The number of the tile at a place.
Expr tileNumber(const WinogradPlan &plan, const std::vector<Expr> &place) {
  Expr result = 0;
  for (size_t a = place.size(); a-- > 0;)
    result = result * constant(plan.blocks[a]) + place[a] / constant(plan.tilesPerBlock[a]);
  for (size_t a = place.size(); a-- > 0;)
    result = result * constant(plan.tilesPerBlock[a]) + place[a] % constant(plan.tilesPerBlock[a]);
  return result;
}

/// The part of `number` that belongs to axis `a`, where axes count up to `counts`, innermost first.
Expr digit(Expr number, const std::vector<int64_t> &counts, size_t a) {
  int64_t below = 1;
  for (size_t b = 0; b < a; ++b)
    below *= counts[b];
  return number / constant(below) % constant(counts[a]);
}

std::vector<int64_t> stridesOf(const WinogradPlan &plan) {
  std::vector<int64_t> result;
  for (const ConvAxis &axis : plan.problem.axes)
    result.push_back(axis.stride);
  return result;
}

std::vector<int64_t> dilationsOf(const WinogradPlan &plan) {
  std::vector<int64_t> result;
  for (const ConvAxis &axis : plan.problem.axes)
    result.push_back(axis.dilation);
  return result;
}

/// The input, cut up: channel c of block cb, which stands for a group, a phase of the strides and a
/// run of channels, at positions of the subgrid that dilated taps visit.
Func cutInput(const WinogradPlan &plan, const Func &padded) {
  const SpatialConv &p = plan.problem;
  Coordinates at(p.axes.size());
  int64_t groupChannels = p.inChannels / p.groups, runs = groupChannels / plan.channelBlock;
  Expr group = at.block / constant(runs * plan.phases);
  Expr phase = at.block / constant(runs) % constant(plan.phases);
  Expr first =
      group * constant(groupChannels) + at.block % constant(runs) * constant(plan.channelBlock);
  std::vector<Expr> where{first + at.c};
  for (size_t a = 0; a < p.axes.size(); ++a) {
    const ConvAxis &axis = p.axes[a];
    Expr fine = at.along[a] * constant(axis.stride) + digit(phase, stridesOf(plan), a);
    where.push_back(fine * constant(axis.dilation) +
                    digit(at.subgrid, dilationsOf(plan), a) * constant(axis.stride) -
                    constant(axis.padLow));
  }
  where.emplace_back(at.n);
  std::vector<Var> arguments = inputArguments(at);
  arguments.erase(arguments.begin() + 1);
  Func cut("cut");
  cut(arguments) = padded(where);
  return cut;
}

/// BT along each axis in turn.
void transformInput(const WinogradPlan &plan, WinogradStages &stages) {
  size_t axes = plan.problem.axes.size();
  Coordinates at(axes);
  std::vector<Expr> place = tilePlace(plan, at.tile);
  for (size_t a = 0; a < axes; ++a) {
    std::vector<Expr> inputs;
    for (int64_t j = 0; j < plan.algorithms[a].inputs; ++j) {
      std::vector<Expr> where = expressions(inputArguments(at));
      where[3 + a] = constant(j);
      if (a > 0) {
        inputs.push_back(stages.inputTransforms.back()(where));
        continue;
      }
      for (size_t b = 0; b < axes; ++b)
        where[3 + b] += place[b] * constant(plan.algorithms[b].outputs);
      where.erase(where.begin() + 1);
      inputs.push_back(stages.cutInput(where));
    }
    Func stage(a + 1 == axes ? "transformed" : "transformed" + std::to_string(a));
    stage(inputArguments(at)) =
        Halide::mux(at.along[a], applyMatrix(plan.algorithms[a].inputTransform, inputs));
    stages.inputTransforms.push_back(stage);
  }
}

/// A matrix product over channels for each point of the transform.
void multiply(const WinogradPlan &plan, const WinogradWeights &weights, WinogradStages &stages) {
  Coordinates at(plan.problem.axes.size());
  int64_t runs = plan.depth / plan.channelBlock;
  RDom r(0, constant(plan.channelBlock), 0, constant(runs), "r");
  Expr group = at.c / constant(plan.problem.outChannels / plan.problem.groups);
  Expr point = 0;
  for (size_t a = at.along.size(); a-- > 0;)
    point = point * constant(plan.algorithms[a].products) + at.along[a];
  std::vector<Expr> where = expressions(inputArguments(at));
  where[0] = r.x;
  where[2] = plan.problem.groups == 1 ? Expr(r.y) : group * constant(runs) + r.y;
  std::vector<Var> arguments = outputArguments(at);
  const int width = constant(plan.panelWidth);
  stages.acc = Func("acc");
  stages.acc(arguments) = 0.0f;
  stages.acc(arguments) +=
      stages.inputTransforms.back()(where) *
      weights(at.c % width, r.y * constant(plan.channelBlock) + r.x, at.c / width, point);
  stages.products = Func("products");
  stages.products(arguments) = stages.acc(expressions(arguments));
}

/// AT along each axis in turn. From the products on, a tile is named by its place along each axis,
/// not by its number, of which the ranges that a loop needs could not be told.
void transformOutput(const WinogradPlan &plan, WinogradStages &stages) {
  size_t axes = plan.problem.axes.size();
  Coordinates at(axes);
  std::vector<Var> image{at.c}, arguments = outputArguments(at), places;
  for (size_t a = 0; a < axes; ++a)
    places.emplace_back("t" + std::to_string(a));
  arguments.erase(arguments.begin() + 1);
  arguments.insert(arguments.end(), places.begin(), places.end());
  // Where the element of the result at (c, x, y.., n) is found.
  std::vector<Expr> found{at.c}, inside, place;
  Expr subgrid = 0;
  for (size_t a = axes; a-- > 0;)
    subgrid = subgrid * constant(plan.problem.axes[a].dilation) +
              at.along[a] % constant(plan.problem.axes[a].dilation);
  for (size_t a = 0; a < axes; ++a) {
    image.push_back(at.along[a]);
    Expr coarse = at.along[a] / constant(plan.problem.axes[a].dilation);
    place.push_back(coarse / constant(plan.algorithms[a].outputs));
    inside.push_back(coarse % constant(plan.algorithms[a].outputs));
  }
  image.push_back(at.n);
  found.insert(found.end(), inside.begin(), inside.end());
  found.push_back(subgrid);
  found.emplace_back(at.n);
  found.insert(found.end(), place.begin(), place.end());

  for (size_t a = 0; a < axes; ++a) {
    bool last = a + 1 == axes;
    std::vector<Expr> inputs;
    for (int64_t k = 0; k < plan.algorithms[a].products; ++k) {
      std::vector<Expr> where = last ? found : expressions(arguments);
      where[1 + a] = constant(k);
      if (a > 0) {
        inputs.push_back(stages.outputTransforms.back()(where));
        continue;
      }
      std::vector<Expr> tile(where.end() - static_cast<std::ptrdiff_t>(axes), where.end());
      where.resize(where.size() - axes);
      where.insert(where.begin() + 1, tileNumber(plan, tile));
      inputs.push_back(stages.products(where));
    }
    std::vector<Expr> rows = applyMatrix(plan.algorithms[a].outputTransform, inputs);
    Expr index = last ? inside[a] : Expr(at.along[a]);
    Func stage(last ? "inverse" : "summed" + std::to_string(a));
    stage(last ? image : arguments) = rows.size() == 1 ? rows[0] : Halide::mux(index, rows);
    if (last)
      stages.inverse = stage;
    else
      stages.outputTransforms.push_back(stage);
  }
}

} // namespace

WinogradStages emitWinograd(const WinogradPlan &plan, Func padded, const WinogradWeights &weights) {
  WinogradStages stages;
  stages.cutInput = cutInput(plan, padded);
  transformInput(plan, stages);
  multiply(plan, weights, stages);
  transformOutput(plan, stages);
  return stages;
}

} // namespace quern::codegen
