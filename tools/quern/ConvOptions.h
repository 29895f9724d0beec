// How convolutions are to be computed, on the command line.
#pragma once

#include "codegen/Target.h"
#include "passes/conv/ConvPolicy.h"

#include <CLI/CLI.hpp>

namespace quern::tools {

struct ConvOptions {
  std::string choice = "auto";
  std::optional<double> maxError;
  std::string maxWorkspace;

  /// Adds --conv, --max-error and --max-workspace to a command, each checked as it is read.
  void addTo(CLI::App &command);
  /// Adds --max-error and --max-workspace only; workspace is counted `onThreads`, in words.
  void addBudgetsTo(CLI::App &command, const std::string &onThreads);

  /// What they say, for `target` and so many threads on it. The weights, the timer and the plan are
  /// the caller's to add.
  passes::ConvPolicy policy(const codegen::Target &target, unsigned threads) const;
};

/// "direct, im2col, …".
std::string algorithmNames();

/// What is wrong with "winograd" or "winograd:4x4" as the name of an algorithm and perhaps its
/// tile; empty where nothing is.
std::string checkVariant(const std::string &text);

/// What such a name says. Nothing where it is not one.
std::optional<std::pair<ir::ConvAlgorithm, passes::Tile>> parseVariant(llvm::StringRef text);

/// Bytes of "64", "16K", "1.5M", "2G" (powers of 1024). Nothing where it is not such.
std::optional<int64_t> parseBytes(llvm::StringRef text);

/// What the cost model sees of a target: measured rates of the host, usual ones of others.
passes::Machine machineOf(const codegen::Target &target, unsigned threads);

} // namespace quern::tools
