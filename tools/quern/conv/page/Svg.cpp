#include "tools/quern/conv/page/Svg.h"

#include <fmt/format.h>

namespace quern::tools {
namespace {

std::string tooltip(std::string_view tip) {
  return tip.empty() ? "" : fmt::format("<title>{}</title>", escaped(tip));
}

} // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (char c : text)
    switch (c) {
    case '&':
      safe += "&amp;";
      break;
    case '<':
      safe += "&lt;";
      break;
    case '>':
      safe += "&gt;";
      break;
    case '"':
      safe += "&quot;";
      break;
    default:
      safe += c;
    }
  return safe;
}

Svg::Svg(double width, double height, std::string_view title)
    : content(fmt::format("<div class=\"scroll\"><svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
                          "aria-label=\"{}\">\n",
                          width, height, escaped(title))) {}

void Svg::bar(Point corner, double width, double height, std::string_view style,
              std::string_view tip) {
  content += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                         "rx=\"2\" class=\"{}\">{}</rect>\n",
                         corner.x, corner.y, width, height, style, tooltip(tip));
}

void Svg::line(Point from, Point to, std::string_view style) {
  content +=
      fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n",
                  from.x, from.y, to.x, to.y, style);
}

void Svg::path(const std::vector<Point> &points, std::string_view style) {
  std::string list;
  for (const Point &point : points)
    list += fmt::format("{:.1f},{:.1f} ", point.x, point.y);
  content += fmt::format("<polyline points=\"{}\" class=\"{}\"/>\n", list, style);
}

void Svg::mark(Point centre, std::string_view outline, std::string_view style,
               std::string_view tip) {
  content +=
      fmt::format("<path d=\"{}\" transform=\"translate({:.1f},{:.1f})\" class=\"mark {}\">{}"
                  "</path>\n",
                  outline, centre.x, centre.y, style, tooltip(tip));
}

void Svg::text(Point at, std::string_view words, Anchor anchor, std::string_view style) {
  constexpr const char *anchors[] = {"start", "middle", "end"};
  content +=
      fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
                  at.x, at.y, anchors[static_cast<size_t>(anchor)], style, escaped(words));
}

} // namespace quern::tools
