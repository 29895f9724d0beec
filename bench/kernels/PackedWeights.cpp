#include "bench/kernels/PackedWeights.h"

#include "ir/conv/TransformFilter.h"

namespace quern::bench {

bool hasWeights(const Layer &layer) {
  return layer.kind == LayerKind::Conv || layer.kind == LayerKind::Depthwise ||
         layer.kind == LayerKind::Linear;
}

std::vector<int64_t> packedExtents(const Layer &layer, const WeightPacking &packing) {
  const auto &p = layer.problem;
  if (layer.kind == LayerKind::Depthwise)
    return {p.outChannels, p.kernelX, p.kernelY};
  if (layer.kind == LayerKind::Linear)
    return {packing.panelWidth, p.inChannels, packing.panels};
  if (packing.winograd)
    return {packing.panelWidth, packing.winograd->depth, packing.panels,
            packing.winograd->products};
  return {packing.panelWidth, p.inChannels, p.kernelX, p.kernelY, packing.panels};
}

namespace {

/// From the logical [O][I][kh][kw] to [products][panels][depth][panelWidth].
void packTransformed(const Layer &layer, const WeightPacking &packing,
                     std::span<const float> logical, std::span<float> packed) {
  const auto &p = layer.problem;
  const auto &plan = *packing.winograd;
  std::vector<double> filter(logical.begin(), logical.end());
  filter =
      quern::ir::phaseFilter(filter, p.outChannels, p.inChannels / p.groups,
                             std::vector{p.kernelY, p.kernelX}, std::vector{p.strideY, p.strideX});
  std::vector taps{(p.kernelY + p.strideY - 1) / p.strideY,
                   (p.kernelX + p.strideX - 1) / p.strideX};
  filter = quern::ir::pieceFilter(
      filter, p.outChannels, p.inChannels / p.groups * p.strideX * p.strideY, taps,
      std::vector{quern::ir::splitForWinograd(plan.algorithms[1].outputs, taps[0]),
                  quern::ir::splitForWinograd(plan.algorithms[0].outputs, taps[1])});
  std::vector axes(plan.algorithms.rbegin(), plan.algorithms.rend());
  filter = quern::ir::transformFilter(filter, p.outChannels, plan.depth, axes);
  size_t at = 0;
  for (int64_t point = 0; point < plan.products; ++point)
    for (int64_t panel = 0; panel < packing.panels; ++panel)
      for (int64_t i = 0; i < plan.depth; ++i)
        for (int64_t o = panel * packing.panelWidth; o < (panel + 1) * packing.panelWidth; ++o) {
          int64_t index = (point * p.outChannels + o) * plan.depth + i;
          packed[at++] =
              o < p.outChannels ? static_cast<float>(filter[static_cast<size_t>(index)]) : 0;
        }
}

} // namespace

void packWeights(const Layer &layer, const WeightPacking &packing, std::span<const float> logical,
                 std::span<float> packed) {
  const auto &p = layer.problem;
  if (packing.winograd)
    return packTransformed(layer, packing, logical, packed);
  bool depthwise = layer.kind == LayerKind::Depthwise;
  int64_t width = depthwise ? p.outChannels : packing.panelWidth,
          panels = depthwise ? 1 : packing.panels;
  int64_t channels = p.inChannels / p.groups;
  size_t at = 0;
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t ky = 0; ky < p.kernelY; ++ky)
      for (int64_t kx = 0; kx < p.kernelX; ++kx)
        for (int64_t i = 0; i < channels; ++i)
          for (int64_t o = panel * width; o < (panel + 1) * width; ++o) {
            int64_t index = ((o * channels + i) * p.kernelY + ky) * p.kernelX + kx;
            packed[at++] = o < p.outChannels ? logical[static_cast<size_t>(index)] : 0;
          }
}

} // namespace quern::bench
