// The plots of a comparison of convolutions.
#pragma once

#include "tools/quern/conv/ConvLayer.h"

namespace quern::tools {

/// For each layer a bar for each algorithm, by its fastest variant within the budget on errors: as
/// long as it is fast, beside the fastest of the layer.
std::string speedPlot(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

/// Each record of each layer by its time, in times of the layer's fastest where there are several,
/// and its largest error.
std::string errorPlot(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

/// Time over the extent that differs between the layers, a curve for each algorithm; a plot for
/// each choice of the other extents that differ. Empty where nothing differs, or all does.
std::string crossoverPlots(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

} // namespace quern::tools
