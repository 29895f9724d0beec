#include "passes/Plan.h"

#include "ir/Layout.h"
#include "ir/SourceLocation.h"
#include "passes/Arena.h"
#include "passes/FusionRules.h"
#include "passes/Model.h"
#include "passes/PlanReplay.h"

#include "llvm/Support/JSON.h"

#include <cmath>
#include <string>
#include <vector>

namespace quern::passes {
namespace {

using llvm::json::OStream;

template <typename Printable> std::string textOf(Printable value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

/// Where a kernel comes from: the labels of its ops ("layer1.0.conv1") and their places in the
/// model's file.
struct Origin {
  std::vector<std::string> labels, places;

  void add(mlir::Location location) {
    if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(location)) {
      for (mlir::Location part : fused.getLocations())
        add(part);
    } else if (auto name = llvm::dyn_cast<mlir::NameLoc>(location)) {
      insert(labels, name.getName().str());
      add(name.getChildLoc());
    } else if (std::string place = ir::locationText(location); !place.empty()) {
      insert(places, std::move(place));
    }
  }

private:
  static void insert(std::vector<std::string> &list, std::string text) {
    if (!llvm::is_contained(list, text))
      list.push_back(std::move(text));
  }
};

void writeList(OStream &json, llvm::StringRef name, const std::vector<std::string> &values) {
  json.attributeArray(name, [&] {
    for (const std::string &value : values)
      json.value(value);
  });
}

int64_t flopsOf(mlir::func::FuncOp kernel) {
  int64_t flops = 0;
  for (mlir::Operation &op : kernel.front())
    if (auto cost = llvm::dyn_cast<ir::CostInterface>(op))
      flops += cost.flops();
  return flops;
}

void writeType(OStream &json, mlir::Type type) {
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  json.object([&] {
    json.attribute("type", textOf(ir::rowMajor(tensor)));
    json.attributeArray("order", [&] {
      for (const ir::PhysicalDim &dim : ir::physicalDims(tensor))
        json.value(dim.axis);
    });
  });
}

void writeKernel(OStream &json, mlir::func::FuncOp kernel) {
  json.object([&] {
    json.attribute("name", kernel.getName());
    json.attributeArray("ops", [&] {
      for (mlir::Operation &op : kernel.front().without_terminator())
        json.value(op.getName().stripDialect());
    });
    for (mlir::Operation &op : kernel.front()) {
      if (isAnchor(&op))
        json.attribute("anchor", op.getName().stripDialect());
      if (ir::ConvAttr algorithm = algorithmOf(&op))
        json.attribute("algorithm", algorithm.text());
    }
    json.attribute("flops", flopsOf(kernel));
    json.attributeArray("operands", [&] {
      for (mlir::Type type : kernel.getArgumentTypes())
        writeType(json, type);
    });
    json.attributeBegin("result");
    writeType(json, kernel.getResultTypes().front());
    json.attributeEnd();
    json.attributeObject("attributes", [&] {
      for (mlir::NamedAttribute attribute : kernel->getDiscardableAttrs())
        if (attribute.getName() != ir::names::kernel)
          json.attribute(attribute.getName().strref(), textOf(attribute.getValue()));
    });
  });
}

void writeLaunch(OStream &json, int64_t index, ir::LaunchOp launch, mlir::func::FuncOp kernel) {
  json.object([&] {
    json.attribute("index", index);
    json.attribute("kernel", launch.getKernel());
    if (launch.getOffsets())
      json.attribute("offset", launch.getOffsets()->front());
    json.attribute("bytes", ir::tensorBytes(tensorType(launch.getOutputs().front())));
    json.attribute("flops", flopsOf(kernel));
    Origin origin;
    origin.add(launch.getLoc());
    writeList(json, "labels", origin.labels);
    writeList(json, "source", origin.places);
  });
}

/// The keys of the parameters that `value` is computed from, in the order of prepare's ops.
void writeParameters(OStream &json, mlir::func::FuncOp prepare, mlir::Value value) {
  llvm::DenseSet<mlir::Operation *> needed;
  llvm::SmallVector<mlir::Value> pending{value};
  while (!pending.empty())
    if (mlir::Operation *op = pending.pop_back_val().getDefiningOp(); needed.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  json.attributeArray("parameters", [&] {
    for (auto parameter : prepare.front().getOps<ir::ParameterOp>())
      if (needed.contains(parameter))
        json.value(parameter.getKey());
  });
}

int64_t writeWeights(OStream &json, mlir::func::FuncOp prepare) {
  int64_t total = 0;
  json.attributeArray("weights", [&] {
    for (auto [index, value] : llvm::enumerate(prepare.front().getTerminator()->getOperands())) {
      mlir::RankedTensorType type = tensorType(value);
      total += ir::tensorBytes(type);
      json.object([&] {
        json.attribute("index", static_cast<int64_t>(index));
        json.attribute("type", textOf(type));
        json.attribute("bytes", ir::tensorBytes(type));
        writeParameters(json, prepare, value);
      });
    }
  });
  return total;
}

void writeVariant(OStream &json, ir::ConvAlgorithm algorithm, llvm::ArrayRef<int64_t> tile) {
  json.attribute("algorithm", ir::stringifyConvAlgorithm(algorithm));
  json.attributeArray("tile", [&] {
    for (int64_t extent : tile)
      json.value(extent);
  });
}

/// JSON has no infinity, which the error of an algorithm that overflows is.
llvm::json::Value numberOrNull(double value) {
  return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(nullptr);
}

void writeCandidate(OStream &json, const ConvCandidate &candidate) {
  json.object([&] {
    writeVariant(json, candidate.algorithm, candidate.tile);
    if (!candidate.refusal.empty())
      json.attribute("refusal", candidate.refusal);
    if (candidate.cost.microseconds > 0) {
      json.attribute("microseconds", candidate.cost.microseconds);
      json.attribute("estimated_workspace_bytes", candidate.cost.workspaceBytes);
    }
    if (candidate.workspaceBytes)
      json.attribute("workspace_bytes", *candidate.workspaceBytes);
    if (candidate.error) {
      json.attribute("max_error", numberOrNull(candidate.error->max));
      json.attribute("mean_error", numberOrNull(candidate.error->mean));
    }
    if (candidate.milliseconds)
      json.attribute("ms", *candidate.milliseconds);
  });
}

void writeDecision(OStream &json, const ConvDecision &decision) {
  json.object([&] {
    json.attribute("label", decision.label);
    json.attribute("shape", decision.shape.text());
    writeVariant(json, decision.algorithm, decision.tile);
    json.attribute("reason", decision.reason);
    json.attributeArray("candidates", [&] {
      for (const ConvCandidate &candidate : decision.candidates)
        writeCandidate(json, candidate);
    });
  });
}

} // namespace

void writePlan(mlir::ModuleOp module, llvm::StringRef target,
               llvm::ArrayRef<ConvDecision> decisions, llvm::raw_ostream &out) {
  mlir::func::FuncOp model = signatureOf(module), prepare = prepareOf(module);
  if (!model)
    return;
  std::string text;
  llvm::raw_string_ostream stream(text);
  OStream json(stream, 2);
  json.object([&] {
    json.attribute("model", model.getName());
    json.attribute("target", target);
    if (auto arena = model->getAttrOfType<mlir::IntegerAttr>(ir::names::arenaBytes))
      json.attribute("arena_bytes", arena.getInt());
    if (!model.isDeclaration())
      json.attribute("live_bytes", liveBytes(collectLifetimes(model).allocations));
    mlir::SymbolTable symbols(module);
    json.attributeArray("launches", [&] {
      for (auto [index, launch] : llvm::enumerate(model.getOps<ir::LaunchOp>()))
        writeLaunch(json, static_cast<int64_t>(index), launch,
                    symbols.lookup<mlir::func::FuncOp>(launch.getKernel()));
    });
    json.attributeArray("kernels", [&] {
      for (auto function : module.getOps<mlir::func::FuncOp>())
        if (function->hasAttr(ir::names::kernel))
          writeKernel(json, function);
    });
    json.attributeArray("convolutions", [&] {
      for (const ConvDecision &decision : decisions)
        writeDecision(json, decision);
    });
    int64_t weightBytes = prepare ? writeWeights(json, prepare) : 0;
    json.attribute("weights_bytes", weightBytes);
  });
  stream << "\n";
  out << withChecksum(text);
}

} // namespace quern::passes
