// A model of one input and one output, both f64, compiled into a library and loaded.
#pragma once

#include "runtime/quern.h"
#include "tests/passes/Interpreter.h"

#include <string>

namespace quern::passes {

class CompiledModel {
public:
  /// Compiles the model called "model", with no contract on it. Fails the current test, and leaves
  /// the object false, where that is not possible.
  CompiledModel(mlir::ModuleOp module, const Parameters &parameters);
  ~CompiledModel();
  CompiledModel(const CompiledModel &) = delete;
  CompiledModel &operator=(const CompiledModel &) = delete;

  explicit operator bool() const { return context != nullptr; }
  /// The output, of that shape, of a full pass.
  reference::Tensor run(const reference::Tensor &input, llvm::ArrayRef<int64_t> shape) const;

private:
  std::string folder;
  void *library = nullptr;
  quern_context *context = nullptr;
  decltype(&::quern_run) runModel = nullptr;
  decltype(&::quern_destroy) destroy = nullptr;
};

} // namespace quern::passes
