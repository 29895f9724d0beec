#include "tests/frontend/Syntax.h"

#include <gtest/gtest.h>

#include <fstream>

namespace quern::frontend {
namespace {

std::string formatted(llvm::StringRef text) {
  Text source(text);
  return source.format().value_or("error: " + source.messages);
}

/// Tokens, but for commas before a closing bracket, which the formatter takes away, and the text of
/// all comments, of which the formatter may put two on one line.
std::vector<std::string> substance(llvm::StringRef text) {
  Text source(text);
  TokenStream stream = source.lex();
  std::vector<std::string> result;
  for (auto [i, token] : llvm::enumerate(stream.tokens)) {
    bool isLastComma = token.is(TokenKind::Comma) &&
                       stream.tokens[i + 1].isOneOf(TokenKind::RightParen, TokenKind::RightBracket);
    if (!isLastComma)
      result.push_back(token.text.str());
  }
  std::string comments;
  for (const Comment &comment : stream.comments)
    comments.append(comment.text).append(" ");
  result.push_back(comments);
  return result;
}

TEST(Format, Spacing) {
  EXPECT_EQ(formatted("module   f( x:f32[N,3] ,k:int=3 )->f32[N]{\ny=-x+k*-2**-k\nreturn f( y , "
                      "k=3 )[ 0 , .. , 1..2 ]\n}"),
            "module f(x: f32[N, 3], k: int = 3) -> f32[N] {\n    y = -x + k * -2 ** -k\n"
            "    return f(y, k = 3)[0, .., 1..2]\n}\n");
  EXPECT_EQ(formatted("module f(x:tensor[...]) {\n  layer{i+1} . conv:f(x)\n}").substr(0, 6),
            "error:");
  EXPECT_EQ(
      formatted("module f(x:tensor[...]) {\n  a = layer{ i+1 }.conv_{i}:f(x)\n  return(a,)\n}"),
      "module f(x: tensor[...]) {\n    a = layer{i + 1}.conv_{i}: f(x)\n    return (a,)\n}\n");
}

TEST(Format, ContractsAndLambdas) {
  EXPECT_EQ(formatted("model m( x:f32[N,H,W] )->f32[N,H,W] strictly causal over(H,W)by[2,0,1] {\n"
                      "return f(x,(i,j)=>-j<=i)\n}"),
            "model m(x: f32[N, H, W]) -> f32[N, H, W] strictly causal over (H, W) by [2, 0, 1] {\n"
            "    return f(x, (i, j) => -j <= i)\n}\n");
  EXPECT_EQ(
      formatted("model m(x:f32[N,T])->f32[N,T] causal over(T)by[1,0]ahead(2+1) {\nreturn x\n}"),
      "model m(x: f32[N, T]) -> f32[N, T] causal over (T) by [1, 0] ahead (2 + 1) {\n"
      "    return x\n}\n");
}

TEST(Format, BlankLines) {
  EXPECT_EQ(formatted("\n\nimport \"a.qn\"\nA=3\n\n\n\nB=4\nmodule f(x: f32[4]) {\n\n\n    a = "
                      "1\n\n\n    b = 2\n\n}\nmodule g(x: "
                      "f32[4]) {\n}\n\n\n"),
            "import \"a.qn\"\nA = 3\n\nB = 4\n\nmodule f(x: f32[4]) {\n    a = 1\n\n    b = "
            "2\n}\n\nmodule g(x: f32[4]) {}\n");
}

TEST(Format, KeepsComments) {
  const char *text = "// head\n\n// of f\nmodule f(x: f32[4]) { // opens\n    // own\n    a = [ // "
                     "list\n        1, // one\n"
                     "        // two\n        2\n        // after\n    ]\n    return a // end\n    "
                     "// last\n}\n// tail\n";
  EXPECT_EQ(formatted(text), text);
  text = "module f(\n    x: f32[4], // first\n    n: int = 3 // second\n    // last\n) {\n    "
         "return x\n}\n";
  EXPECT_EQ(formatted(text), text);
}

TEST(Format, KeepsCommentsInsideAnExpression) {
  const char *text = "module f(x: f32[4]) {\n    y = x + // first\n        // second\n        x * "
                     "2 + // third\n        1\n    return y\n}\n";
  EXPECT_EQ(formatted(text), text);
}

TEST(Format, BreaksLongLines) {
  EXPECT_EQ(formatted("module f(x: f32[4]) {\n    return some_long_function(argument_number_one, "
                      "argument_number_two, "
                      "argument_number_three, argument_number_four)\n}\n"),
            "module f(x: f32[4]) {\n    return some_long_function(\n        argument_number_one, "
            "argument_number_two, "
            "argument_number_three, argument_number_four\n    )\n}\n");
  EXPECT_EQ(formatted("model m(first_input: f32[N = 1, 3, 224, 224], second_input: f32[N, 3, 224, "
                      "224], layers: int = 3) -> "
                      "f32[N, 1000] {\n    return x\n}\n"),
            "model m(first_input: f32[N = 1, 3, 224, 224], second_input: f32[N, 3, 224, 224], "
            "layers: int = 3)\n"
            "        -> f32[N, 1000] {\n    return x\n}\n");
}

TEST(Format, KeepsTheNamesOfAnAssignmentTogether) {
  EXPECT_EQ(
      formatted("module f(x: f32[4]) {\n    first, second = some_long_function(argument_number_"
                "one, argument_number_two, argument_number_three)\n}\n"),
      "module f(x: f32[4]) {\n    first, second = some_long_function(\n        "
      "argument_number_one, argument_number_two, argument_number_three\n    )\n}\n");
}

TEST(Format, RefusesWhatDoesNotParse) {
  Text source("module f( {\n");
  EXPECT_FALSE(source.format());
  EXPECT_TRUE(source.diagnostics.hasErrors());
}

TEST(Format, RepositoryFilesAreInTheOneStyle) {
  auto files = repositoryFiles();
  EXPECT_GT(files.size(), 5u);
  for (const auto &[path, text] : files) {
    std::string once = formatted(text);
    EXPECT_EQ(substance(once), substance(text)) << path;
    EXPECT_EQ(formatted(once), once) << path;
    if (!llvm::StringRef(path).contains("frontend/library"))
      continue;
    if (std::getenv("QUERN_UPDATE_GOLDENS"))
      std::ofstream(path) << once;
    else
      EXPECT_TRUE(once == text) << path << " is not formatted; QUERN_UPDATE_GOLDENS=1 formats it";
  }
}

TEST(Format, IsIdempotentOnAwkwardTexts) {
  for (const char *text : {
           "",
           "// only a comment",
           "module f(x: f32[4]) {\n    y = a +\n        // between\n        b\n    if a // c1\n    "
           "{ // c2\n        y = 1\n    }"
           " // c3\n    // c4\n    else // c5\n    {\n        y = 2\n    }\n    return y\n}\n",
           "module f( // a\n    x: f32[4], // b\n    // c\n    y: int // d\n) // e\n -> f32[4] // "
           "f\n{\n    return x\n}\n",
           "module f(x: f32[4]) {\n    return f( // nothing\n    )\n}\n",
           "module f(x: f32[4]) {\n    y = relu(down: { 1: batch_norm(0: conv2d(x, out, kernel = "
           "1, stride = stride, bias = "
           "false), eps = 1e-3, affine = true) })\n    return y\n}\n",
           "module f(x: f32[4]) {\n    return aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + "
           "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb + "
           "cccccccccccccccccccccccccccccc + ddddddddddddddddddddd\n}\n",
           "module f(x: f32[4]) {\n    a = [(1, 2), // x\n         (3, 4)]\n    for i, (a, b) in "
           "[\n        (1, 2),\n    ] {\n"
           "        x = 1\n    }\n    return x\n}\n",
       }) {
    std::string once = formatted(text);
    EXPECT_EQ(formatted(once), once) << text;
    EXPECT_EQ(substance(once), substance(text)) << text;
  }
}

} // namespace
} // namespace quern::frontend
