// The axes of a plot: where values lie, and which are named.
#pragma once

#include "tools/quern/conv/page/Svg.h"

namespace quern::tools {

/// A range of values laid out between two coordinates, even or by their logarithms.
class Axis {
public:
  enum class Kind { linear, logarithmic };

  /// Spans `values`, with some room around; positive ones where it is logarithmic.
  Axis(Kind kind, const std::vector<double> &values, double from, double to);

  double at(double value) const;
  /// Has these named rather than round values, unless they lie too close for that.
  void name(std::vector<double> values);
  /// Values to name: round ones, at most about `most`, or those that name() was given.
  std::vector<double> ticks(int most) const;

private:
  double place(double value) const;
  Kind kind;
  double least, greatest; ///< as placed
  double from, to;
  std::vector<double> named;
};

/// A plot's frame: `x` and `y` with their ticks as grid lines, named.
struct Frame {
  double left = 70, top = 16, right = 690, bottom = 330;

  void draw(Svg &svg, const Axis &x, const Axis &y, std::string_view xName,
            std::string_view yName) const;
};

/// Moves the coordinates of labels, in whatever order, at least `gap` apart and between `least` and
/// `most`, as little as may be; nearer to each other where there is no room.
void keepApart(std::vector<double> &coordinates, double gap, double least, double most);

} // namespace quern::tools
