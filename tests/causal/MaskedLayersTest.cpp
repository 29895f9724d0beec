// MADEs with one entry too many: it is blamed, whichever layer it is in. Where the masks tell the
// entry from no other, one that mends as much at no greater cost may be blamed as well.
#include "ir/SourceLocation.h"
#include "passes/causal/Counterexample.h"
#include "tests/causal/LanguageModel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace quern::passes {
namespace {

using Matrix = std::vector<std::vector<int>>;

struct Entry {
  size_t layer, row, column;
  bool operator==(const Entry &) const = default;
};

/// The masks of a MADE over elements in an order, with units of degrees in turn.
struct Made {
  std::vector<int> order;
  std::vector<Matrix> masks;

  Made(std::vector<int> ranks, llvm::ArrayRef<int> hidden) : order(std::move(ranks)) {
    std::vector<int> from = order;
    for (int width : hidden) {
      std::vector<int> to;
      for (int unit = 0; unit < width; ++unit)
        to.push_back(unit % (static_cast<int>(order.size()) - 1));
      masks.push_back(mask(from, to, 0));
      from = to;
    }
    masks.push_back(mask(from, order, 1));
  }

  static Matrix mask(llvm::ArrayRef<int> from, llvm::ArrayRef<int> to, int least) {
    Matrix mask;
    for (int target : to) {
      std::vector<int> &row = mask.emplace_back();
      for (int source : from)
        row.push_back(target - source >= least);
    }
    return mask;
  }

  Made with(Entry entry, int value) const {
    Made changed = *this;
    changed.masks[entry.layer][entry.row][entry.column] = value;
    return changed;
  }

  std::vector<Entry> closed() const {
    std::vector<Entry> entries;
    for (auto [layer, mask] : llvm::enumerate(masks))
      for (auto [row, sources] : llvm::enumerate(mask))
        for (auto [column, isOpen] : llvm::enumerate(sources))
          if (!isOpen)
            entries.push_back({layer, row, column});
    return entries;
  }

  /// Which elements each output depends on.
  Matrix dependences() const {
    Matrix result = masks[0];
    for (const Matrix &mask : llvm::ArrayRef(masks).drop_front()) {
      Matrix next(mask.size(), std::vector<int>(order.size(), 0));
      for (auto [row, sources] : llvm::enumerate(mask))
        for (auto [source, isOpen] : llvm::enumerate(sources))
          for (size_t element = 0; element < order.size() && isOpen; ++element)
            next[row][element] |= result[source][element];
      result = std::move(next);
    }
    return result;
  }

  /// How many of the dependences are rightful, or not.
  int count(bool isRightful) const {
    int count = 0;
    for (auto [output, elements] : llvm::enumerate(dependences()))
      for (auto [element, depends] : llvm::enumerate(elements))
        count += depends && (order[element] < order[output]) == isRightful;
    return count;
  }
  bool isCausal() const { return count(false) == 0; }

  std::string text() const {
    std::string body;
    for (auto [layer, mask] : llvm::enumerate(masks)) {
      std::vector<std::string> rows;
      for (const std::vector<int> &row : mask)
        rows.push_back(fmt::format("[{}]", fmt::join(row, ", ")));
      body += fmt::format("    h = l{}: Masked({}, [{}])\n", layer, layer == 0 ? "x" : "relu(h)",
                          fmt::join(rows, ", "));
    }
    return fmt::format("module Masked(x: f32[N, I], mask: list) {{\n    return contract(x, "
                       "param(\"weight\", [len(mask), I]) * constant(mask), \"ni,oi->no\")\n}}\n"
                       "model made(x: f32[N = 1, D = {}]) -> f32[N, D] strictly causal over D by "
                       "[{}] {{\n{}    return h\n}}\n",
                       order.size(), fmt::join(order, ", "), body);
  }
};

/// The entry that is blamed; none where the model is found to be causal.
std::optional<Entry> blamed(const Made &made) {
  LanguageModel model(made.text());
  CausalAnalysis analysis = analysed(*model.module);
  Verdict verdict = judge(analysis);
  if (verdict.isCausal)
    return std::nullopt;
  Counterexample found = findCounterexample(analysis, verdict);
  const PathStep &step = found.steps[found.blamed];
  std::string label = ir::labelText(step.op->getLoc());
  EXPECT_EQ(label.substr(0, 1), "l");
  return Entry{std::stoul(label.substr(1)), static_cast<size_t>(step.element[1]),
               static_cast<size_t>(step.readElement[1])};
}

/// Whether the model without `other` is causal, and loses no more than without `opened`.
bool isAsGuilty(const Made &mutant, Entry other, Entry opened) {
  Made mended = mutant.with(other, 0);
  return mended.isCausal() && mended.count(true) >= mutant.with(opened, 0).count(true);
}

struct MadeCase {
  const char *name;
  std::vector<int> order, hidden;
  /// Whether there are so many units that no layer but one can have the entry too many.
  bool isWide;
};

void PrintTo(const MadeCase &made, std::ostream *out) { *out << made.name; }

class MaskedLayers : public testing::TestWithParam<MadeCase> {};

TEST_P(MaskedLayers, AreBlamedForAnEntryTooMany) {
  Made made(GetParam().order, GetParam().hidden);
  ASSERT_TRUE(made.isCausal());
  std::vector<Entry> closed = made.closed();
  // Some of them, of all layers.
  size_t stride = closed.size() / 127 + 1, leaks = 0;
  for (size_t at = 0; at < closed.size(); at += stride) {
    Entry opened = closed[at];
    Made mutant = made.with(opened, 1);
    std::optional<Entry> found = blamed(mutant);
    ASSERT_EQ(found.has_value(), !mutant.isCausal());
    if (!found)
      continue;
    ++leaks;
    bool isOther = !GetParam().isWide && isAsGuilty(mutant, *found, opened);
    EXPECT_TRUE(*found == opened || isOther)
        << fmt::format("l{} [{}, {}] blamed on l{} [{}, {}]", opened.layer, opened.row,
                       opened.column, found->layer, found->row, found->column);
  }
  EXPECT_GT(leaks, 10U);
}

const MadeCase madeCases[] = {
    {"narrow", {0, 1, 2, 3}, {6}, false},
    {"one", {0, 1, 2, 3, 4, 5, 6, 7, 8}, {12}, false},
    {"uneven", {0, 1, 2, 3, 4, 5, 6, 7, 8}, {10, 12}, false},
    {"deep", {3, 7, 0, 8, 1, 5, 2, 6, 4}, {10, 10, 10}, false},
    {"wide", {0, 1, 2, 3, 4, 5, 6, 7, 8}, {20, 24}, true},
    {"wider", {0, 1, 2, 3, 4, 5, 6, 7, 8}, {20, 40}, true},
    {"equal", {0, 1, 2, 3, 4, 5, 6, 7, 8}, {50, 50}, true},
    {"permuted", {3, 7, 0, 8, 1, 5, 2, 6, 4}, {16, 30}, true},
};

INSTANTIATE_TEST_SUITE_P(Entries, MaskedLayers, testing::ValuesIn(madeCases),
                         [](const auto &info) { return std::string(info.param.name); });

/// What has no mask where its neighbours have one is blamed, whichever it is.
TEST(UnmaskedLayers, AreBlamedBesideMaskedOnes) {
  for (const char *unmasked : {"first", "second", "last"}) {
    auto layer = [&](const char *name, const char *masked, int width) {
      return name == llvm::StringRef(unmasked) ? fmt::format("{}: linear(h, {})", name, width)
                                               : fmt::format("{}: {}", name, masked);
    };
    LanguageModel model(fmt::format(
        "model m(x: f32[N = 1, D = 4]) -> f32[N, D] strictly causal over D {{\n    h = x\n"
        "    a = [0, 1, 2, 0, 1, 2]\n    h = relu({})\n    h = relu({})\n    return {}\n}}\n",
        layer("first", "masked_linear(h, 0..D, a)", 6),
        layer("second", "masked_linear(h, a, a)", 6),
        layer("last", "masked_linear(h, a, 0..D, strict = true)", 4)));
    CausalAnalysis analysis = analysed(*model.module);
    Verdict verdict = judge(analysis);
    ASSERT_FALSE(verdict.isCausal);
    Counterexample found = findCounterexample(analysis, verdict);
    EXPECT_EQ(found.steps[found.blamed].name(), unmasked);
  }
}

} // namespace
} // namespace quern::passes
