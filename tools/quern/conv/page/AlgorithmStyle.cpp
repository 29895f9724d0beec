#include "tools/quern/conv/page/AlgorithmStyle.h"

#include "passes/conv/ConvAlgorithm.h"

#include <fmt/format.h>

#include <array>

namespace quern::tools {
namespace {

/// On white and on black. Any two are told apart by eyes of two kinds of cones as well, which
/// tests/cli/inputs/conv_colours.py checks.
struct Colour {
  const char *light, *dark;
};
constexpr std::array<Colour, 8> colours{{{"#30343b", "#d5d9df"},
                                         {"#ed9e41", "#eab841"},
                                         {"#804301", "#eb6c22"},
                                         {"#5f71ea", "#4b68fa"},
                                         {"#55b7b0", "#03b397"},
                                         {"#eb4845", "#c71a3f"},
                                         {"#a85098", "#9751a9"},
                                         {"#561eb9", "#b29afc"}}};

constexpr std::array<const char *, colours.size()> marks{
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",                        // circle
    "M-3.6,-3.6h7.2v7.2h-7.2z",                                   // square
    "M0,-5.2L5.2,0L0,5.2L-5.2,0z",                                // diamond
    "M0,-5L4.8,3.6H-4.8z",                                        // up
    "M0,5L4.8,-3.6H-4.8z",                                        // down
    "M-1.6,-5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z", // plus
    "M-5,-2.8L-2.8,-5L0,-2.2L2.8,-5L5,-2.8L2.2,0L5,2.8L2.8,5L0,2.2L-2.8,5L-5,2.8L-2.2,0z", // cross
    "M-5.5,-1.8h11v3.6h-11z"};                                                             // bar

size_t numberOf(ir::ConvAlgorithm algorithm) { return static_cast<size_t>(algorithm); }

/// The variables --a0, --a1, … of one scheme.
std::string variables(const char *Colour::*scheme) {
  std::string text;
  for (size_t number = 0; number < colours.size(); ++number)
    text += fmt::format("--a{}: {}; ", number, colours[number].*scheme);
  return text;
}

} // namespace

std::string colourOf(ir::ConvAlgorithm algorithm) {
  return fmt::format("algorithm{}", numberOf(algorithm));
}

std::string partOf(ir::ConvAlgorithm algorithm) { return fmt::format("of{}", numberOf(algorithm)); }

const char *markOf(ir::ConvAlgorithm algorithm) { return marks.at(numberOf(algorithm)); }

std::string algorithmRules() {
  std::string rules =
      fmt::format(":root {{ {}}}\n@media (prefers-color-scheme: dark) {{ :root {{ {}}} }}\n",
                  variables(&Colour::light), variables(&Colour::dark));
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms())
    rules += fmt::format(
        "svg .algorithm{0} {{ fill: var(--a{0}); }} svg .curve.algorithm{0} {{ fill: none; stroke: "
        "var(--a{0}); }} body:has(#show{0}:not(:checked)) :is(.scroll .algorithm{0}, .of{0}) {{ "
        "display: none; }}\n",
        numberOf(algorithm->kind()));
  return rules;
}

std::string legendHtml(const std::vector<ir::ConvAlgorithm> &algorithms) {
  std::string text = "<p class=\"legend\">";
  for (ir::ConvAlgorithm kind : algorithms)
    text += fmt::format("<label><input type=\"checkbox\" id=\"show{}\" checked><svg viewBox=\"-6 "
                        "-6 12 12\"><path d=\"{}\" class=\"{}\"/></svg> {}</label>",
                        numberOf(kind), markOf(kind), colourOf(kind),
                        ir::stringifyConvAlgorithm(kind).str());
  return text + "</p>\n";
}

} // namespace quern::tools
