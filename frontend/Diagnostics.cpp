#include "frontend/Diagnostics.h"

#include <algorithm>

namespace quern::frontend {

bool Diagnostics::print(Severity severity, StringRef id, SMRange range, const std::string &text) {
  if (severity == Severity::Note) {
    if (!lastWasPrinted)
      return false;
  } else {
    // The pointer into the buffer is the place: equal text elsewhere is another mistake.
    std::string key = fmt::format("{}@{}", id, static_cast<const void *>(range.Start.getPointer()));
    if (!range.isValid())
      key += text;
    lastWasPrinted = told.insert(key).second;
    if (!lastWasPrinted)
      return false;
    if (severity == Severity::Error && ++errors > errorLimit) {
      if (errors == errorLimit + 1)
        stream << "error: there are more errors than these\n";
      lastWasPrinted = false;
      return false;
    }
  }
  llvm::SourceMgr::DiagKind kind = severity == Severity::Error     ? llvm::SourceMgr::DK_Error
                                   : severity == Severity::Warning ? llvm::SourceMgr::DK_Warning
                                                                   : llvm::SourceMgr::DK_Note;
  if (!range.isValid()) {
    stream << (severity == Severity::Error     ? "error: "
               : severity == Severity::Warning ? "warning: "
                                               : "note: ")
           << text << '\n';
    return true;
  }
  llvm::SmallVector<SMRange, 1> ranges;
  if (range.End.getPointer() > range.Start.getPointer())
    ranges.push_back(range);
  sources.PrintMessage(stream, range.Start, kind, text, ranges, {}, stream.has_colors());
  return true;
}

StringRef nearestName(StringRef name, llvm::ArrayRef<StringRef> candidates) {
  StringRef best;
  // Two letters exchanged count as two; a name of one or two letters is like too many others.
  unsigned bestDistance = name.size() < 3 ? 1 : (name.size() + 2) / 3 + 1;
  for (StringRef candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, bestDistance);
    // "Conv2D" for "conv2d" is near however many letters differ in case.
    if (name.equals_insensitive(candidate))
      distance = 0;
    if (distance < bestDistance ||
        (distance == bestDistance && !best.empty() && candidate < best)) {
      if (distance >= name.size())
        continue;
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string didYouMean(StringRef name, llvm::ArrayRef<StringRef> candidates) {
  StringRef best = nearestName(name, candidates);
  return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best);
}

} // namespace quern::frontend
