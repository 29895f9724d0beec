// Tables of convolutions that papers measure.
#pragma once

#include "tools/quern/conv/ConvLayer.h"

namespace quern::tools {

/// The layers of a known table; empty where there is none of that name. "vgg": the nine distinct
/// convolutions of VGG-E, conv1.1 to conv5 (Lavin and Gray, Fast algorithms for convolutional
/// neural networks, 2016, table 6; Simonyan and Zisserman, 2014).
std::vector<ConvLayer> sweepLayers(const std::string &name, int64_t batch,
                                   passes::ConvElement element);

/// A square image and a filter that keep the image's size.
passes::ConvShape sameConv(int64_t batch, int64_t in, int64_t out, int64_t size, int64_t kernelY,
                           int64_t kernelX);

} // namespace quern::tools
