// Tables of convolutions that papers measure, and what they claim.
#pragma once

#include "tools/quern/conv/ConvReport.h"

namespace quern::tools {

/// The layers of a known table; empty where there is none of that name. "vgg": the nine distinct
/// convolutions of VGG-E, conv1.1 to conv5 (Lavin and Gray, Fast algorithms for convolutional
/// neural networks, 2016, table 6; Simonyan and Zisserman, 2014).
std::vector<ConvLayer> sweepLayers(const std::string &name, int64_t batch);

/// The classic claims, with numbers of this machine next to them: measures what they need besides
/// the layers.
std::string claimsText(const ConvSetting &setting, const std::vector<ConvLayer> &layers,
                       ConvLab &lab);

} // namespace quern::tools
