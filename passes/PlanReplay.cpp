#include "passes/PlanReplay.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

#include <fmt/format.h>

namespace quern::passes {
namespace {

/// One convolution of the plan, or nothing where the entry is not one.
std::optional<PlannedConv> readConv(const llvm::json::Value &entry) {
  const llvm::json::Object *object = entry.getAsObject();
  if (!object)
    return std::nullopt;
  auto shape = object->getString("shape"), name = object->getString("algorithm");
  const llvm::json::Array *tile = object->getArray("tile");
  if (!shape || !name || !tile)
    return std::nullopt;
  auto algorithm = ir::symbolizeConvAlgorithm(*name);
  if (!algorithm)
    return std::nullopt;
  PlannedConv conv{.shape = shape->str(), .algorithm = *algorithm};
  for (const llvm::json::Value &extent : *tile) {
    auto value = extent.getAsInteger();
    if (!value || *value < 1)
      return std::nullopt;
    conv.tile.push_back(*value);
  }
  return conv;
}

/// Whether more brackets are open at once than in any plan: the parser calls itself for each.
bool isTooDeep(llvm::StringRef json) {
  constexpr int mostOpen = 64;
  int open = 0;
  bool isInText = false;
  for (size_t i = 0; i < json.size() && open <= mostOpen; ++i) {
    char c = json[i];
    if (c == '"')
      isInText = !isInText;
    else if (isInText)
      i += c == '\\';
    else if (c == '[' || c == '{')
      ++open;
    else if (c == ']' || c == '}')
      --open;
  }
  return open > mostOpen;
}

/// How the line begins that holds the checksum.
constexpr llvm::StringLiteral checksumLine = "\n  \"checksum\": \"";

std::string checksumOf(llvm::StringRef plan) {
  auto [before, line] = plan.split(checksumLine);
  std::string others = before.str() + line.drop_until([](char c) { return c == '\n'; }).str();
  return fmt::format("{:016x}", llvm::xxh3_64bits(others));
}

} // namespace

std::string withChecksum(llvm::StringRef plan) {
  return fmt::format("{{{}{}\",{}", checksumLine.str(), checksumOf(plan), plan.drop_front().str());
}

mlir::FailureOr<std::vector<PlannedConv>> readPlan(llvm::StringRef text, llvm::StringRef target,
                                                   llvm::StringRef model, std::string &why) {
  if (isTooDeep(text)) {
    why = "it is damaged: its brackets are nested deeper than those of any plan";
    return mlir::failure();
  }
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(text);
  if (!json) {
    why = "it is damaged: " + llvm::toString(json.takeError());
    return mlir::failure();
  }
  const llvm::json::Object *plan = json->getAsObject();
  const llvm::json::Array *convs = plan ? plan->getArray("convolutions") : nullptr;
  auto ofTarget = plan ? plan->getString("target") : std::nullopt;
  auto ofModel = plan ? plan->getString("model") : std::nullopt;
  if (!convs || !ofTarget || !ofModel) {
    why = "it is no plan: it lacks model, target or convolutions";
    return mlir::failure();
  }
  if (*ofModel != model) {
    why = fmt::format("it was made for the model {}, not {}", ofModel->str(), model.str());
    return mlir::failure();
  }
  if (*ofTarget != target) {
    why = fmt::format("it was made for the target {}, not {}", ofTarget->str(), target.str());
    return mlir::failure();
  }
  std::vector<PlannedConv> choices;
  for (const llvm::json::Value &entry : *convs) {
    std::optional<PlannedConv> conv = readConv(entry);
    if (!conv) {
      why = fmt::format("it is damaged: convolution {} is not one", choices.size());
      return mlir::failure();
    }
    choices.push_back(*conv);
  }
  if (auto sum = plan->getString("checksum"); sum && *sum != checksumOf(text)) {
    why = "it was changed since it was written; without its line \"checksum\" it is taken as "
          "edited by hand";
    return mlir::failure();
  }
  return choices;
}

} // namespace quern::passes
