#include "frontend/Parser.h"

#include "frontend/ParserImpl.h"

namespace quern::frontend {

std::unique_ptr<SourceFile> parse(StringRef path, StringRef text, Diagnostics &diagnostics) {
  auto file = std::make_unique<SourceFile>();
  file->path = path.str();
  file->stream = lex(text, diagnostics);
  Parser(*file, file->stream.tokens, diagnostics).parseFile();
  return file;
}

Expr *parseExpression(SourceFile &file, StringRef text, Diagnostics &diagnostics) {
  unsigned errorsBefore = diagnostics.errorCount();
  TokenStream stream = lex(text, diagnostics);
  if (diagnostics.errorCount() != errorsBefore)
    return nullptr;
  return Parser(file, stream.tokens, diagnostics).parseWhole();
}

StringRef spelling(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return "or";
  case BinaryOp::And:
    return "and";
  case BinaryOp::Equal:
    return "==";
  case BinaryOp::NotEqual:
    return "!=";
  case BinaryOp::Less:
    return "<";
  case BinaryOp::LessEqual:
    return "<=";
  case BinaryOp::Greater:
    return ">";
  case BinaryOp::GreaterEqual:
    return ">=";
  case BinaryOp::In:
    return "in";
  case BinaryOp::Range:
    return "..";
  case BinaryOp::Add:
    return "+";
  case BinaryOp::Subtract:
    return "-";
  case BinaryOp::Multiply:
    return "*";
  case BinaryOp::Divide:
    return "/";
  case BinaryOp::Remainder:
    return "%";
  case BinaryOp::MatMul:
    return "@";
  case BinaryOp::Power:
    return "**";
  }
  return "?";
}

// ----------------------------------------------------------------------------------------------
// declarations

void Parser::parseFile() {
  while (!at(TokenKind::EndOfFile)) {
    parenDepth = 0;
    if (!parseDeclaration())
      skipToDeclaration();
  }
}

Expr *Parser::parseWhole() {
  Expr *value = parseTuple();
  if (value && !at(TokenKind::EndOfFile)) {
    fail("the end of the value");
    return nullptr;
  }
  return value;
}

/// What other languages call an element type, as it is called here: "float32" is f32, "uint8" u8.
static std::string shortName(StringRef name) {
  static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> words[] = {
      {"bfloat", "bf"}, {"float", "f"},    {"uint", "u"},
      {"int", "i"},     {"double", "f64"}, {"half", "f16"}};
  for (const auto &[word, letters] : words)
    if (StringRef rest = name; rest.consume_front(word))
      return (letters + (rest.empty() && letters.size() == 1 ? "32" : rest)).str();
  return name.str();
}

bool Parser::parseDeclaration() {
  tokens[position].startsStatement = true;
  switch (peek().kind) {
  case TokenKind::KwImport:
    return parseImport();
  case TokenKind::KwModule:
    return parseCallable(Callable::Kind::Module);
  case TokenKind::KwModel:
    return parseCallable(Callable::Kind::Model);
  case TokenKind::KwPrimitive:
    return parseCallable(Callable::Kind::Primitive);
  case TokenKind::Identifier:
    if (peek(1).is(TokenKind::Equal))
      return parseConstant();
    break;
  default:
    break;
  }
  std::string nearest = peek().is(TokenKind::Identifier)
                            ? didYouMean(peek().text, {"module", "model", "import"})
                            : "";
  diagnostics.report<diag::ExpectedDeclaration>(peek().range(), foundText(), nearest);
  return false;
}

bool Parser::parseImport() {
  SMLoc start = take().start();
  if (!at(TokenKind::String))
    return fail("a file name in quotes after 'import'");
  Token path = take();
  file.imports.push_back(
      {{start, path.end()}, path.text.size() >= 2 ? path.text.drop_front().drop_back() : ""});
  return expectLineEnd("the import");
}

bool Parser::parseConstant() {
  auto *constant = file.make<Constant>();
  constant->name = identifier(take());
  take();
  constant->value = parseTuple();
  if (!constant->value)
    return false;
  file.constants.push_back(constant);
  return expectLineEnd("the value");
}

bool Parser::parseCallable(Callable::Kind kind) {
  auto *callable = file.make<Callable>();
  callable->kind = kind;
  SMLoc start = take().start();
  StringRef what = kind == Callable::Kind::Model    ? "model"
                   : kind == Callable::Kind::Module ? "module"
                                                    : "primitive";
  if (!at(TokenKind::Identifier))
    return fail(fmt::format("a name after '{}'", what));
  callable->name = identifier(take());
  if (!parseParameters(*callable))
    return false;
  if (at(TokenKind::Arrow) && !parseResults(*callable))
    return false;
  if ((atWord("strictly") || atWord("causal")) && !parseContract(*callable))
    return false;
  callable->range = {start, previous().end()};
  if (kind == Callable::Kind::Primitive) {
    file.callables.push_back(callable);
    return expectLineEnd("the primitive");
  }
  if (!at(TokenKind::LeftBrace))
    return fail(fmt::format("'{{' to begin the body of {} '{}'", what, callable->name.text));
  bool closed = parseBlock(callable->body);
  file.callables.push_back(callable);
  return closed && expectLineEnd(fmt::format("the {}", what));
}

bool Parser::parseParameters(Callable &callable) {
  llvm::SmallVector<Parameter> parameters;
  bool parsed = parseList(TokenKind::LeftParen, TokenKind::RightParen, "the parameters", [&] {
    Parameter parameter;
    if (!at(TokenKind::Identifier))
      return fail("the name of a parameter");
    parameter.name = identifier(take());
    if (!at(TokenKind::Colon))
      return fail(fmt::format("':' and the type of parameter '{}'", parameter.name.text));
    take();
    parameter.type = parseType();
    if (!parameter.type)
      return false;
    if (at(TokenKind::Equal)) {
      take();
      parameter.defaultValue = parseExpr();
      if (!parameter.defaultValue)
        return false;
    }
    if (atWord("from") && !parseAdapter(parameter.adapter))
      return false;
    parameters.push_back(parameter);
    return true;
  });
  callable.parameters = file.copy<Parameter>(parameters);
  return parsed;
}

bool Parser::parseResults(Callable &callable) {
  take();
  llvm::SmallVector<Result> results;
  auto parseResult = [&] {
    Result result;
    if (at(TokenKind::Identifier) && peek(1).is(TokenKind::Colon)) {
      result.name = identifier(take());
      take();
    }
    result.type = parseType();
    if (!result.type)
      return false;
    if (atWord("as") && !parseAdapter(result.adapter))
      return false;
    results.push_back(result);
    return true;
  };
  bool parsed = true;
  if (at(TokenKind::LeftParen)) {
    callable.returnsTuple = true;
    parsed = parseList(TokenKind::LeftParen, TokenKind::RightParen, "the results", parseResult);
  } else {
    parsed = parseResult();
  }
  callable.results = file.copy<Result>(results);
  return parsed;
}

bool Parser::parseAdapter(CallExpr *&adapter) {
  Token keyword = take();
  if (!at(TokenKind::Identifier))
    return fail(fmt::format("the name of an adapter after '{}'", keyword.text));
  Expr *call = parsePostfix();
  if (!call)
    return false;
  adapter = llvm::dyn_cast<CallExpr>(call);
  if (!adapter || !llvm::isa<NameExpr>(adapter->callee)) {
    diagnostics.report<diag::AdapterNotCall>(call->range, keyword.text);
    return false;
  }
  return true;
}

bool Parser::parseContract(Callable &callable) {
  auto *contract = file.make<Contract>();
  SMLoc start = peek().start();
  contract->isStrict = atWord("strictly");
  if (contract->isStrict)
    take();
  if (!atWord("causal"))
    return fail("'causal' after 'strictly'");
  take();
  if (!atWord("over"))
    return fail("'over' and the axes in whose order the input is generated");
  take();
  llvm::SmallVector<Identifier> axes;
  auto parseAxis = [&] {
    if (!at(TokenKind::Identifier))
      return fail("the name of a dimension");
    axes.push_back(identifier(take()));
    return true;
  };
  if (!(at(TokenKind::LeftParen)
            ? parseList(TokenKind::LeftParen, TokenKind::RightParen, "the axes", parseAxis)
            : parseAxis()))
    return false;
  if (axes.empty())
    return fail("the name of a dimension between the parentheses");
  contract->axes = file.copy<Identifier>(axes);
  if (atWord("by")) {
    take();
    contract->order = parseExpr();
    if (!contract->order)
      return false;
  }
  if (atWord("ahead")) {
    take();
    contract->ahead = parseExpr();
    if (!contract->ahead)
      return false;
  }
  contract->range = from(start);
  callable.contract = contract;
  return true;
}

// ----------------------------------------------------------------------------------------------
// types

static constexpr StringRef staticTypeNames[] = {"int",  "float", "bool", "string",
                                                "list", "dtype", "axis", "any"};
static constexpr StringRef elementTypeNames[] = {"f16", "bf16", "f32", "f64", "bool",
                                                 "i8",  "i16",  "i32", "i64", "u8"};

bool isElementTypeName(StringRef name) { return llvm::is_contained(elementTypeNames, name); }

TypeExpr *Parser::parseType() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  SMLoc start = peek().start();
  TypeExpr *first = parseSimpleType();
  if (!first || !at(TokenKind::Pipe))
    return first;
  llvm::SmallVector<TypeExpr *> alternatives = {first};
  while (at(TokenKind::Pipe)) {
    take();
    TypeExpr *next = parseSimpleType();
    if (!next)
      return nullptr;
    alternatives.push_back(next);
  }
  auto *type = file.make<TypeExpr>();
  type->kind = TypeExpr::Kind::Union;
  type->range = {start, previous().end()};
  type->operands = file.copy<TypeExpr *>(alternatives);
  return type;
}

TypeExpr *Parser::parseSimpleType() {
  auto *type = file.make<TypeExpr>();
  SMLoc start = peek().start();
  if (at(TokenKind::LeftBracket)) {
    take();
    TypeExpr *element = parseType();
    if (!element)
      return nullptr;
    if (!at(TokenKind::RightBracket)) {
      fail("']' after the element type");
      return nullptr;
    }
    take();
    type->kind = TypeExpr::Kind::List;
    type->operands = file.copy<TypeExpr *>({element});
  } else if (peek().isOneOf(TokenKind::Identifier, TokenKind::KwNone, TokenKind::KwModule)) {
    Token name = take();
    type->name = name.text;
    if (at(TokenKind::LeftBracket) && !peek().startsLine) {
      type->kind = TypeExpr::Kind::Tensor;
      if (!isElementTypeName(name.text) && name.text != "tensor") {
        llvm::SmallVector<StringRef> known(std::begin(elementTypeNames),
                                           std::end(elementTypeNames));
        known.push_back("tensor");
        diagnostics.report<diag::UnknownElementType>(name.range(), name.text,
                                                     didYouMean(shortName(name.text), known));
        return nullptr;
      }
      if (!parseDimensions(*type))
        return nullptr;
    } else {
      type->kind = TypeExpr::Kind::Static;
      if ((isElementTypeName(name.text) && name.text != "bool") || name.text == "tensor") {
        diagnostics.report<diag::ShapelessType>(name.range(), name.text);
        return nullptr;
      }
      if (name.is(TokenKind::Identifier) && !llvm::is_contained(staticTypeNames, name.text)) {
        diagnostics.report<diag::UnknownType>(name.range(), name.text,
                                              didYouMean(name.text, staticTypeNames));
        return nullptr;
      }
    }
  } else {
    fail("a type");
    return nullptr;
  }
  type->range = {start, previous().end()};
  return type;
}

bool Parser::parseDimensions(TypeExpr &type) {
  llvm::SmallVector<Dimension> dimensions;
  bool sawEllipsis = false;
  bool parsed = parseList(TokenKind::LeftBracket, TokenKind::RightBracket, "the dimensions", [&] {
    Dimension dimension;
    SMLoc start = peek().start();
    if (at(TokenKind::Ellipsis)) {
      Token ellipsis = take();
      if (sawEllipsis) {
        diagnostics.report<diag::SecondEllipsis>(ellipsis.range());
        return false;
      }
      sawEllipsis = true;
    } else {
      dimension.size = parseExpr();
      if (!dimension.size)
        return false;
      if (at(TokenKind::Equal)) {
        take();
        dimension.defaultSize = parseExpr();
        if (!dimension.defaultSize)
          return false;
      }
    }
    dimension.range = {start, previous().end()};
    dimensions.push_back(dimension);
    return true;
  });
  type.dimensions = file.copy<Dimension>(dimensions);
  return parsed;
}

} // namespace quern::frontend
