#include "frontend/Doc.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::frontend {

namespace {

struct Command {
  const Doc *doc;
  int indent;
  bool flat;
};

/// Whether `next`, and what follows it up to the first line that will break, fits into `columns`.
bool fits(Command next, const std::vector<Command> &rest, int columns) {
  std::vector<Command> stack = {next};
  size_t restLeft = rest.size();
  while (columns >= 0) {
    if (stack.empty()) {
      if (restLeft == 0)
        return true;
      stack.push_back(rest[--restLeft]);
      continue;
    }
    Command command = stack.back();
    stack.pop_back();
    const Doc &doc = *command.doc;
    switch (doc.kind) {
    case Doc::Kind::Text:
      columns -= static_cast<int>(doc.text.size());
      break;
    case Doc::Kind::Line:
      if (!command.flat)
        return true;
      columns -= doc.flag ? 0 : 1;
      break;
    case Doc::Kind::HardLine:
      return true;
    case Doc::Kind::Suffix:
      break;
    case Doc::Kind::Group:
      // A forced group begins its first line here and breaks soon.
      stack.push_back({doc.children[0], command.indent, command.flat && !doc.forced});
      break;
    case Doc::Kind::Concat:
    case Doc::Kind::Indent:
      for (const Doc *child : llvm::reverse(doc.children))
        stack.push_back({child, command.indent, command.flat});
      break;
    }
  }
  return false;
}

} // namespace

unsigned flatWidth(const Doc *doc) {
  unsigned width = 0;
  std::vector<const Doc *> stack = {doc};
  while (!stack.empty()) {
    const Doc &next = *stack.back();
    stack.pop_back();
    switch (next.kind) {
    case Doc::Kind::Text:
      width += next.text.size();
      break;
    case Doc::Kind::Line:
      width += next.flag ? 0 : 1;
      break;
    case Doc::Kind::HardLine:
      return width;
    case Doc::Kind::Suffix:
      break;
    default:
      stack.insert(stack.end(), next.children.rbegin(), next.children.rend());
    }
  }
  return width;
}

std::string print(const Doc *doc, unsigned width) {
  std::string out;
  std::vector<llvm::StringRef> suffixes;
  size_t lineStart = 0;
  auto breakLine = [&](int indent, bool blankBefore) {
    while (!out.empty() && out.back() == ' ')
      out.pop_back();
    for (llvm::StringRef suffix : suffixes)
      out.append(out.size() == lineStart ? "" : " ").append(suffix);
    suffixes.clear();
    out += blankBefore ? "\n\n" : "\n";
    lineStart = out.size();
    out.append(indent, ' ');
  };
  std::vector<Command> stack = {{doc, 0, false}};
  while (!stack.empty()) {
    Command command = stack.back();
    stack.pop_back();
    const Doc &next = *command.doc;
    switch (next.kind) {
    case Doc::Kind::Text:
      out += next.text;
      break;
    case Doc::Kind::Line:
      if (command.flat)
        out += next.flag ? "" : " ";
      else
        breakLine(command.indent, false);
      break;
    case Doc::Kind::HardLine:
      breakLine(command.indent, next.flag);
      break;
    case Doc::Kind::Suffix:
      suffixes.push_back(next.text);
      break;
    case Doc::Kind::Group: {
      Command flat{next.children[0], command.indent, true};
      bool isFlat =
          command.flat ||
          fits(flat, stack, static_cast<int>(width) - static_cast<int>(out.size() - lineStart));
      flat.flat = isFlat && !next.forced;
      stack.push_back(flat);
      break;
    }
    case Doc::Kind::Concat:
      for (const Doc *child : llvm::reverse(next.children))
        stack.push_back({child, command.indent, command.flat});
      break;
    case Doc::Kind::Indent:
      stack.push_back({next.children[0], command.indent + next.columns, command.flat});
      break;
    }
  }
  breakLine(0, false);
  return out;
}

} // namespace quern::frontend
