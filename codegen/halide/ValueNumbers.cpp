#include "codegen/halide/ValueNumbers.h"

#include "llvm/ADT/Hashing.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

namespace quern::codegen {

namespace hi = Halide::Internal;

namespace {

bool isOneOrMinusOne(const Halide::Expr &expr) {
  if (const auto *lanes = expr.as<hi::Broadcast>())
    return isOneOrMinusOne(lanes->value);
  const auto *constant = expr.as<hi::FloatImm>();
  return constant != nullptr && std::abs(constant->value) == 1;
}

int64_t kindOf(hi::IRNodeType kind) { return static_cast<int64_t>(kind); }

} // namespace

size_t ValueNumbers::KeyHash::operator()(const Key &key) const {
  return llvm::hash_combine_range(key.begin(), key.end());
}

std::pair<int64_t, bool> ValueNumbers::find(Key description) {
  auto [entry, isNew] = known.try_emplace(std::move(description), last + 1);
  last += isNew ? 1 : 0;
  return {entry->second, isNew};
}

int64_t ValueNumbers::numberIn(Numbers &numbers, const std::string &name) {
  auto [entry, isNew] = numbers.try_emplace(name, last + 1);
  last += isNew ? 1 : 0;
  return entry->second;
}

int64_t ValueNumbers::numberOf(const Halide::Expr &expr) {
  Key around = std::exchange(
      key, {kindOf(expr->node_type), int64_t{expr.type().operator halide_type_t().as_u32()}});
  expr.accept(this);
  int64_t own = std::exchange(number, 0);
  if (own == 0)
    own = find(std::move(key)).first;
  key = std::move(around);
  return own;
}

void ValueNumbers::include(const Halide::Expr &part) {
  int64_t own = numberOf(part);
  key.push_back(own);
}

void ValueNumbers::countProduct(const Halide::Type &type) {
  if (type.is_float())
    count += static_cast<uint64_t>(type.lanes());
}

void ValueNumbers::visit(const hi::IntImm *op) { key.push_back(op->value); }
void ValueNumbers::visit(const hi::UIntImm *op) { key.push_back(static_cast<int64_t>(op->value)); }
void ValueNumbers::visit(const hi::StringImm *op) { key.push_back(numberIn(texts, op->value)); }
void ValueNumbers::visit(const hi::Variable *op) { number = numberIn(names, op->name); }

void ValueNumbers::visit(const hi::FloatImm *op) {
  key.push_back(std::bit_cast<int64_t>(std::abs(op->value)));
  number = find(std::move(key)).first * (op->value < 0 ? -1 : 1);
}

void ValueNumbers::visit(const hi::Broadcast *op) {
  int64_t value = numberOf(op->value);
  key.push_back(std::abs(value));
  number = find(std::move(key)).first * (value < 0 ? -1 : 1);
}

void ValueNumbers::visit(const hi::Add *op) {
  int64_t a = numberOf(op->a), b = numberOf(op->b);
  key.insert(key.end(), {std::min(a, b), std::max(a, b)});
}

void ValueNumbers::visit(const hi::Sub *op) {
  IRGraphVisitor::visit(op);
  if (hi::is_const_zero(op->a))
    number = -key.back();
}

/// By 2 it is a product too, though LLVM adds where nothing else is added to it: in sums, where
/// most of them are, it multiplies.
void ValueNumbers::visit(const hi::Mul *op) {
  int64_t a = numberOf(op->a), b = numberOf(op->b);
  int64_t sign = (a < 0) == (b < 0) ? 1 : -1;
  a = std::abs(a);
  b = std::abs(b);
  if (isOneOrMinusOne(op->b)) {
    number = sign * a;
    return;
  }
  key.insert(key.end(), {std::min(a, b), std::max(a, b)});
  auto [product, isNew] = find(std::move(key));
  number = sign * product;
  if (isNew)
    countProduct(op->type);
}

void ValueNumbers::visit(const hi::Load *op) {
  key.push_back(numberIn(contents, op->name));
  IRGraphVisitor::visit(op);
}

/// Narrow numbers are multiplied as wider ones by an intrinsic.
void ValueNumbers::visit(const hi::Call *op) {
  key.push_back(op->is_pure() ? numberIn(texts, op->name) : ++last);
  IRGraphVisitor::visit(op);
  auto [value, isNew] = find(std::move(key));
  number = value;
  if (isNew && op->is_intrinsic(hi::Call::widening_mul))
    countProduct(op->type);
}

void ValueNumbers::visit(const hi::Let *op) {
  bind(op->name, numberOf(op->value));
  number = numberOf(op->body);
}

void ValueNumbers::visit(const hi::Shuffle *op) {
  key.insert(key.end(), op->indices.begin(), op->indices.end());
  IRGraphVisitor::visit(op);
}

void ValueNumbers::visit(const hi::VectorReduce *op) {
  key.push_back(static_cast<int64_t>(op->op));
  IRGraphVisitor::visit(op);
}

} // namespace quern::codegen
