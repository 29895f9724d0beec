// The parameters of a model and the weights that fill them.
#pragma once

#include "frontend/weights/Binding.h"
#include "ir/Evaluate.h"
#include "tools/quern/Warnings.h"

#include <map>
#include <memory>

namespace quern::tools {

/// The name in place of a weights file's that stands for made-up numbers.
inline constexpr llvm::StringLiteral randomWeights = "random";

/// The parameters of an elaborated module, each once, in the order of first use.
std::vector<frontend::weights::RequiredParameter> requiredParameters(mlir::ModuleOp module);

/// Weights bound to parameters.
class BoundWeights {
public:
  /// Binds a weights file to the module's parameters. All that does not fit is printed to standard
  /// error at once, through `warnings` if none of it is an error; false otherwise. The file name
  /// `random` stands for made-up numbers, scaled so that activations keep their size: for timing a
  /// model without its weights.
  bool bind(mlir::ModuleOp module, const std::string &file, Warnings &warnings);

  /// The tensor of a parameter, for codegen.
  mlir::FailureOr<ir::HostTensor> load(ir::ParameterOp parameter) const;

private:
  bool makeUp(mlir::ModuleOp module);

  std::map<std::string, frontend::weights::Weight, std::less<>> byName;
};

} // namespace quern::tools
