#include "tests/frontend/Syntax.h"

#include <gtest/gtest.h>

namespace quern::frontend {
namespace {

/// The tree as fully parenthesised text.
std::string show(const Expr *expr);

std::string showPieces(llvm::ArrayRef<TextPiece> pieces) {
  std::string text;
  for (const TextPiece &piece : pieces)
    text += piece.value ? fmt::format("{{{}}}", show(piece.value)) : piece.text.str();
  return text;
}

std::string show(const Expr *expr) {
  auto list = [](llvm::ArrayRef<Expr *> elements) {
    std::string text;
    for (const Expr *element : elements)
      text.append(text.empty() ? "" : " ").append(show(element));
    return text;
  };
  switch (expr->kind) {
  case Expr::Kind::Integer:
    return std::to_string(llvm::cast<IntegerExpr>(expr)->value);
  case Expr::Kind::Name:
    return llvm::cast<NameExpr>(expr)->name.str();
  case Expr::Kind::Unary: {
    const auto *unary = llvm::cast<UnaryExpr>(expr);
    return std::string("(") + (unary->op == UnaryOp::Not ? "not " : "-") + show(unary->operand) +
           ")";
  }
  case Expr::Kind::Binary: {
    const auto *binary = llvm::cast<BinaryExpr>(expr);
    return "(" + show(binary->left) + " " + spelling(binary->op).str() + " " + show(binary->right) +
           ")";
  }
  case Expr::Kind::List:
    return "[" + list(llvm::cast<ListExpr>(expr)->elements) + "]";
  case Expr::Kind::Tuple:
    return "<" + list(llvm::cast<TupleExpr>(expr)->elements) + ">";
  case Expr::Kind::Call: {
    const auto *call = llvm::cast<CallExpr>(expr);
    std::string text = show(call->callee) + "(";
    for (const Argument &argument : call->arguments)
      text +=
          (argument.isKeyword() ? argument.name.text.str() + "=" : "") + show(argument.value) + ";";
    return text + ")";
  }
  case Expr::Kind::Index:
    return show(llvm::cast<IndexExpr>(expr)->base) + "[" +
           list(llvm::cast<IndexExpr>(expr)->indices) + "]";
  case Expr::Kind::Slice: {
    const auto *slice = llvm::cast<SliceExpr>(expr);
    return (slice->low ? show(slice->low) : "") + ".." + (slice->high ? show(slice->high) : "");
  }
  case Expr::Kind::Ellipsis:
    return "...";
  case Expr::Kind::Labelled:
    return showPieces(llvm::cast<LabelledExpr>(expr)->label.pieces) + ": " +
           show(llvm::cast<LabelledExpr>(expr)->operand);
  case Expr::Kind::String:
    return "\"" + showPieces(llvm::cast<StringExpr>(expr)->pieces) + "\"";
  case Expr::Kind::Lambda: {
    const Callable &lambda = *llvm::cast<LambdaExpr>(expr)->callable;
    std::string names;
    for (const Parameter &parameter : lambda.parameters)
      names.append(names.empty() ? "" : " ").append(parameter.name.text);
    return "<" + names + "> => " +
           show(llvm::cast<ReturnStmt>(lambda.body.statements.front())->value);
  }
  case Expr::Kind::Block:
    return "{" + std::to_string(llvm::cast<BlockExpr>(expr)->block.statements.size()) + "}";
  default:
    return "?";
  }
}

std::string parsed(llvm::StringRef text) {
  Text source(text);
  SourceFile file;
  Expr *expr = parseExpression(file, source.text, source.diagnostics);
  return expr ? show(expr) : source.messages;
}

TEST(Parser, Precedence) {
  EXPECT_EQ(parsed("a + b * c ** d ** e"), "(a + (b * (c ** (d ** e))))");
  EXPECT_EQ(parsed("-a ** 2 * b"), "((-(a ** 2)) * b)");
  EXPECT_EQ(parsed("2 ** -1"), "(2 ** (-1))");
  EXPECT_EQ(parsed("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(parsed("not a == b and c or d"), "(((not (a == b)) and c) or d)");
  EXPECT_EQ(parsed("0..n + 1"), "(0 .. (n + 1))");
  EXPECT_EQ(parsed("x in [1, 2]"), "(x in [1 2])");
  EXPECT_EQ(parsed("a @ b / c"), "((a @ b) / c)");
}

TEST(Parser, CallsIndicesAndTuples) {
  EXPECT_EQ(parsed("f(a, k = 3)(b)"), "f(a;k=3;)(b;)");
  EXPECT_EQ(parsed("x[0, 1.., ..2, .., ..., 1..2]"), "x[0 1.. ..2 .. ... (1 .. 2)]");
  EXPECT_EQ(parsed("(a)"), "a");
  EXPECT_EQ(parsed("(a,)"), "<a>");
  EXPECT_EQ(parsed("()"), "<>");
  EXPECT_EQ(parsed("a, (b, c)"), "<a <b c>>");
}

TEST(Parser, Labels) {
  EXPECT_EQ(parsed("conv1: conv2d(x)"), "conv1: conv2d(x;)");
  EXPECT_EQ(parsed("a + (b: f(x))"), "(a + b: f(x;))");
  EXPECT_EQ(parsed("a + b: f(x)"), "(a + b: f(x;))");
  EXPECT_EQ(parsed("layer{i + 1}.{j}.conv_{k}: f()"), "layer{(i + 1)}.{j}.conv_{k}: f()");
  EXPECT_EQ(parsed("0.1.weight: f()"), "0.1.weight: f()");
  EXPECT_EQ(parsed("model: f(module: g())"), "model: f(module: g();)");
  EXPECT_EQ(parsed("downsample: { 1: f(0: g(x)) }"), "downsample: {1}");
  EXPECT_EQ(parsed("a: b: f()"), "a: b: f()");
}

TEST(Parser, Lambdas) {
  EXPECT_EQ(parsed("(i, j) => j <= i and i - j < 4"), "<i j> => ((j <= i) and ((i - j) < 4))");
  EXPECT_EQ(parsed("f((x) => (y) => x, () => 1)"), "f(<x> => <y> => x;<> => 1;)");
}

TEST(Parser, Contracts) {
  Text source("model a(x: f32[N = 1, T = 4]) -> f32[N, T] as bernoulli() strictly causal over T {\n"
              "    return x\n}\n"
              "model b(x: f32[N = 1, H = 4, W = 2]) -> f32[N, H, W]\n"
              "        causal over (H, W) by [0, 1] {\n    return x\n}\n");
  auto file = source.parse();
  EXPECT_EQ(source.messages, "");
  const Contract *a = file->callables[0]->contract, *b = file->callables[1]->contract;
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(a->isStrict);
  EXPECT_EQ(a->axes.size(), 1u);
  EXPECT_EQ(a->order, nullptr);
  EXPECT_FALSE(b->isStrict);
  ASSERT_EQ(b->axes.size(), 2u);
  EXPECT_EQ(b->axes[1].text, "W");
  EXPECT_NE(b->order, nullptr);
}

TEST(Parser, Strings) {
  EXPECT_EQ(parsed(R"("n = {n + 1}, \{not\}")"), R"("n = {(n + 1)}, {not}")");
  EXPECT_EQ(parsed(R"("a\tb\\")"), "\"a\tb\\\"");
}

TEST(Parser, LinesEndStatementsOutsideBrackets) {
  Text source("module f(x: f32[...]) {\n    a = (x\n        + 1)\n    b = a +\n        1\n    c = "
              "b\n    -c\n    return c\n}\n");
  auto file = source.parse();
  EXPECT_EQ(source.messages, "");
  ASSERT_EQ(file->callables.size(), 1u);
  EXPECT_EQ(file->callables[0]->body.statements.size(), 5u);
}

TEST(Parser, Signatures) {
  Text source(
      "model m(image: f32[N = 1, 3, H, 2 * H] from photo(crop = 8), n: int | [int] = 3)\n"
      "        -> (boxes: f32[N, 4], f32[..., 2] as labels(\"x\")) {\n    return image\n}\n");
  auto file = source.parse();
  EXPECT_EQ(source.messages, "");
  const Callable &model = *file->callables[0];
  ASSERT_EQ(model.parameters.size(), 2u);
  EXPECT_NE(model.parameters[0].adapter, nullptr);
  EXPECT_NE(model.parameters[0].type->dimensions[0].defaultSize, nullptr);
  EXPECT_EQ(model.parameters[1].type->kind, TypeExpr::Kind::Union);
  ASSERT_EQ(model.results.size(), 2u);
  EXPECT_EQ(model.results[0].name.text, "boxes");
  EXPECT_TRUE(model.results[1].type->dimensions[0].isEllipsis());
  EXPECT_NE(model.results[1].adapter, nullptr);
}

TEST(Parser, GoesOnAfterEachMistake) {
  Text source("module f(x: f32[4]) {\n    a = \n    b = (1 + \n    c = 3 4\n    return "
              "a\n}\n\nmodule g(y) {\n}\n\n"
              "module h(x: f32[4]) {\n    return x\n}\n");
  auto file = source.parse();
  EXPECT_EQ(source.diagnostics.errorCount(), 3u) << source.messages;
  EXPECT_EQ(file->callables.back()->name.text, "h");
}

TEST(Parser, RefusesWhatIsTooDeep) {
  auto repeated = [](llvm::StringRef part, unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i)
      text += part;
    return text;
  };
  for (const std::string &text :
       {repeated("(", 100000), repeated("[", 100000), repeated("-", 100000),
        repeated("not ", 100000), repeated("f(", 100000), repeated("a: ", 100000),
        repeated("a: {", 100000), repeated("1 + ", 100000) + "1", repeated("2 ** ", 100000) + "1",
        "f" + repeated("()", 100000), repeated("if a {", 100000),
        "if a {}" + repeated(" else if a {}", 100000), repeated("\"{", 100000),
        repeated("a{", 100000)}) {
    EXPECT_NE(parsed(text), "") << text.substr(0, 20);
    Text source("module f(x: f32[4]) {\n" + text);
    source.parse();
    EXPECT_TRUE(source.diagnostics.hasErrors()) << text.substr(0, 20);
  }
  Text type("module f(x: " + repeated("[", 100000) + ") {}");
  type.parse();
  EXPECT_TRUE(type.diagnostics.hasErrors());
}

} // namespace
} // namespace quern::frontend
