#pragma once

#include <Halide.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quern::codegen {

/// Numbers values by what they are made of: what LLVM finds to be computed already has the number
/// that it had. A product with a negative constant has the negative number of that with the
/// positive one, as LLVM subtracts the one where it adds the other.
class ValueNumbers final : private Halide::Internal::IRGraphVisitor {
public:
  int64_t numberOf(const Halide::Expr &expr);

  /// From here on a name stands for this value.
  void bind(const std::string &name, int64_t value) { names[name] = value; }

  /// From here on other values are read from a buffer.
  void storeTo(const std::string &buffer) { contents[buffer] = ++last; }

  /// From here on nothing counts as computed already.
  void forget() { known.clear(); }

  /// Floating-point multiplications, of each lane, of what was numbered: each once until it is
  /// forgotten.
  uint64_t products() const { return count; }

private:
  /// The kind of a node, its type, and the numbers of its parts.
  using Key = std::vector<int64_t>;
  struct KeyHash {
    size_t operator()(const Key &key) const;
  };
  using Numbers = std::unordered_map<std::string, int64_t>;

  /// The number of what the key describes, and whether it is new.
  std::pair<int64_t, bool> find(Key description);
  /// The number of a name that stands for something until it is given another.
  int64_t numberIn(Numbers &numbers, const std::string &name);
  void countProduct(const Halide::Type &type);

  using IRGraphVisitor::visit;
  void include(const Halide::Expr &part) override;
  void visit(const Halide::Internal::IntImm *op) override;
  void visit(const Halide::Internal::UIntImm *op) override;
  void visit(const Halide::Internal::FloatImm *op) override;
  void visit(const Halide::Internal::StringImm *op) override;
  void visit(const Halide::Internal::Variable *op) override;
  void visit(const Halide::Internal::Broadcast *op) override;
  void visit(const Halide::Internal::Add *op) override;
  void visit(const Halide::Internal::Sub *op) override;
  void visit(const Halide::Internal::Mul *op) override;
  void visit(const Halide::Internal::Load *op) override;
  void visit(const Halide::Internal::Call *op) override;
  void visit(const Halide::Internal::Let *op) override;
  void visit(const Halide::Internal::Shuffle *op) override;
  void visit(const Halide::Internal::VectorReduce *op) override;

  std::unordered_map<Key, int64_t, KeyHash> known;
  Numbers names, contents, texts;
  /// Of the node that is visited: its description so far, or its number where it is known.
  Key key;
  int64_t number = 0;
  int64_t last = 0;
  uint64_t count = 0;
};

} // namespace quern::codegen
