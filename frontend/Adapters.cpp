#include "frontend/Adapters.h"

#include "frontend/Distributions.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cfloat>
#include <cmath>

namespace quern::frontend {

namespace {

using AdapterFunction = mlir::Attribute (*)(Elaborator &, const BoundAdapter &);

struct Adapter {
  StringRef name;
  bool isForInputs;
  AdapterFunction function;
};

std::vector<double> numbers(const Value &list) {
  std::vector<double> result;
  for (const Value &element : list.elements())
    result.push_back(element.asNumber());
  return result;
}

/// The largest that the runtime scales a photo to.
constexpr int64_t maxResize = 1 << 14;

mlir::Attribute photo(Elaborator &elaborator, const BoundAdapter &adapter) {
  mlir::RankedTensorType type = adapter.type;
  mlir::MLIRContext *context = elaborator.builder.getContext();
  int64_t resize = adapter.arguments[0].value.asInteger(),
          crop = adapter.arguments[1].value.asInteger();
  std::vector<double> mean = numbers(adapter.arguments[2].value),
                      deviation = numbers(adapter.arguments[3].value);
  if (crop < 1 || resize < crop || resize > maxResize) {
    elaborator.error<diag::PhotoSizes>(adapter.call.range, resize, crop, maxResize);
    return nullptr;
  }
  if (!type.getElementType().isF32() || type.getRank() != 4 || type.getDimSize(1) != 3 ||
      type.getDimSize(2) != crop || type.getDimSize(3) != crop) {
    elaborator.error<diag::PhotoShape>(adapter.call.range, crop, typeText(type));
    return nullptr;
  }
  for (unsigned i : {2, 3}) {
    const std::vector<double> &channels = i == 2 ? mean : deviation;
    if (channels.size() != 3 ||
        llvm::any_of(channels, [](double d) { return std::abs(d) > FLT_MAX; }) ||
        (i == 3 && llvm::any_of(channels, [](double d) { return d < FLT_MIN; }))) {
      elaborator.error<diag::PhotoChannels>(adapter.rangeOf(i), FLT_MIN);
      return nullptr;
    }
  }
  return ir::PhotoAttr::get(context, resize, crop, mlir::DenseF64ArrayAttr::get(context, mean),
                            mlir::DenseF64ArrayAttr::get(context, deviation));
}

/// The file that argument `i` names, seen from the model's; null after an error.
std::unique_ptr<llvm::MemoryBuffer> readFile(Elaborator &elaborator, const BoundAdapter &adapter,
                                             unsigned i) {
  llvm::SmallString<256> path(adapter.arguments[i].value.asString());
  if (llvm::sys::path::is_relative(path)) {
    path = llvm::sys::path::parent_path(elaborator.frame->file->path);
    llvm::sys::path::append(path, adapter.arguments[i].value.asString());
  }
  auto buffer = elaborator.program.readFile(path);
  if (buffer)
    return std::move(*buffer);
  elaborator.error<diag::CannotRead>(adapter.rangeOf(i), path.str(), buffer.getError().message());
  return nullptr;
}

/// The names of an input's integers: the characters of a text.
mlir::Attribute text(Elaborator &elaborator, const BoundAdapter &adapter) {
  mlir::Builder &builder = elaborator.builder;
  mlir::Type element = adapter.type.getElementType();
  if (adapter.type.getRank() != 2 ||
      !(element.isSignlessInteger(32) || element.isSignlessInteger(64))) {
    elaborator.error<diag::TextShape>(adapter.call.range, typeText(adapter.type));
    return nullptr;
  }
  auto buffer = readFile(elaborator, adapter, 0);
  if (!buffer)
    return nullptr;
  llvm::SetVector<mlir::Attribute> symbols;
  StringRef contents = buffer->getBuffer(), rest = contents;
  auto fail = [&]() -> mlir::Attribute {
    elaborator.error<diag::VocabularyCharacters>(adapter.rangeOf(0), buffer->getBufferIdentifier(),
                                                 contents.size() - rest.size());
    return nullptr;
  };
  while (!rest.empty()) {
    const auto *start = reinterpret_cast<const llvm::UTF8 *>(rest.begin());
    size_t length = llvm::getNumBytesForUTF8(*start);
    if (length > rest.size() || !llvm::isLegalUTF8Sequence(start, start + length) ||
        !symbols.insert(builder.getStringAttr(rest.take_front(length))))
      return fail();
    rest = rest.drop_front(length);
  }
  if (symbols.empty())
    return fail();
  return ir::LabelsAttr::get(builder.getContext(), /*top=*/1,
                             builder.getArrayAttr(symbols.getArrayRef()));
}

mlir::Attribute labels(Elaborator &elaborator, const BoundAdapter &adapter) {
  mlir::Builder &builder = elaborator.builder;
  mlir::RankedTensorType type = adapter.type;
  auto buffer = readFile(elaborator, adapter, 0);
  if (!buffer)
    return nullptr;
  llvm::SmallVector<mlir::Attribute> names;
  for (llvm::line_iterator line(*buffer); !line.is_at_end(); ++line)
    names.push_back(builder.getStringAttr(line->trim()));
  if (!llvm::isa<mlir::FloatType>(type.getElementType())) {
    elaborator.error<diag::LabelScores>(adapter.call.range, typeText(type));
    return nullptr;
  }
  int64_t classes = type.getRank() == 0 ? 1 : type.getShape().back();
  if (classes != static_cast<int64_t>(names.size())) {
    elaborator.error<diag::LabelCount>(adapter.rangeOf(0), buffer->getBufferIdentifier(),
                                       names.size(), typeText(type));
    return nullptr;
  }
  int64_t top = adapter.arguments[1].value.asInteger();
  if (top < 1 || top > classes) {
    elaborator.error<diag::LabelTop>(adapter.rangeOf(1), top, classes);
    return nullptr;
  }
  return ir::LabelsAttr::get(builder.getContext(), top, builder.getArrayAttr(names));
}

constexpr Adapter adapters[] = {
    {"photo", true, photo},
    {"text", true, text},
    {"labels", false, labels},
    {"categorical", false, categorical},
    {"bernoulli", false, bernoulli},
    {"logistic_mixture", false, logisticMixture},
    {"gaussian_mixture", false, gaussianMixture},
};

mlir::Attribute adapt(Elaborator &elaborator, const CallExpr &call, mlir::RankedTensorType type,
                      mlir::func::FuncOp model, unsigned index, bool isForInputs) {
  const auto &name = *llvm::cast<NameExpr>(call.callee);
  const Adapter *found = llvm::find_if(adapters, [&](const Adapter &adapter) {
    return adapter.name == name.name && adapter.isForInputs == isForInputs;
  });
  const Definition *definition = elaborator.program.find(*elaborator.frame->file, name.name);
  if (found == std::end(adapters) || !definition || !definition->callable) {
    std::vector<StringRef> known;
    for (const Adapter &adapter : adapters)
      if (adapter.isForInputs == isForInputs)
        known.push_back(adapter.name);
    elaborator.error<diag::UnknownAdapter>(name.range, name.name, isForInputs ? "from" : "as",
                                           llvm::join(known, ", "));
    return nullptr;
  }
  Frame callee;
  callee.file = definition->file;
  callee.callable = definition->callable;
  callee.caller = elaborator.frame;
  callee.callRange = call.range;
  std::vector<ArgumentValue> values;
  if (!elaborator.bindArguments(callee, call.arguments, call.range, values))
    return nullptr;
  return found->function(elaborator,
                         {call, definition->callable, std::move(values), type, model, index});
}

} // namespace

mlir::Attribute inputAdapter(Elaborator &elaborator, const CallExpr &adapter,
                             mlir::RankedTensorType type) {
  return adapt(elaborator, adapter, type, nullptr, 0, /*isForInputs=*/true);
}

mlir::Attribute resultAdapter(Elaborator &elaborator, const CallExpr &adapter,
                              mlir::RankedTensorType type, mlir::func::FuncOp model,
                              unsigned index) {
  return adapt(elaborator, adapter, type, model, index, /*isForInputs=*/false);
}

} // namespace quern::frontend
