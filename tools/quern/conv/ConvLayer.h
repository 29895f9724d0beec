// A convolution of a comparison, with all that was seen of it.
#pragma once

#include "tools/quern/conv/ConvLab.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace quern::tools {

/// All records of one convolution.
struct ConvLayer {
  std::string label{}; ///< of the layer; empty where the shape says all
  int64_t count = 1;   ///< how often a model has it
  passes::ConvShape shape;
  Occurrences occurrences{}; ///< none: made-up numbers serve
  std::vector<ConvRecord> records{};
  /// Milliseconds by the cost model, for each record; zero where an algorithm does not apply.
  std::vector<double> estimates{};
  /// The error that the compiler claims of each record, relative to the largest output; nothing
  /// where it makes no claim.
  std::vector<std::optional<double>> claims{};
  /// Why each record is chosen or is not.
  std::vector<std::string> reasons{};
  /// Why the compiler would not take it all the same, though it was measured to keep the budgets;
  /// empty if it might.
  std::vector<std::string> doubts{};
  /// The record that the compiler takes if it measures; nothing where none is measured.
  std::optional<size_t> chosen{};
  bool fitsWorkspace = true; ///< whether the cost model finds anything within that budget
  /// The record that it takes by the cost model.
  std::optional<size_t> automatic{};

  /// Of the reason and the doubt.
  std::string verdictOn(size_t index) const;
  /// The label, or the shape.
  std::string name() const { return label.empty() ? shape.text() : label; }
  bool isKept() const {
    return llvm::any_of(records, [](const ConvRecord &record) { return record.isKept; });
  }
};

/// What is said of a layer that isKept().
inline constexpr std::string_view keptText =
    "measured by an earlier run and kept; --fresh measures anew";

/// What is asked of algorithms besides speed.
struct ConvBudgets {
  double maxError = std::numeric_limits<double>::infinity();
  std::optional<int64_t> maxWorkspace{};

  bool fitsWorkspace(const ConvRecord &record) const {
    return !maxWorkspace || record.workspaceBytes <= *maxWorkspace;
  }
  bool keeps(const ConvRecord &record) const {
    return record.maxError <= maxError && fitsWorkspace(record);
  }
};

/// What layers are measured on, and what is asked of their algorithms.
struct ConvSetting {
  std::string processor, target;
  unsigned threads = 1;
  passes::ConvElement element = passes::ConvElement::f32;
  double peakGflops = 0;
  std::string weights{};   ///< where the weights are from
  bool isEstimate = false; ///< nothing is measured
  ConvBudgets budgets{};
};

/// In place of a spread, of a record that has none.
inline constexpr std::string_view oneRunText = "1 run";

/// GFLOP/s by the textbook count of direct convolution: what makes algorithms comparable.
double effectiveGflops(const ConvLayer &layer, const ConvRecord &record);

/// GFLOP/s of the multiplications that are really made, each with an addition.
double trueGflops(const ConvRecord &record);

/// Of the machine's peak as it was when the record was timed.
double peakShare(const ConvRecord &record);

/// The fastest record within the budgets, of one algorithm or of all, that did not need weights
/// made up for it. Null where there is none.
const ConvRecord *fastest(const std::vector<ConvRecord> &records, const ConvBudgets &budgets,
                          std::optional<ir::ConvAlgorithm> algorithm = {});

/// The algorithms that a layer has such figures of, in their order.
std::vector<ir::ConvAlgorithm> measuredAlgorithms(const std::vector<ConvLayer> &layers);

} // namespace quern::tools
