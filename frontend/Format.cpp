// The formatter works on tokens, so that nothing written can be lost, and asks the parser only
// where statements begin. Each token carries the comments before it: one on the line of the token
// before is held back until that line ends, one on a line of its own stays on one wherever lines
// may break (between statements, between items in brackets and after operators).
#include "frontend/Format.h"

#include "frontend/Doc.h"
#include "frontend/Parser.h"
#include "frontend/TokenSpacing.h"

namespace quern::frontend {

namespace {

using enum TokenKind;

class Formatter {
public:
  explicit Formatter(const TokenStream &stream)
      : tokens(stream.tokens), comments(stream.comments), spacing(stream.tokens) {}

  std::string run() {
    std::vector<const Doc *> parts;
    statements(0, tokens.size() - 1, /*isTopLevel=*/true, parts);
    return parts.empty() ? "" : print(docs.concat(parts), formatWidth);
  }

private:
  // ---- Comments

  llvm::ArrayRef<Comment> commentsBefore(size_t i) const {
    size_t end = i + 1 < tokens.size() ? tokens[i + 1].firstComment : comments.size();
    return llvm::ArrayRef(comments).slice(tokens[i].firstComment, end - tokens[i].firstComment);
  }
  bool hasComments(size_t begin, size_t end) const {
    size_t after = end < tokens.size() ? tokens[end].firstComment : comments.size();
    return tokens[begin].firstComment != after;
  }

  /// The comments before token i that end an earlier line.
  void trailingComments(size_t i, std::vector<const Doc *> &parts) {
    for (const Comment &comment : commentsBefore(i))
      if (!comment.ownLine)
        parts.push_back(docs.suffix(comment.text));
  }
  /// All comments before token i, held back to the end of the line.
  void heldComments(size_t i, std::vector<const Doc *> &parts) {
    for (const Comment &comment : commentsBefore(i))
      parts.push_back(docs.suffix(comment.text));
  }

  /// The comments before token i, behind a list's item: those with a line of their own keep it.
  void commentsAfterItem(size_t i, std::vector<const Doc *> &parts) {
    trailingComments(i, parts);
    for (const Comment &comment : commentsBefore(i))
      if (comment.ownLine) {
        parts.push_back(docs.hardLine());
        parts.push_back(docs.text(comment.text));
      }
  }

  /// Comments after an operator stay where they are; token i begins a line of its own.
  void lineAfterComments(size_t i, std::vector<const Doc *> &parts) {
    trailingComments(i, parts);
    for (const Comment &comment : commentsBefore(i))
      if (comment.ownLine) {
        parts.push_back(docs.indent(docs.hardLine()));
        parts.push_back(docs.text(comment.text));
      }
    parts.push_back(docs.indent(docs.hardLine()));
  }

  // ---- Layout

  /// The statements that begin in [begin, end), one a line, with comments and single empty lines
  /// kept. `end` is the token that closes the block, or the end of the file.
  void statements(size_t begin, size_t end, bool isTopLevel, std::vector<const Doc *> &parts) {
    bool first = true;
    bool previousHadBody = false;
    auto newLine = [&](bool blank) {
      if (!first)
        parts.push_back(docs.hardLine(blank));
      else if (!isTopLevel)
        parts.push_back(docs.hardLine());
      first = false;
    };
    for (size_t i = begin; i <= end;) {
      size_t next = i == end ? end + 1 : statementEnd(i, end);
      bool hasBody = isTopLevel && i != end && tokens[i].isOneOf(KwModule, KwModel);
      bool blankNeeded = isTopLevel && i != end && (hasBody || previousHadBody);
      trailingComments(i, parts);
      for (const Comment &comment : commentsBefore(i)) {
        if (!comment.ownLine)
          continue;
        newLine(comment.afterBlankLine || blankNeeded);
        blankNeeded = false;
        parts.push_back(docs.text(comment.text));
      }
      if (i != end) {
        newLine(tokens[i].afterBlankLine || blankNeeded);
        parts.push_back(statement(i, next));
      }
      previousHadBody = hasBody;
      i = next;
    }
  }

  size_t statementEnd(size_t i, size_t end) const {
    for (++i; i < end; ++i) {
      // What brackets hold begins no statement out here.
      const Token &before = tokens[i - 1];
      if (before.isOneOf(LeftParen, LeftBracket, LeftBrace))
        i = before.partner;
      else if (tokens[i].startsStatement)
        return i;
    }
    return end;
  }

  const Doc *statement(size_t begin, size_t end) {
    if (tokens[begin].isOneOf(KwModule, KwModel, KwPrimitive) && tokens[begin + 1].is(Identifier) &&
        tokens[begin + 2].is(LeftParen))
      return callable(begin, end);
    return docs.group(sequence(begin, end));
  }

  /// `module name(parameters) -> results { body }`: on one line if it fits; else with the results
  /// on a line of their own; else with one parameter a line.
  const Doc *callable(size_t begin, size_t end) {
    size_t open = begin + 2, close = tokens[open].partner;
    size_t bodyAt = close + 1;
    while (bodyAt < end && tokens[bodyAt].isNot(LeftBrace))
      ++bodyAt;
    std::vector<const Doc *> head = {docs.text(tokens[begin].text), docs.text(" "),
                                     docs.text(tokens[begin + 1].text)};
    heldComments(begin + 1, head);
    std::vector<const Doc *> results;
    if (close + 1 < bodyAt) {
      heldComments(close + 1, results);
      results.push_back(docs.group(sequence(close + 1, bodyAt, /*skipFirstComments=*/true)));
    }
    std::vector<const Doc *> body;
    if (bodyAt < end)
      body = {docs.text(" "), sequence(bodyAt, end)};
    const Doc *flatParameters = bracketed(open, Breaks::Fill);
    unsigned headWidth = 0;
    for (const Doc *part : head)
      headWidth += flatWidth(part);
    headWidth += flatWidth(flatParameters);
    unsigned resultWidth = results.empty() ? 0 : flatWidth(docs.concat(results));
    bool hasInner = hasComments(open + 1, close + 1);
    constexpr unsigned bodyWidth = 2;
    if (!hasInner && headWidth + (resultWidth ? 1 + resultWidth : 0) + bodyWidth <= formatWidth) {
      head.push_back(flatParameters);
      if (!results.empty())
        head.push_back(docs.text(" "));
      head.insert(head.end(), results.begin(), results.end());
    } else if (!hasInner && headWidth <= formatWidth && !results.empty()) {
      head.push_back(flatParameters);
      std::vector<const Doc *> onItsLine = {docs.hardLine()};
      onItsLine.insert(onItsLine.end(), results.begin(), results.end());
      head.push_back(docs.indent(docs.concat(onItsLine), 8));
    } else {
      head.push_back(bracketed(open, Breaks::Each));
      if (!results.empty())
        head.push_back(docs.text(" "));
      head.insert(head.end(), results.begin(), results.end());
    }
    head.insert(head.end(), body.begin(), body.end());
    return docs.concat(head);
  }

  /// Tokens on one line, which may break inside brackets and after operators.
  const Doc *sequence(size_t begin, size_t end, bool skipFirstComments = false) {
    std::vector<const Doc *> parts;
    // Lines end after the loosest operators only, so that what belongs together stays together; and
    // not among the names that are assigned to.
    unsigned loosest = 0;
    size_t valueAt = begin;
    for (size_t i = begin; i < end; ++i) {
      if (tokens[i].is(Equal)) {
        loosest = 0;
        valueAt = i + 1;
      }
      if (unsigned level = spacing.looseness(i); level && (!loosest || level < loosest))
        loosest = level;
      if (tokens[i].isOneOf(LeftParen, LeftBracket, LeftBrace))
        i = tokens[i].partner;
    }
    for (size_t i = begin; i < end; ++i) {
      if (i != begin && spacing.looseness(i - 1) && !commentsBefore(i).empty()) {
        lineAfterComments(i, parts);
      } else if (i != begin) {
        heldComments(i, parts);
        if (spacing.spaceBetween(i - 1, i))
          parts.push_back(i > valueAt && loosest && spacing.looseness(i - 1) == loosest
                              ? docs.indent(docs.line())
                              : docs.text(" "));
      } else if (!skipFirstComments && !tokens[i].startsStatement && i > 0 &&
                 spacing.opensBlock(i)) {
        heldComments(i, parts);
      }
      if (spacing.opensBlock(i)) {
        parts.push_back(block(i));
        i = tokens[i].partner;
      } else if (tokens[i].isOneOf(LeftParen, LeftBracket) && tokens[i].partner > i) {
        parts.push_back(bracketed(i, Breaks::Fill));
        i = tokens[i].partner;
      } else {
        parts.push_back(docs.text(tokens[i].text));
      }
    }
    return docs.concat(parts);
  }

  const Doc *block(size_t open) {
    size_t close = tokens[open].partner;
    if (close == open + 1 && !hasComments(close, close + 1))
      return docs.text("{}");
    if (staysOnOneLine(open, close)) {
      const Doc *inside = sequence(open + 1, close);
      // Where even this is too long for a line, it takes several, as any block does.
      return docs.group(
          docs.concat({docs.text("{"), docs.indent(docs.concat({docs.line(), docs.group(inside)})),
                       docs.line(), docs.text("}")}));
    }
    std::vector<const Doc *> inside;
    statements(open + 1, close, /*isTopLevel=*/false, inside);
    // Its lines are its own, whether or not what is around it fits on one.
    return docs.group(docs.concat({docs.text("{"), docs.indent(docs.concat(inside)),
                                   docs.hardLine(), docs.text("}")}),
                      /*forced=*/true);
  }

  /// A block of one statement that was written on one line is left there.
  bool staysOnOneLine(size_t open, size_t close) const {
    if (hasComments(open + 1, close + 1))
      return false;
    unsigned count = 0;
    for (size_t i = open + 1; i <= close; ++i) {
      if (tokens[i].startsLine)
        return false;
      count += tokens[i].startsStatement;
    }
    return count == 1;
  }

  enum class Breaks {
    /// As many items on a line as fit.
    Fill,
    /// One item a line.
    Each,
  };

  struct Item {
    size_t begin, end;
  };

  /// What stands between the commas of brackets, the outer ones'.
  std::vector<Item> itemsOf(size_t open) const {
    size_t close = tokens[open].partner;
    std::vector<Item> items;
    size_t begin = open + 1;
    for (size_t i = begin; i < close; ++i) {
      if (tokens[i].isOneOf(LeftParen, LeftBracket, LeftBrace)) {
        i = tokens[i].partner;
      } else if (tokens[i].is(Comma)) {
        items.push_back({begin, i});
        begin = i + 1;
      }
    }
    if (begin < close)
      items.push_back({begin, close});
    return items;
  }

  /// Brackets and their items, which stay on one line or are indented on lines of their own.
  const Doc *bracketed(size_t open, Breaks breaks) {
    size_t close = tokens[open].partner;
    std::vector<Item> items = itemsOf(open);
    // A comma at the end is dropped, save that of a tuple of one.
    bool keepsComma = items.size() == 1 && items[0].end < close && isTupleOfOne(open);
    bool commented = hasComments(open + 1, close + 1);
    const Doc *left = docs.text(tokens[open].text);
    const Doc *right = docs.text(tokens[close].text);
    if (items.size() == 1 && !commented && breaks == Breaks::Fill) {
      // A single item needs no lines of its own: what is inside it breaks.
      std::vector<const Doc *> parts = {left, docs.group(sequence(items[0].begin, items[0].end))};
      if (keepsComma)
        parts.push_back(docs.text(","));
      parts.push_back(right);
      return docs.concat(parts);
    }
    bool each = commented || breaks == Breaks::Each;
    std::vector<const Doc *> inside;
    for (auto [index, item] : llvm::enumerate(items)) {
      bool isFirst = index == 0, isLast = index + 1 == items.size();
      std::vector<const Doc *> parts;
      startItem(item, isFirst, each, parts);
      parts.push_back(docs.group(sequence(item.begin, item.end)));
      if (!isLast || keepsComma)
        parts.push_back(docs.text(","));
      if (isLast || commaHasComment(item.end))
        commentsAfterItem(item.end, parts);
      inside.push_back(isFirst || each ? docs.concat(parts) : docs.group(docs.concat(parts)));
    }
    if (items.empty())
      for (const Comment &comment : commentsBefore(close)) {
        inside.push_back(comment.ownLine ? docs.hardLine() : docs.suffix(comment.text));
        if (comment.ownLine)
          inside.push_back(docs.text(comment.text));
      }
    if (!items.empty() && tokens[items.back().end].is(Comma))
      commentsAfterItem(close, inside);
    return docs.group(docs.concat({left, docs.indent(docs.concat(inside)), docs.softLine(), right}),
                      each);
  }

  /// The comments before an item, and the line's end or space between them and it.
  void startItem(const Item &item, bool isFirst, bool each, std::vector<const Doc *> &parts) {
    trailingComments(item.begin, parts);
    bool afterOwnComment = false;
    for (const Comment &comment : commentsBefore(item.begin)) {
      if (!comment.ownLine)
        continue;
      parts.push_back(docs.hardLine());
      parts.push_back(docs.text(comment.text));
      afterOwnComment = true;
    }
    if (afterOwnComment || (each && !isFirst))
      parts.push_back(docs.hardLine());
    else
      parts.push_back(isFirst ? docs.softLine() : docs.line());
  }

  bool commaHasComment(size_t i) const { return !commentsBefore(i).empty(); }

  /// `(x,)` where a value stands, not an argument list.
  bool isTupleOfOne(size_t open) const {
    return tokens[open].is(LeftParen) &&
           (open == 0 || tokens[open].startsStatement || spacing.spaceBetween(open - 1, open) ||
            tokens[open - 1].isOneOf(LeftParen, LeftBracket));
  }

  llvm::ArrayRef<Token> tokens;
  llvm::ArrayRef<Comment> comments;
  TokenSpacing spacing;
  DocBuilder docs;
};

} // namespace

std::optional<std::string> format(StringRef path, StringRef text, Diagnostics &diagnostics) {
  unsigned errorsBefore = diagnostics.errorCount();
  std::unique_ptr<SourceFile> file = parse(path, text, diagnostics);
  if (diagnostics.errorCount() != errorsBefore)
    return std::nullopt;
  return Formatter(file->stream).run();
}

} // namespace quern::frontend
