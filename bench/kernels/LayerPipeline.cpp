#include "bench/kernels/LayerPipeline.h"

#include "codegen/halide/schedules/Buffers.h"
#include "codegen/halide/schedules/DirectConv.h"
#include "codegen/halide/schedules/Gemm.h"
#include "codegen/halide/schedules/GroupedConv.h"
#include "codegen/halide/schedules/Pooling.h"
#include "codegen/halide/schedules/Reduction.h"
#include "codegen/halide/schedules/Winograd.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

namespace quern::bench {

namespace {

using namespace Halide;
using codegen::ConvProblem;
using codegen::CpuTarget;

const Var c("c"), x("x"), y("y"), n("n");

ImageParam operand(const std::string &name, const std::vector<int64_t> &extents) {
  ImageParam param(Float(32), static_cast<int>(extents.size()), name);
  codegen::pinDense(param, extents);
  return param;
}

/// The input in (c, x, y, n), `outside` beyond its edges.
Func paddedInput(const Layer &layer, const ImageParam &input, float outside) {
  const ConvProblem &p = layer.problem;
  Func logical("logical"), padded("padded");
  logical(c, x, y, n) = p.planarInput ? input(x, y, c, n) : input(c, x, y, n);
  if (p.isPadded() || layer.winograd > 0)
    padded(c, x, y, n) = BoundaryConditions::constant_exterior(logical, outside,
                                                               {{Expr(), Expr()},
                                                                {0, static_cast<int>(p.inWidth)},
                                                                {0, static_cast<int>(p.inHeight)},
                                                                {Expr(), Expr()}})(c, x, y, n);
  else
    padded(c, x, y, n) = logical(c, x, y, n);
  return padded;
}

Expr activate(const Layer &layer, Expr value) {
  if (layer.activation == Activation::Relu)
    return max(value, 0.0f);
  if (layer.activation == Activation::Relu6)
    return clamp(value, 0.0f, 6.0f);
  return value;
}

/// Bias, residual and activation, with the operands that they need appended to the arguments.
Expr epilogue(const Layer &layer, Expr value, LayerPipeline &pipeline) {
  ImageParam bias = operand("bias", {layer.problem.outChannels});
  pipeline.arguments.push_back(bias);
  value += bias(c);
  if (layer.residual) {
    ImageParam residual = operand("residual", layer.outputExtents());
    pipeline.arguments.push_back(residual);
    value += residual(c, x, y, n);
  }
  return activate(layer, value);
}

Expr column(const ConvProblem &p, const RVar &r) {
  return x * static_cast<int>(p.strideX) + r - static_cast<int>(p.padLeft);
}

Expr row(const ConvProblem &p, const RVar &r) {
  return y * static_cast<int>(p.strideY) + r - static_cast<int>(p.padTop);
}

void buildConv(const Layer &layer, const CpuTarget &cpu, const ImageParam &input,
               LayerPipeline &pipeline) {
  const ConvProblem &p = layer.problem;
  auto plan = codegen::planDirectConv(p, cpu, layer.tile);
  const int width = static_cast<int>(plan.panelWidth);
  ImageParam weights =
      operand("weights", {plan.panelWidth, p.inChannels, p.kernelX, p.kernelY, plan.panels});
  pipeline.arguments.push_back(weights);
  pipeline.packing = {plan.panelWidth, plan.panels};
  Func padded = paddedInput(layer, input, 0), acc("acc");
  RDom r(0, static_cast<int>(p.inChannels), 0, static_cast<int>(p.kernelX), 0,
         static_cast<int>(p.kernelY));
  acc(c, x, y, n) = 0.0f;
  acc(c, x, y, n) +=
      padded(r.x, column(p, r.y), row(p, r.z), n) * weights(c % width, r.x, r.y, r.z, c / width);
  pipeline.output(c, x, y, n) = epilogue(layer, acc(c, x, y, n), pipeline);
  codegen::scheduleDirectConv(plan, padded, acc, pipeline.output);
  const char *where[] = {"inline", "strip", "root"};
  pipeline.note =
      fmt::format("{}x{}x{} {} strip {}x{} panels {}/{}{}", plan.tile.my, plan.tile.mx,
                  plan.tile.nv, where[static_cast<int>(plan.paddedInput)], plan.stripRows,
                  plan.stripColumns, plan.panelsPerTask, plan.panels, plan.parallel ? " par" : "");
}

codegen::SpatialConv bilinearProblem(const ConvProblem &p) {
  return {.batch = p.batch,
          .inChannels = p.inChannels,
          .outChannels = p.outChannels,
          .groups = p.groups,
          .axes = {{.in = p.inWidth,
                    .out = p.outWidth,
                    .kernel = p.kernelX,
                    .stride = p.strideX,
                    .dilation = p.dilationX,
                    .padLow = p.padLeft,
                    .padHigh = p.padRight},
                   {.in = p.inHeight,
                    .out = p.outHeight,
                    .kernel = p.kernelY,
                    .stride = p.strideY,
                    .dilation = p.dilationY,
                    .padLow = p.padTop,
                    .padHigh = p.padBottom}}};
}

void buildWinograd(const Layer &layer, const CpuTarget &cpu, const ImageParam &input,
                   LayerPipeline &pipeline) {
  auto problem = bilinearProblem(layer.problem);
  std::vector<int64_t> outputs(2, layer.winograd);
  if (std::string why = codegen::whyNotWinograd(problem, outputs); !why.empty())
    throw std::runtime_error(layer.text + ": " + why);
  auto plan = codegen::planWinograd(problem, outputs, cpu, layer.knobs);
  ImageParam weights =
      operand("weights", {plan.panelWidth, plan.depth, plan.panels, plan.products});
  pipeline.arguments.push_back(weights);
  pipeline.packing = {plan.panelWidth, plan.panels, plan};
  auto stages =
      codegen::emitWinograd(plan, paddedInput(layer, input, 0),
                            [=](const Expr &i, const Expr &k, const Expr &panel,
                                const Expr &point) { return weights(i, k, panel, point); });
  pipeline.output(c, x, y, n) = epilogue(layer, stages.inverse(c, x, y, n), pipeline);
  codegen::scheduleWinograd(plan, stages, pipeline.output);
  const char *loops = plan.parallelBlocks ? " par" : plan.parallel ? " within" : "";
  pipeline.note = fmt::format(
      "F({}) {}x{} block {}x{} of {}x{} {}{} {} KB", layer.winograd, plan.tile.mx, plan.tile.nv,
      plan.tilesPerBlock[0], plan.tilesPerBlock[1], plan.tiles[0], plan.tiles[1],
      plan.wholeProducts ? "whole" : "panels", loops, plan.workspaceBytes(1) / 1024);
}

void buildLinear(const Layer &layer, const CpuTarget &cpu, const ImageParam &input,
                 LayerPipeline &pipeline) {
  const ConvProblem &p = layer.problem;
  auto plan = codegen::planGemm({.rows = p.batch, .columns = p.outChannels, .depth = p.inChannels},
                                cpu, layer.tile);
  const int width = static_cast<int>(plan.panelWidth);
  ImageParam weights = operand("weights", {plan.panelWidth, p.inChannels, plan.panels});
  pipeline.arguments.push_back(weights);
  pipeline.packing = {plan.panelWidth, plan.panels};
  Func acc("acc");
  RDom r(0, static_cast<int>(p.inChannels));
  acc(c, n, x, y) = 0.0f;
  acc(c, n, x, y) += input(r, x, y, n) * weights(c % width, r, c / width);
  Expr value = epilogue(layer, acc(c, n, x, y), pipeline);
  pipeline.output(c, n, x, y) = value;
  codegen::scheduleGemm(plan, Func(), acc, pipeline.output);
  pipeline.note =
      fmt::format("{}x{} rows {} panels {}/{}{}", plan.tile.mx, plan.tile.nv, plan.rowsPerTask,
                  plan.panelsPerTask, plan.panels, plan.parallel ? " par" : "");
}

void buildDepthwise(const Layer &layer, const CpuTarget &cpu, const ImageParam &input,
                    LayerPipeline &pipeline) {
  const ConvProblem &p = layer.problem;
  ImageParam weights = operand("weights", {p.outChannels, p.kernelX, p.kernelY});
  pipeline.arguments.push_back(weights);
  Func padded = paddedInput(layer, input, 0), acc("acc");
  RDom r(0, static_cast<int>(p.kernelX), 0, static_cast<int>(p.kernelY));
  acc(c, x, y, n) = 0.0f;
  acc(c, x, y, n) += padded(c, column(p, r.x), row(p, r.y), n) * weights(c, r.x, r.y);
  pipeline.output(c, x, y, n) = epilogue(layer, acc(c, x, y, n), pipeline);
  codegen::scheduleDepthwiseConv(p, cpu, padded, acc, pipeline.output);
}

void buildMaxPool(const Layer &layer, const CpuTarget &cpu, const ImageParam &input,
                  LayerPipeline &pipeline) {
  const ConvProblem &p = layer.problem;
  float lowest = std::numeric_limits<float>::lowest();
  Func padded = paddedInput(layer, input, lowest), acc("acc");
  RDom r(0, static_cast<int>(p.kernelX), 0, static_cast<int>(p.kernelY));
  acc(c, x, y, n) = lowest;
  acc(c, x, y, n) = max(acc(c, x, y, n), padded(c, column(p, r.x), row(p, r.y), n));
  pipeline.output(c, x, y, n) = activate(layer, acc(c, x, y, n));
  codegen::schedulePooling(p, cpu, padded, acc, pipeline.output);
}

void buildMeanPool(const Layer &layer, const CpuTarget &cpu, const ImageParam &input,
                   LayerPipeline &pipeline) {
  const ConvProblem &p = layer.problem;
  Func acc("acc");
  RDom r(0, static_cast<int>(p.inWidth), 0, static_cast<int>(p.inHeight));
  acc(c, n) = 0.0f;
  acc(c, n) += input(c, r.x, r.y, n);
  pipeline.output(c, n) =
      activate(layer, acc(c, n) * (1.0f / static_cast<float>(p.inWidth * p.inHeight)));
  codegen::scheduleReduction(
      {.outExtents = {p.outChannels, p.batch}, .reduceExtents = {p.inWidth, p.inHeight}}, cpu, acc,
      pipeline.output);
}

} // namespace

LayerPipeline buildLayer(const Layer &layer, const CpuTarget &cpu) {
  LayerPipeline pipeline;
  pipeline.output = Func("output");
  ImageParam input = operand("input", layer.inputExtents());
  pipeline.arguments.push_back(input);
  switch (layer.kind) {
  case LayerKind::Conv:
    if (layer.winograd > 0)
      buildWinograd(layer, cpu, input, pipeline);
    else
      buildConv(layer, cpu, input, pipeline);
    break;
  case LayerKind::Depthwise:
    buildDepthwise(layer, cpu, input, pipeline);
    break;
  case LayerKind::MaxPool:
    buildMaxPool(layer, cpu, input, pipeline);
    break;
  case LayerKind::MeanPool:
    buildMeanPool(layer, cpu, input, pipeline);
    break;
  case LayerKind::Linear:
    buildLinear(layer, cpu, input, pipeline);
    break;
  }
  std::vector<int64_t> extents = layer.outputExtents();
  if (layer.kind == LayerKind::MeanPool)
    extents = {layer.problem.outChannels, layer.problem.batch};
  if (layer.kind == LayerKind::Linear)
    extents = {layer.problem.outChannels, layer.problem.batch, 1, 1};
  codegen::pinDense(pipeline.output.output_buffer(), extents);
  return pipeline;
}

} // namespace quern::bench
