#include "codegen/Header.h"

#include "codegen/Symbols.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <fmt/format.h>

namespace quern::codegen {
namespace {

/// The element type's name in C.
llvm::StringRef cType(mlir::Type element) {
  if (element.isF32())
    return "float";
  if (element.isF64())
    return "double";
  if (element.isF16() || element.isBF16())
    return "uint16_t";
  if (element.isInteger(1) || element.isUnsignedInteger(8))
    return "uint8_t";
  if (element.isInteger(8))
    return "int8_t";
  if (element.isInteger(16))
    return "int16_t";
  return element.isInteger(32) ? "int32_t" : "int64_t";
}

std::string elementName(mlir::Type element) {
  if (element.isInteger(1))
    return "bool";
  if (element.isUnsignedInteger(8))
    return "u8";
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}

/// " *   inputs[0]  image  f32[1, 3, 224, 224]  row-major, 602112 bytes, const float *"
std::string tensorLine(llvm::StringRef array, size_t index, llvm::StringRef name, mlir::Type type,
                       llvm::StringRef constness) {
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  std::string shape = llvm::join(
      llvm::map_range(tensor.getShape(), [](int64_t d) { return std::to_string(d); }), ", ");
  return fmt::format(" *   {}[{}]  {}: {}[{}], row-major, {} bytes ({}{} *)\n", array.str(), index,
                     name.str(), elementName(tensor.getElementType()), shape,
                     ir::tensorBytes(ir::rowMajor(tensor)), constness.str(),
                     cType(tensor.getElementType()).str());
}

llvm::StringRef nameOf(mlir::DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<mlir::StringAttr>(ir::names::name) : nullptr;
  return name ? name.getValue() : "unnamed";
}

} // namespace

std::string modelHeader(mlir::func::FuncOp model, llvm::StringRef symbol, llvm::StringRef target) {
  std::string inputs, outputs;
  size_t count = 0;
  for (auto [index, type] : llvm::enumerate(model.getArgumentTypes())) {
    mlir::DictionaryAttr attributes = model.getArgAttrDict(index);
    if (!attributes || !attributes.contains(ir::names::weight))
      inputs += tensorLine("inputs", count++, nameOf(attributes), type, "const ");
  }
  for (auto [index, type] : llvm::enumerate(model.getResultTypes()))
    outputs += tensorLine("outputs", index, nameOf(model.getResultAttrDict(index)), type, "");
  std::string accessor = accessorSymbol(symbol.str());
  std::string guard = llvm::StringRef(accessor).upper() + "_H";
  return fmt::format(R"(/* {0}, compiled by Quern for {1}.
 *
{2}{3} *
 * Use it through quern.h: quern_create({5}(), NULL, &context), quern_run(context, inputs, outputs).
 */
#ifndef {4}
#define {4}

#include "quern.h"

#ifdef __cplusplus
extern "C" {{
#endif

/* The model: immutable, lives as long as the program. */
QUERN_API const quern_model *{5}(void);

#ifdef __cplusplus
}}
#endif

#endif
)",
                     symbol.str(), target.str(), inputs, outputs, guard, accessor);
}

std::vector<std::string> headersOf(EmitKind emit, llvm::StringRef output) {
  bool isLibrary = emit == EmitKind::staticLibrary || emit == EmitKind::shared;
  if (!isLibrary && emit != EmitKind::object)
    return {};
  llvm::StringRef name = llvm::sys::path::filename(output);
  // A shared library may carry its version: libmy.so.1.
  size_t version = emit == EmitKind::shared ? name.find(".so.") : llvm::StringRef::npos;
  name = version == llvm::StringRef::npos ? llvm::sys::path::stem(name) : name.take_front(version);
  if (isLibrary)
    name.consume_front("lib");
  auto beside = [&](const llvm::Twine &header) {
    llvm::SmallString<128> path(llvm::sys::path::parent_path(output));
    llvm::sys::path::append(path, header);
    return path.str().str();
  };
  return {beside(name + ".h"), beside("quern.h")};
}

bool isOwnHeader(llvm::StringRef text) {
  llvm::StringRef first = text.split('\n').first;
  return first.contains(", compiled by Quern for ") || first.starts_with("/* Quern's C interface");
}

} // namespace quern::codegen
