#include "frontend/Diagnostics.h"

#include "frontend/SourceExcerpt.h"

#include "llvm/Support/WithColor.h"

#include <algorithm>
#include <map>

namespace quern::frontend {

static constexpr StringRef moreErrors = "error: there are more errors than these\n";

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
      if (errors == errorLimit + 1 && !waiting)
        stream << moreErrors;
      lastWasPrinted = false;
      return false;
    }
  }
  Message message{severity, range, text, {}};
  if (!waiting)
    print(message);
  else if (severity == Severity::Note)
    waiting->back().notes.push_back(std::move(message));
  else
    waiting->push_back(std::move(message));
  return true;
}

void Diagnostics::print(const Message &message) {
  if (message.range.isValid())
    stream << placeOf(message.range.Start) << ": ";
  printKind(message.severity);
  stream << message.text << '\n';
  if (message.range.isValid())
    printExcerpt(message.range);
  for (const Message &note : message.notes)
    print(note);
}

void Diagnostics::printWaiting() {
  // Several at one place stay in the order in which they were told.
  std::multimap<const char *, const Message *> byPlace;
  std::vector<Message> messages = std::move(*waiting);
  waiting.reset();
  for (const Message &message : messages)
    byPlace.emplace(message.range.Start.getPointer(), &message);
  for (const auto &[place, message] : byPlace)
    print(*message);
  if (isFull() && !messages.empty())
    stream << moreErrors;
}

std::string Diagnostics::placeOf(SMLoc location) const {
  unsigned buffer = sources.FindBufferContainingLoc(location);
  auto [line, column] = sources.getLineAndColumn(location, buffer);
  return fmt::format("{}:{}:{}", sources.getMemoryBuffer(buffer)->getBufferIdentifier(), line,
                     column);
}

void Diagnostics::printKind(Severity severity) {
  bool isPlain = !stream.has_colors();
  switch (severity) {
  case Severity::Error:
    llvm::WithColor::error(stream, "", isPlain);
    break;
  case Severity::Warning:
    llvm::WithColor::warning(stream, "", isPlain);
    break;
  case Severity::Note:
    llvm::WithColor::note(stream, "", isPlain);
    break;
  }
}

void Diagnostics::printExcerpt(SMRange range) {
  StringRef text =
      sources.getMemoryBuffer(sources.FindBufferContainingLoc(range.Start))->getBuffer();
  auto place = static_cast<size_t>(range.Start.getPointer() - text.data());
  constexpr StringRef ends = "\r\n";
  size_t begin = text.take_front(place).find_last_of(ends) + 1;
  StringRef line = text.drop_front(begin).take_until([&](char c) { return ends.contains(c); });
  SourceExcerpt excerpt = excerptOf(
      line, place - begin, static_cast<size_t>(range.End.getPointer() - text.data()) - begin);
  stream << excerpt.line << '\n' << excerpt.marks << '\n';
}

static bool haveSameLetters(StringRef a, StringRef b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

StringRef nearestName(StringRef name, llvm::ArrayRef<StringRef> candidates) {
  StringRef best;
  // Two letters exchanged count as two; a name of one or two letters is like too many others.
  unsigned bestDistance = name.size() < 3 ? 1 : (name.size() + 2) / 3 + 1;
  for (StringRef candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, bestDistance);
    // "Conv2D" for "conv2d" is near however many letters differ in case, and "rleu" is nearer to
    // "relu", of the same letters, than to "elu".
    if (name.equals_insensitive(candidate))
      distance = 0;
    else if (distance <= bestDistance && haveSameLetters(name, candidate))
      distance = 1;
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
