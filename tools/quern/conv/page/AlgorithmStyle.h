// How the page tells algorithms apart: by a colour and a shape each, and by switches that hide
// them.
#pragma once

#include "ir/Quern.h"

#include <string>
#include <vector>

namespace quern::tools {

/// The class of the style sheet that colours an algorithm's shapes: "algorithm2".
std::string colourOf(ir::ConvAlgorithm algorithm);

/// The class of what else is about an algorithm, names and rows, which hides with its shapes:
/// "of2".
std::string partOf(ir::ConvAlgorithm algorithm);

/// The outline of its marks: an SVG path about the origin.
const char *markOf(ir::ConvAlgorithm algorithm);

/// The rules of the style sheet.
std::string algorithmRules();

/// A switch for each of them.
std::string legendHtml(const std::vector<ir::ConvAlgorithm> &algorithms);

} // namespace quern::tools
