// What the elaboration tests share: compiling a text with the library of this repository.
#pragma once

#include "frontend/Frontend.h"
#include "ir/Quern.h"

#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

#include <map>

namespace quern::frontend {

inline const std::string libraryPath = QUERN_SOURCE_DIR "/frontend/library";

/// A compiled text: its module (null after errors) and what was said.
struct Compiled {
  explicit Compiled(llvm::StringRef text, Options options = {}) : context(makeContext()) {
    if (options.library.empty())
      options.library = libraryPath;
    llvm::raw_string_ostream stream(messages);
    module = compileText(QUERN_SOURCE_DIR "/models/test.qn", text, options, *context, stream);
  }

  static std::unique_ptr<mlir::MLIRContext> makeContext() {
    return std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  }

  mlir::func::FuncOp function() { return *module->getOps<mlir::func::FuncOp>().begin(); }

  /// Parameter keys with their shapes.
  std::map<std::string, std::vector<int64_t>> parameters() {
    std::map<std::string, std::vector<int64_t>> result;
    module->walk([&](ir::ParameterOp op) {
      auto shape = llvm::cast<mlir::RankedTensorType>(op.getType()).getShape();
      EXPECT_TRUE(result.emplace(op.getKey().str(), std::vector<int64_t>(shape)).second)
          << op.getKey().str();
    });
    return result;
  }

  template <typename Op> std::vector<Op> ops() {
    std::vector<Op> result;
    module->walk([&](Op op) { result.push_back(op); });
    return result;
  }

  std::vector<int64_t> resultShape(unsigned i = 0) {
    auto shape = llvm::cast<mlir::RankedTensorType>(function().getResultTypes()[i]).getShape();
    return std::vector<int64_t>(shape);
  }

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string messages;
};

} // namespace quern::frontend
