// What is said of fast convolutions, with what this machine says.
#pragma once

#include "tools/quern/conv/ConvJson.h"

namespace quern::tools {

struct Claim {
  std::string statement;
  std::vector<std::string> findings{}; ///< a sentence each
  Json numbers{};
};

/// The classic claims: Winograd's gain (Lavin and Gray, 2016), im2col's memory, three stacked 3x3
/// against one 7x7 (Simonyan and Zisserman, 2014), bottlenecks (He et al., 2016), 1x3 and 3x1
/// (Szegedy et al., 2016), and the filter size at which Fourier transforms pay. Takes the layers'
/// figures and measures what it needs besides; products are those counted in compiled loops.
std::vector<Claim> measureClaims(const ConvSetting &setting, const std::vector<ConvLayer> &layers,
                                 ConvLab &lab);

std::string claimsText(const std::vector<Claim> &claims);
Json toJson(const std::vector<Claim> &claims);

} // namespace quern::tools
