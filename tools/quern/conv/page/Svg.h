// Drawings in SVG, as text: shapes that take their colours from the page's style sheet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern::tools {

/// Text that HTML and SVG show as it is.
std::string escaped(std::string_view text);

struct Point {
  double x = 0, y = 0;
};

enum class Anchor { start, middle, end };

/// A drawing of so many units, which fills the width that the page has for it. `style` is a class
/// of the page's style sheet; a `tip` shows when the pointer rests on a shape.
class Svg {
public:
  Svg(double width, double height, std::string_view title);

  void bar(Point corner, double width, double height, std::string_view style, std::string_view tip);
  void line(Point from, Point to, std::string_view style);
  void path(const std::vector<Point> &points, std::string_view style);
  /// `outline` is a path about the origin.
  void mark(Point centre, std::string_view outline, std::string_view style, std::string_view tip);
  void text(Point at, std::string_view words, Anchor anchor = Anchor::start,
            std::string_view style = "");

  std::string finish() const { return content + "</svg></div>\n"; }

private:
  std::string content;
};

} // namespace quern::tools
