// The subcommands of `quern`, one file each. Each adds itself to the program, does its work when
// parsed, and throws CLI::RuntimeError with the exit code if it fails: 1 for what is wrong with the
// input, 2 for a wrong command line.
#pragma once

#include <CLI/CLI.hpp>

namespace quern::tools {

void addCompileCommand(CLI::App &app);
void addRunCommand(CLI::App &app);
void addCheckCommand(CLI::App &app);
void addFmtCommand(CLI::App &app);
void addInspectCommand(CLI::App &app);

} // namespace quern::tools
