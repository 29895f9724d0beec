#include "codegen/halide/schedules/Winograd.h"

#include "codegen/halide/schedules/LinearTransform.h"

namespace quern::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

int constant(int64_t value) { return static_cast<int>(value); }

/// The variables of the stages: channel c of block cb; tile `tile` of the block of tiles `blocks`;
/// point or position `along` each axis.
struct Coordinates {
  Var c{"c"}, tile{"tile"}, channels{"cb"}, subgrid{"subgrid"}, n{"n"};
  std::vector<Var> along, blocks, places;

  explicit Coordinates(size_t axes) {
    for (size_t a = 0; a < axes; ++a) {
      along.emplace_back("i" + std::to_string(a));
      blocks.emplace_back("b" + std::to_string(a));
      places.emplace_back("t" + std::to_string(a));
    }
  }
};

template <typename T> void append(std::vector<T> &to, const std::vector<T> &from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// (c, along.., cb, subgrid, n), of the input cut up.
template <typename T>
std::vector<T> cutArguments(const T &c, const std::vector<T> &along, const T &channels,
                            const T &subgrid, const T &n) {
  std::vector<T> result{c};
  append(result, along);
  append(result, {channels, subgrid, n});
  return result;
}

/// (c, along.., tile, cb, blocks.., subgrid, n), of the transformed input.
std::vector<Var> inputArguments(const Coordinates &at) {
  std::vector<Var> result{at.c};
  append(result, at.along);
  append(result, {at.tile, at.channels});
  append(result, at.blocks);
  append(result, {at.subgrid, at.n});
  return result;
}

/// The same without cb, of the products.
std::vector<Var> productArguments(const Coordinates &at) {
  std::vector<Var> result = inputArguments(at);
  result.erase(result.begin() + 2 + static_cast<std::ptrdiff_t>(at.along.size()));
  return result;
}

std::vector<Expr> expressions(const std::vector<Var> &vars) { return {vars.begin(), vars.end()}; }

/// The place of a block's tile along each axis.
std::vector<Expr> tilePlace(const WinogradPlan &plan, const Coordinates &at) {
  std::vector<Expr> result;
  Expr rest = at.tile;
  for (size_t a = 0; a < plan.blocks.size(); ++a) {
    int size = constant(plan.tilesPerBlock[a]);
    // No remainder along the last axis: bounds are told more sharply without.
    Expr inside = a + 1 == plan.blocks.size() ? rest : rest % size;
    result.push_back(at.blocks[a] * size + inside);
    rest = rest / size;
  }
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

/// The input, cut up: channel c of block cb, which stands for a group (or for as many groups of one
/// channel as a block holds), a piece of the filter, a phase of the strides and a run of channels,
/// at positions of the subgrid that dilated taps visit.
Func cutInput(const WinogradPlan &plan, const Func &padded) {
  const SpatialConv &p = plan.problem;
  Coordinates at(p.axes.size());
  int64_t groupChannels = p.inChannels / p.groups, parts = plan.depth / groupChannels;
  if (!plan.mixesChannels())
    groupChannels = plan.channelBlock;
  int64_t runs = groupChannels / plan.channelBlock;
  Expr group = at.channels / constant(runs * parts);
  Expr part = at.channels / constant(runs) % constant(parts);
  Expr phase = part % constant(plan.phases), piece = part / constant(plan.phases);
  Expr first =
      group * constant(groupChannels) + at.channels % constant(runs) * constant(plan.channelBlock);
  std::vector<Expr> where{first + at.c};
  for (size_t a = 0; a < p.axes.size(); ++a) {
    const ConvAxis &axis = p.axes[a];
    Expr coarse = at.along[a] + digit(piece, plan.pieces, a) * constant(plan.algorithms[a].taps);
    Expr fine = coarse * constant(axis.stride) + digit(phase, stridesOf(plan), a);
    where.push_back(fine * constant(axis.dilation) +
                    digit(at.subgrid, dilationsOf(plan), a) * constant(axis.stride) -
                    constant(axis.padLow));
  }
  where.emplace_back(at.n);
  Func cut("cut");
  cut(cutArguments(at.c, at.along, at.channels, at.subgrid, at.n)) = padded(where);
  return cut;
}

/// BT along each axis in turn.
void transformInput(const WinogradPlan &plan, WinogradStages &stages) {
  size_t axes = plan.problem.axes.size();
  Coordinates at(axes);
  std::vector<Expr> place = tilePlace(plan, at), origin;
  for (size_t a = 0; a < axes; ++a)
    origin.push_back(place[a] * constant(plan.algorithms[a].outputs));
  for (size_t a = 0; a < axes; ++a) {
    std::vector<Expr> inputs;
    for (int64_t j = 0; j < plan.algorithms[a].inputs; ++j) {
      std::vector<Expr> where = expressions(inputArguments(at));
      where[1 + a] = constant(j);
      if (a > 0) {
        inputs.push_back(stages.inputTransforms.back()(where));
        continue;
      }
      std::vector<Expr> positions;
      for (size_t b = 0; b < axes; ++b)
        positions.push_back(origin[b] + where[1 + b]);
      inputs.push_back(
          stages.cutInput(cutArguments<Expr>(at.c, positions, at.channels, at.subgrid, at.n)));
    }
    Func stage(a + 1 == axes ? "transformed" : "transformed" + std::to_string(a));
    stage(inputArguments(at)) =
        Halide::mux(at.along[a], applyMatrices(plan.algorithms[a].inputTransform, inputs));
    stages.inputTransforms.push_back(stage);
  }
}

/// A matrix product over channels for each point of the transform.
void multiply(const WinogradPlan &plan, const WinogradWeights &weights, WinogradStages &stages) {
  Coordinates at(plan.problem.axes.size());
  const SpatialConv &p = plan.problem;
  int64_t block = plan.mixesChannels() ? plan.channelBlock : 1, runs = plan.depth / block;
  RDom r(0, constant(block), 0, constant(runs), "r");
  Expr group = at.c / constant(p.outChannels / p.groups);
  if (p.outChannels % plan.panelWidth != 0) // the last panel reaches beyond the last group
    group = Halide::min(group, constant(p.groups - 1));
  Expr point = 0;
  for (size_t a = at.along.size(); a-- > 0;)
    point = point * constant(plan.algorithms[a].products) + at.along[a];
  std::vector<Expr> where = expressions(inputArguments(at));
  Expr &channel = where[0], &channels = where[2 + at.along.size()];
  channel = r.x;
  channels = r.y;
  if (!plan.mixesChannels()) {
    channel = group % constant(plan.channelBlock);
    channels = group / constant(plan.channelBlock) * constant(runs) + r.y;
  } else if (p.groups > 1) {
    channels = group * constant(runs) + r.y;
  }
  std::vector<Var> arguments = productArguments(at);
  const int width = constant(plan.panelWidth);
  stages.acc = Func("acc");
  stages.acc(arguments) = Halide::Internal::make_zero(stages.cutInput.type());
  stages.acc(arguments) += stages.inputTransforms.back()(where) *
                           weights(at.c % width, r.y * constant(block) + r.x, at.c / width, point);
  stages.products = Func("products");
  stages.products(arguments) = stages.acc(expressions(arguments));
}

/// The coordinates of a product from (c, along.., places.., subgrid, n).
std::vector<Expr> productAt(const WinogradPlan &plan, const std::vector<Expr> &at) {
  size_t axes = plan.blocks.size();
  std::vector<Expr> result(at.begin(), at.begin() + 1 + static_cast<std::ptrdiff_t>(axes));
  Expr tile = 0;
  for (size_t a = axes; a-- > 0;)
    tile =
        tile * constant(plan.tilesPerBlock[a]) + at[1 + axes + a] % constant(plan.tilesPerBlock[a]);
  result.push_back(tile);
  for (size_t a = 0; a < axes; ++a)
    result.push_back(at[1 + axes + a] / constant(plan.tilesPerBlock[a]));
  result.insert(result.end(), at.end() - 2, at.end());
  return result;
}

/// AT along each axis in turn. Between the products and the result a tile is named by its place
/// along each axis: (c, along.., places.., subgrid, n).
void transformOutput(const WinogradPlan &plan, WinogradStages &stages) {
  size_t axes = plan.problem.axes.size();
  Coordinates at(axes);
  auto arguments = [](const auto &c, const auto &along, const auto &places, const auto &subgrid,
                      const auto &n) {
    std::vector<std::decay_t<decltype(c)>> result{c};
    append(result, along);
    append(result, places);
    append(result, {subgrid, n});
    return result;
  };
  // Where the element of the result at (c, x, y.., n) is found.
  std::vector<Expr> inside, place;
  Expr subgrid = 0;
  for (size_t a = axes; a-- > 0;)
    subgrid = subgrid * constant(plan.problem.axes[a].dilation) +
              at.along[a] % constant(plan.problem.axes[a].dilation);
  for (size_t a = 0; a < axes; ++a) {
    Expr coarse = at.along[a] / constant(plan.problem.axes[a].dilation);
    place.push_back(coarse / constant(plan.algorithms[a].outputs));
    inside.push_back(coarse % constant(plan.algorithms[a].outputs));
  }
  std::vector<Var> image{at.c}, summed = arguments(at.c, at.along, at.places, at.subgrid, at.n);
  append(image, at.along);
  image.push_back(at.n);

  for (size_t a = 0; a < axes; ++a) {
    bool last = a + 1 == axes;
    std::vector<Expr> from =
        last ? arguments(Expr(at.c), inside, place, subgrid, Expr(at.n)) : expressions(summed);
    std::vector<Expr> inputs;
    for (int64_t k = 0; k < plan.algorithms[a].products; ++k) {
      from[1 + a] = constant(k);
      inputs.push_back(a == 0 ? stages.products(productAt(plan, from))
                              : stages.outputTransforms.back()(from));
    }
    std::vector<Expr> rows = applyMatrices(plan.algorithms[a].outputTransform, inputs);
    Expr index = last ? inside[a] : Expr(at.along[a]);
    Func stage(last ? "inverse" : "summed" + std::to_string(a));
    stage(last ? image : summed) = rows.size() == 1 ? rows[0] : Halide::mux(index, rows);
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
