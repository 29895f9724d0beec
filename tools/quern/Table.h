// Rows of text in aligned columns.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace quern::tools {

/// The first row is the heading. Columns are as wide as their widest cell, two spaces apart.
class Table {
public:
  /// A character for each column: '<' or '>', the side that its cells keep to.
  explicit Table(std::string sides) : sides(std::move(sides)) {}

  void add(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }

  /// As lines, without spaces at their ends.
  std::string text() const {
    std::vector<size_t> widths(sides.size());
    for (const std::vector<std::string> &row : rows)
      for (size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], row[i].size());
    std::string all;
    for (const std::vector<std::string> &row : rows) {
      for (size_t i = 0; i < row.size(); ++i)
        all += sides[i] == '<' ? fmt::format("{:<{}}  ", row[i], widths[i])
                               : fmt::format("{:>{}}  ", row[i], widths[i]);
      all.erase(all.find_last_not_of(' ') + 1);
      all += '\n';
    }
    return all;
  }

private:
  std::string sides;
  std::vector<std::vector<std::string>> rows;
};

} // namespace quern::tools
