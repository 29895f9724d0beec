// What the front end says to the user. Each message is declared once, in Diagnostics.def, and
// reported by its name; its arguments are checked against its text while compiling.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Lets messages take LLVM's string references: what the user wrote, of which no message is to be
/// longer than a screen.
template <> struct fmt::formatter<llvm::StringRef> : fmt::formatter<std::string_view> {
  template <typename Context> auto format(llvm::StringRef text, Context &context) const {
    constexpr size_t longest = 500;
    std::string_view shown = text.take_front(longest);
    auto end = fmt::formatter<std::string_view>::format(shown, context);
    return text.size() <= longest ? end : fmt::format_to(end, "...");
  }
};

namespace quern::frontend {

using llvm::SMLoc;
using llvm::SMRange;
using llvm::StringRef;

enum class Severity { Error, Warning, Note };

namespace diag {
#define DIAGNOSTIC(NAME, SEVERITY, TEXT)                                                           \
  struct NAME {                                                                                    \
    static constexpr Severity severity = Severity::SEVERITY;                                       \
    static constexpr const char *id = #NAME;                                                       \
    static constexpr std::string_view text = TEXT;                                                 \
  };
#include "frontend/Diagnostics.def"
} // namespace diag

/// Prints diagnostics with the source line and a caret, counts them, and keeps one mistake from
/// being told twice.
///
/// A note belongs to the error or warning before it and is dropped with it. An equal diagnostic at
/// an equal place is told once, however often a module is elaborated. After `errorLimit` errors the
/// rest is counted but not printed.
class Diagnostics {
public:
  static constexpr unsigned errorLimit = 20;

  Diagnostics(llvm::SourceMgr &sources, llvm::raw_ostream &stream)
      : sources(sources), stream(stream) {}

  /// Reports the diagnostic D at `range` (an invalid range prints no source line). Returns whether
  /// it was printed.
  template <typename D, typename... Args> bool report(SMRange range, const Args &...args) {
    return print(D::severity, D::id, range,
                 fmt::format(fmt::format_string<const Args &...>(D::text), args...));
  }

  /// While one lives, what is reported waits; when it goes, all is printed in the order of the
  /// places: a text's characters, syntax and declarations are looked at one after the other.
  class InOrder {
  public:
    explicit InOrder(Diagnostics &diagnostics) : diagnostics(diagnostics) {
      diagnostics.waiting.emplace();
    }
    ~InOrder() { diagnostics.printWaiting(); }
    InOrder(const InOrder &) = delete;
    InOrder &operator=(const InOrder &) = delete;

  private:
    Diagnostics &diagnostics;
  };

  unsigned errorCount() const { return errors; }
  bool hasErrors() const { return errors != 0; }
  /// Whether so many errors were found that going on serves nobody.
  bool isFull() const { return errors > errorLimit; }

  llvm::SourceMgr &sourceMgr() { return sources; }

private:
  /// A diagnostic that waits to be printed, with its notes.
  struct Message {
    Severity severity;
    SMRange range;
    std::string text;
    std::vector<Message> notes;
  };

  bool print(Severity severity, StringRef id, SMRange range, const std::string &text);
  void print(const Message &message);
  void printWaiting();
  /// "FILE:LINE:COLUMN".
  std::string placeOf(SMLoc location) const;
  void printKind(Severity severity);
  void printExcerpt(SMRange range);

  llvm::SourceMgr &sources;
  llvm::raw_ostream &stream;
  llvm::StringSet<> told;
  unsigned errors = 0;
  bool lastWasPrinted = false;
  std::optional<std::vector<Message>> waiting;
};

/// The one of `candidates` that `name` is most likely a misspelling of, or an empty string.
StringRef nearestName(StringRef name, llvm::ArrayRef<StringRef> candidates);

/// "; did you mean 'x'?" for the nearest candidate, or an empty string: the tail of messages on
/// unknown names.
std::string didYouMean(StringRef name, llvm::ArrayRef<StringRef> candidates);

} // namespace quern::frontend
