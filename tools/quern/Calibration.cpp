#include "tools/quern/Calibration.h"

#include "runtime/formats/ScratchFolder.h"
#include "runtime/formats/Zip.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

#include <fmt/format.h>

#include <cstring>

namespace quern::tools {
namespace {

/// The options under which the observed program is compiled.
CompilationOptions directOptions(const CompilationOptions &options) {
  CompilationOptions direct = options;
  direct.calibration.clear();
  direct.conv = ConvOptions();
  direct.conv.choice = "direct";
  direct.steps = passes::StepsMode::none;
  direct.planFile.clear();
  direct.replayFile.clear();
  direct.printIrAfter.clear();
  direct.hasWeightsFile = false;
  direct.isQuiet = true;
  return direct;
}

std::string nameOf(size_t index) { return fmt::format("observed.{}", index); }

/// Makes the model return what its convolutions read, once each, besides its own results, which
/// lose what a program would do with them. For each convolution the number of its input.
mlir::FailureOr<std::vector<size_t>> exposeInputs(mlir::ModuleOp module) {
  mlir::PassManager pm(module.getContext());
  passes::buildSimplify(pm);
  passes::buildChoosable(pm);
  if (mlir::failed(pm.run(module)))
    return mlir::failure();
  mlir::func::FuncOp model = modelFunction(module);
  llvm::MapVector<mlir::Value, size_t> inputs;
  std::vector<size_t> numbers;
  model.walk([&](ir::ConvOp conv) {
    numbers.push_back(inputs.try_emplace(conv.getInput(), inputs.size()).first->second);
  });
  mlir::OpBuilder builder(model.getContext());
  mlir::Operation *terminator = model.front().getTerminator();
  llvm::SmallVector<mlir::Value> results(terminator->getOperands());
  llvm::SmallVector<mlir::DictionaryAttr> attributes;
  auto addName = [&](mlir::Attribute name) {
    attributes.push_back(builder.getDictionaryAttr(builder.getNamedAttr(ir::names::name, name)));
  };
  for (unsigned i = 0; i < results.size(); ++i)
    addName(model.getResultAttr(i, ir::names::name));
  for (auto [input, number] : inputs) {
    results.push_back(input);
    addName(builder.getStringAttr(nameOf(number)));
  }
  terminator->setOperands(results);
  model.setFunctionType(
      builder.getFunctionType(model.getArgumentTypes(), mlir::ValueRange(results).getTypes()));
  model.setAllResultAttrs(attributes);
  model->removeAttr(ir::names::causal);
  return numbers;
}

/// Runs the program on the files; its outputs come as `outputs`, and what it says of errors as
/// `messages`.
bool run(const std::string &program, const std::vector<std::string> &files,
         const std::string &outputs, const std::string &messages) {
  llvm::SmallVector<llvm::StringRef> words{program, "--output", outputs};
  words.append(files.begin(), files.end());
  // What it prints of its results is of no interest here.
  std::string why;
  int code = llvm::sys::ExecuteAndWait(program, words, std::nullopt,
                                       {std::nullopt, llvm::StringRef(""), messages}, 0, 0, &why);
  if (code == 0)
    return true;
  if (auto said = llvm::MemoryBuffer::getFile(messages); said && why.empty())
    why = (*said)->getBuffer().trim().str();
  // The program's name and its --help mean nothing to who did not call it.
  llvm::StringRef reason = why;
  reason.consume_front("observed: error: ");
  reason.consume_back(" (see --help)");
  // Nor does where its outputs were to go: the files are those of --calibrate.
  const char *option = reason.consume_front("--output") ? "--calibrate" : "";
  fmt::print(stderr, "error: the model did not run on the inputs of --calibrate{}{}{}\n",
             reason.empty() ? "" : ": ", option, reason.str());
  return false;
}

/// Whether an input is a file, or "FILE.npz:ARRAY" of one.
bool isThere(llvm::StringRef input) {
  constexpr llvm::StringLiteral mark = ".npz:";
  size_t at = input.rfind(mark);
  return llvm::sys::fs::exists(input) ||
         (at != llvm::StringRef::npos &&
          llvm::sys::fs::exists(input.take_front(at + mark.size() - 1)));
}

std::vector<float> floatsOf(const runtime::Array &array) {
  if (array.dtype != QUERN_F32)
    return {};
  std::vector<float> values(array.data.size() / sizeof(float));
  std::memcpy(values.data(), array.data.data(), array.data.size());
  return values;
}

} // namespace

std::optional<std::vector<std::vector<float>>> calibrate(const CompilationOptions &options) {
  auto fail = [](const std::string &why) {
    fmt::print(stderr, "error: {}\n", why);
    return std::nullopt;
  };
  for (const std::string &input : options.calibration)
    if (input != "-" && !isThere(input))
      return fail(fmt::format("--calibrate: {}: no such file", input));
  CompilationOptions direct = directOptions(options);
  Compilation compilation(direct);
  if (!compilation.load() || !compilation.bindWeights())
    return std::nullopt;
  auto numbers = exposeInputs(compilation.module());
  if (mlir::failed(numbers))
    return std::nullopt;
  auto folder = runtime::ScratchFolder::create();
  if (!folder)
    return fail(folder.error());
  std::string program = folder->file("observed"), outputs = folder->file("observed.npz");
  if (!compilation.plan() || !compilation.build(codegen::EmitKind::executable, program) ||
      !run(program, options.calibration, outputs, folder->file("messages")))
    return std::nullopt;
  auto arrays = runtime::readNpz(outputs);
  if (!arrays)
    return fail(arrays.error());
  std::vector<std::vector<float>> observed;
  for (size_t number : *numbers)
    for (const runtime::NamedArray &named : *arrays)
      if (named.name == nameOf(number))
        observed.push_back(floatsOf(named.array));
  return observed;
}

} // namespace quern::tools
