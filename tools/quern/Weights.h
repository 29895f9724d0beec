// `quern weights`: convert, list and compare weights files.
#pragma once

#include <CLI/CLI.hpp>

namespace quern::tools {

/// Adds the subcommand `weights` with `convert`, `list` and `diff` below it. When parsed they do
/// their work at once, print results to the standard output and errors to the standard error, and
/// throw CLI::RuntimeError with the exit code unless it is 0: 1 on failure; `diff` 1 where the
/// files differ and 2 on failure.
void addWeightsCommand(CLI::App &app);

} // namespace quern::tools
