// A comparison of convolutions as a page for the browser.
#pragma once

#include "tools/quern/conv/Claims.h"

namespace quern::tools {

/// One HTML document that needs no network and no script: plots as inline SVG, all figures in
/// tables, in the reader's choice of light and dark.
std::string pageHtml(const ConvSetting &setting, const std::vector<ConvLayer> &layers,
                     const std::vector<Claim> &claims);

} // namespace quern::tools
