#include "tests/ops/reference/Reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

namespace quern::reference {
namespace {

using Unary = double (*)(double);
using Binary = double (*)(double, double);

template <typename Function>
Function find(const std::map<std::string_view, Function> &table, std::string_view op) {
  auto found = table.find(op);
  if (found == table.end())
    throw std::invalid_argument(fmt::format("no operation {}", op));
  return found->second;
}

Shape broadcastShape(const Shape &a, const Shape &b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (const Shape *shape : {&a, &b}) {
    size_t missing = result.size() - shape->size();
    for (size_t axis = 0; axis < shape->size(); ++axis) {
      int64_t extent = (*shape)[axis];
      int64_t &merged = result[missing + axis];
      if (extent != 1 && merged != 1 && extent != merged)
        throw std::invalid_argument(
            fmt::format("extents {} and {} do not broadcast", merged, extent));
      if (extent != 1)
        merged = extent;
    }
  }
  return result;
}

Tensor zip(Binary function, const Tensor &lhs, const Tensor &rhs) {
  Shape shape = broadcastShape(lhs.shape, rhs.shape);
  Tensor a = broadcast(lhs, shape), b = broadcast(rhs, shape), result(shape);
  for (size_t i = 0; i < result.values.size(); ++i)
    result.values[i] = function(a.values[i], b.values[i]);
  return result;
}

double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double smaller(double a, double b) { return std::isnan(a) || a < b ? a : b; }

} // namespace

Tensor unary(std::string_view op, const Tensor &input) {
  static const std::map<std::string_view, Unary> table = {
      {"neg", [](double x) { return -x; }},
      {"abs", [](double x) { return std::fabs(x); }},
      {"exp", [](double x) { return std::exp(x); }},
      {"log", [](double x) { return std::log(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"rsqrt", [](double x) { return 1 / std::sqrt(x); }},
      {"tanh", [](double x) { return std::tanh(x); }},
      {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"erf", [](double x) { return std::erf(x); }},
      {"relu", [](double x) { return larger(x, 0); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"floor", [](double x) { return std::floor(x); }},
      {"ceil", [](double x) { return std::ceil(x); }},
      {"round", [](double x) { return std::nearbyint(x); }},
      {"not", [](double x) -> double { return x == 0; }},
  };
  Unary function = find(table, op);
  Tensor result(input.shape);
  std::transform(input.values.begin(), input.values.end(), result.values.begin(), function);
  return result;
}

Tensor binary(std::string_view op, const Tensor &lhs, const Tensor &rhs) {
  static const std::map<std::string_view, Binary> table = {
      {"add", [](double a, double b) { return a + b; }},
      {"sub", [](double a, double b) { return a - b; }},
      {"mul", [](double a, double b) { return a * b; }},
      {"div", [](double a, double b) { return a / b; }},
      {"max", larger},
      {"min", smaller},
      {"pow", [](double a, double b) { return std::pow(a, b); }},
      {"and", [](double a, double b) -> double { return a != 0 && b != 0; }},
      {"or", [](double a, double b) -> double { return a != 0 || b != 0; }},
  };
  return zip(find(table, op), lhs, rhs);
}

Tensor compare(std::string_view predicate, const Tensor &lhs, const Tensor &rhs) {
  static const std::map<std::string_view, Binary> table = {
      {"eq", [](double a, double b) -> double { return a == b; }},
      {"ne", [](double a, double b) -> double { return a != b; }},
      {"lt", [](double a, double b) -> double { return a < b; }},
      {"le", [](double a, double b) -> double { return a <= b; }},
      {"gt", [](double a, double b) -> double { return a > b; }},
      {"ge", [](double a, double b) -> double { return a >= b; }},
  };
  return zip(find(table, predicate), lhs, rhs);
}

Tensor select(const Tensor &condition, const Tensor &whenTrue, const Tensor &whenFalse) {
  Shape shape = broadcastShape(condition.shape, broadcastShape(whenTrue.shape, whenFalse.shape));
  Tensor c = broadcast(condition, shape), result = broadcast(whenFalse, shape);
  Tensor yes = broadcast(whenTrue, shape);
  for (size_t i = 0; i < result.values.size(); ++i)
    if (c.values[i] != 0)
      result.values[i] = yes.values[i];
  return result;
}

} // namespace quern::reference
