// The plan: every choice that the compiler made for a model, as JSON.
#pragma once

#include "passes/conv/ConvPolicy.h"

#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/BuiltinOps.h"

namespace quern::passes {

/// Writes the choices found in a module that went through the pipeline (and the code generator's,
/// where it left them as attributes). The same module gives the same bytes.
///
/// { "model", "target", "arena_bytes", "live_bytes", "weights_bytes",
///   "launches": [{ "index", "kernel", "offset", "bytes", "flops", "source": ["file:line:column",
///   ...] }, ...], "kernels": [{ "name", "anchor", "algorithm", "ops": [...], "flops",
///   "attributes": {name: text},
///                 "operands": [{ "type", "order" }], "result": { "type", "order" } }, ...],
///   "weights": [{ "index", "type", "bytes", "parameters": [key, ...] }, ...] }
///
///
/// "convolutions": [{ "label", "shape", "algorithm", "tile", "reason", "candidates":
///   [{ "algorithm", "tile", "refusal", "microseconds" and "estimated_workspace_bytes" (by the
///   cost model), "workspace_bytes" (of the compiled kernel, where there is one), "max_error" and
///   "mean_error" (on the weights), "ms" (measured) }] }]
///
/// `offset` is -1 for a model output, `order` the axes from outermost to innermost in memory
/// (blocks after them), `live_bytes` the lower bound on any arena.
void writePlan(mlir::ModuleOp module, llvm::StringRef target,
               llvm::ArrayRef<ConvDecision> decisions, llvm::raw_ostream &out);

} // namespace quern::passes
