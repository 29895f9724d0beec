#include "bench/kernels/Layer.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace quern::bench {

namespace {

template <typename T> T choose(const std::map<std::string, T> &names, const std::string &name) {
  auto found = names.find(name);
  if (found == names.end())
    throw std::runtime_error(fmt::format("unknown word '{}'", name));
  return found->second;
}

/// `winograd=M`: F(M x M, ...); `block=XxY`: tiles of a block; `whole=0|1`: when products are made.
bool parseWinogradFlag(const std::string &flag, Layer &layer) {
  int a = 0, b = 0;
  if (std::sscanf(flag.c_str(), "winograd=%d", &a) == 1)
    layer.winograd = a;
  else if (std::sscanf(flag.c_str(), "block=%dx%d", &a, &b) == 2)
    layer.knobs.tilesPerBlock = {a, b};
  else if (std::sscanf(flag.c_str(), "whole=%d", &a) == 1)
    layer.knobs.wholeProducts = a != 0;
  else
    return false;
  return true;
}

Layer parseLayer(const std::string &line) {
  Layer layer;
  layer.text = line;
  std::istringstream in(line);
  std::string kind, activation, flag;
  int64_t size = 0, kernel = 0, stride = 0, low = 0, high = 0;
  codegen::ConvProblem &p = layer.problem;
  in >> kind >> p.batch >> p.inChannels >> p.outChannels >> size >> kernel >> stride >> low >>
      high >> activation;
  if (!in)
    throw std::runtime_error("too few fields");
  layer.kind = choose<LayerKind>({{"conv", LayerKind::Conv},
                                  {"depthwise", LayerKind::Depthwise},
                                  {"maxpool", LayerKind::MaxPool},
                                  {"meanpool", LayerKind::MeanPool},
                                  {"linear", LayerKind::Linear}},
                                 kind);
  layer.activation = choose<Activation>(
      {{"none", Activation::None}, {"relu", Activation::Relu}, {"relu6", Activation::Relu6}},
      activation);
  p.inWidth = p.inHeight = size;
  p.kernelX = p.kernelY = kernel;
  p.strideX = p.strideY = stride;
  p.padLeft = p.padTop = low;
  p.padRight = p.padBottom = high;
  p.outWidth = p.outHeight = (size + low + high - kernel) / stride + 1;
  if (layer.kind == LayerKind::Depthwise)
    p.groups = p.inChannels;
  while (in >> flag) {
    if (flag == "residual")
      layer.residual = true;
    else if (flag == "planar")
      p.planarInput = true;
    else if (codegen::RegisterTile tile;
             std::sscanf(flag.c_str(), "tile=%dx%dx%d", &tile.my, &tile.mx, &tile.nv) == 3)
      layer.tile = layer.knobs.tile = tile;
    else if (!parseWinogradFlag(flag, layer))
      throw std::runtime_error(fmt::format("unknown flag '{}'", flag));
  }
  // A pointwise convolution is a matrix product over all pixels.
  if (layer.kind == LayerKind::Conv && p.isPointwise() && stride == 1 && !p.isPadded()) {
    p.inWidth = p.outWidth = size * size;
    p.inHeight = p.outHeight = 1;
  }
  return layer;
}

} // namespace

std::vector<int64_t> Layer::inputExtents() const {
  const auto &p = problem;
  if (p.planarInput)
    return {p.inWidth, p.inHeight, p.inChannels, p.batch};
  return {p.inChannels, p.inWidth, p.inHeight, p.batch};
}

std::vector<int64_t> Layer::outputExtents() const {
  const auto &p = problem;
  return {p.outChannels, p.outWidth, p.outHeight, p.batch};
}

std::vector<Layer> readLayers(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error(fmt::format("{}: cannot be read", path));
  std::vector<Layer> layers;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line = line.substr(0, line.find('#'));
    while (!line.empty() && line.back() == ' ')
      line.pop_back();
    if (line.empty())
      continue;
    try {
      layers.push_back(parseLayer(line));
    } catch (const std::runtime_error &error) {
      throw std::runtime_error(fmt::format("{}:{}: {}", path, number, error.what()));
    }
  }
  return layers;
}

} // namespace quern::bench
