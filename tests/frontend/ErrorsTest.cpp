// Golden diagnostics: each tests/errors/NAME.qn is compiled, and what is said must be NAME.txt.
// With QUERN_UPDATE_GOLDENS set in the environment, the .txt files are rewritten instead. Comments
// at the top of a .qn give options:
//   // set: N=4 layers=3
//   // model: name
#include "frontend/Diagnostics.h"
#include "tests/frontend/Elaborate.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <fstream>
#include <regex>

namespace quern::frontend {
namespace {

const std::string directory = QUERN_SOURCE_DIR "/tests/errors";

std::string contents(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

std::vector<std::string> caseNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator i(directory, error), end; i != end && !error;
       i.increment(error))
    if (llvm::sys::path::extension(i->path()) == ".qn")
      names.push_back(llvm::sys::path::stem(i->path()).str());
  llvm::sort(names);
  return names;
}

Options optionsOf(llvm::StringRef text) {
  Options options;
  options.library = libraryPath;
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    if (line.consume_front("// model: "))
      options.model = line.trim().str();
    if (line.consume_front("// set: "))
      for (llvm::StringRef setting : llvm::split(line.trim(), ' '))
        options.settings.emplace_back(setting.split('=').first.str(),
                                      setting.split('=').second.str());
  }
  return options;
}

std::string diagnosticsOf(const std::string &name) {
  // Paths in messages are as the user gave them: relative ones are the same on every machine.
  EXPECT_FALSE(llvm::sys::fs::set_current_path(directory));
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  auto context = Compiled::makeContext();
  auto module =
      compile(name + ".qn", optionsOf(contents(directory + "/" + name + ".qn")), *context, stream);
  EXPECT_FALSE(module) << name << " has nothing wrong";
  for (size_t at; (at = messages.find(libraryPath + "/")) != std::string::npos;)
    messages.replace(at, libraryPath.size(), "library");
  return messages;
}

class Errors : public testing::TestWithParam<std::string> {};

TEST_P(Errors, AreTold) {
  std::string path = directory + "/" + GetParam() + ".txt";
  std::string told = diagnosticsOf(GetParam());
  EXPECT_NE(told, "");
  if (std::getenv("QUERN_UPDATE_GOLDENS")) {
    std::ofstream(path) << told;
    return;
  }
  EXPECT_EQ(told, contents(path)) << "set QUERN_UPDATE_GOLDENS=1 to rewrite " << path;
}

INSTANTIATE_TEST_SUITE_P(Goldens, Errors, testing::ValuesIn(caseNames()),
                         [](const auto &info) { return info.param; });

/// A message's text as a pattern: what is filled in may be anything.
std::regex patternOf(std::string_view text) {
  std::string pattern;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && i + 1 < text.size() && text[i + 1] == '{') {
      pattern += "\\{";
      ++i;
    } else if (text[i] == '}') {
      pattern += "\\}";
      ++i;
    } else if (text[i] == '{') {
      pattern += ".*";
      i = text.find('}', i);
    } else {
      if (llvm::StringRef("\\^$.|?*+()[]").contains(text[i]))
        pattern += '\\';
      pattern += text[i];
    }
  }
  return std::regex(": (error|warning|note): " + pattern + "\n|(^|\n)(error|warning): " + pattern +
                    "\n");
}

TEST(Errors, EveryDiagnosticHasAGolden) {
  // What no text alone brings about: a broken installation, sizes that take too long to reach, or
  // what the front end's own checks find first.
  const std::set<std::string> without = {"NoLibrary", "NoMeaning", "RecursionTooDeep",
                                         "ImportsTooDeep", "InvalidOperation", "InvalidModel",
                                         "NotFinite", "RequirementFailed",
                                         // Of `quern check`: tests/cli/refusals.qn.
                                         "EmptyFile"};
  std::string all;
  for (const std::string &name : caseNames())
    all += contents(directory + "/" + name + ".txt");
#define DIAGNOSTIC(NAME, SEVERITY, TEXT)                                                           \
  EXPECT_TRUE(without.count(#NAME) || std::regex_search(all, patternOf(TEXT)))                     \
      << "no golden in tests/errors shows " << #NAME;
#include "frontend/Diagnostics.def"
}

} // namespace
} // namespace quern::frontend
