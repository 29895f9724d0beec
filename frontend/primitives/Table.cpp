#include "frontend/Primitives.h"

namespace quern::frontend {

std::vector<int64_t> PrimitiveCall::integers(unsigned i) const {
  std::vector<int64_t> numbers;
  if (value(i).isInteger())
    return {integer(i)};
  for (const Value &element : value(i).elements())
    numbers.push_back(element.asInteger());
  return numbers;
}

static llvm::StringMap<PrimitiveFunction> makeTable() {
  llvm::StringMap<PrimitiveFunction> table;
  for (auto family : {elementwisePrimitives(), linearPrimitives(), reductionPrimitives(),
                      sequencePrimitives(), shapePrimitives(), staticPrimitives()})
    for (const Primitive &primitive : family)
      table[primitive.name] = primitive.function;
  return table;
}

static const llvm::StringMap<PrimitiveFunction> &table() {
  static const llvm::StringMap<PrimitiveFunction> theTable = makeTable();
  return theTable;
}

PrimitiveFunction primitiveNamed(StringRef name) { return table().lookup(name); }

std::vector<StringRef> primitiveNames() {
  std::vector<StringRef> names(table().keys().begin(), table().keys().end());
  llvm::sort(names);
  return names;
}

} // namespace quern::frontend
