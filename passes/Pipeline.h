// The order of the passes.
#pragma once

#include "passes/conv/ConvPolicy.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include <string>
#include <vector>

namespace quern::passes {

/// Whether the step programs of a causal model are derived.
enum class StepsMode {
  none,
  ifPossible, ///< a warning says why not
  required,
};

struct PipelineOptions {
  /// Names of passes ("fuse", "canonicalize", ...) after which the module is printed to stderr.
  std::vector<std::string> printIrAfter = {};
  /// How the algorithms of convolutions are chosen: direct, unless told.
  ConvPolicy conv = {};
  /// Whether the target's buffers have no parts, so that slices are copies.
  bool copySlices = false;
  StepsMode steps = StepsMode::none;
  /// Whether nothing but the step programs is compiled, where there are any.
  bool stepsAlone = false;
};

/// Canonical form: constants folded, batch norm in the weights, nothing dead or computed twice.
void buildSimplify(mlir::OpPassManager &pm);

/// Canonical form, and the proof of the causal contract that a model may state.
void buildProof(mlir::OpPassManager &pm);

/// From canonical form to the convolutions that algorithms are chosen for.
void buildChoosable(mlir::OpPassManager &pm);

/// From the frontend's module to what the code generator takes: kernels, prepare, and a model of
/// launches with offsets.
void buildPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// The step programs of a model in canonical form, as far as is needed to know what a sequence
/// keeps.
void buildStates(mlir::OpPassManager &pm);

/// The names of all passes that a pipeline may have, in order, each once.
std::vector<std::string> passNames();

/// Runs the pipeline. Fails, with diagnostics, on a module that is not a model.
mlir::LogicalResult runPipeline(mlir::ModuleOp module, const PipelineOptions &options = {});

/// Makes the passes and the pipelines `simplify` and `quern` known by name, for quern-opt.
void registerAll();

} // namespace quern::passes
