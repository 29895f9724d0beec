// The subcommands of `quern`, one file each. Each adds itself to the program, does its work when
// parsed, and throws CLI::RuntimeError with the exit code if it fails: 1 for what is wrong with the
// input, 2 for a wrong command line.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace quern::tools {

void addCompileCommand(CLI::App &app);
/// `forProgram` goes to the program that is run, after what the command line has for it.
void addRunCommand(CLI::App &app, const std::vector<std::string> &forProgram);
void addCausalCommand(CLI::App &app);
void addCheckCommand(CLI::App &app);
void addFmtCommand(CLI::App &app);
void addInspectCommand(CLI::App &app);
void addConvCommand(CLI::App &app);

} // namespace quern::tools
