#include "tests/causal/Perturbation.h"

#include "ir/HostTensor.h"
#include "passes/Model.h"
#include "passes/Pipeline.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern::passes {
namespace {

/// A number that no other element has, nor a sum of them.
double genericNumber(int64_t at) { return std::sin(1.0 + 2.3 * static_cast<double>(at)); }

} // namespace

SimplifiedModel::SimplifiedModel(mlir::ModuleOp source) : module(source.clone()) {
  mlir::PassManager simplify(source.getContext());
  buildSimplify(simplify);
  EXPECT_TRUE(mlir::succeeded(simplify.run(*module)));
  mlir::func::FuncOp function = modelOf(*module);
  analysis = analyseCausality(function, function->getAttrOfType<ir::CausalAttr>(ir::names::causal));
  EXPECT_TRUE(mlir::succeeded(analysis));
}

Perturbation::Perturbation(llvm::function_ref<reference::Tensor(const reference::Tensor &)> run,
                           const CausalAnalysis &analysis)
    : positions(analysis.positions), input(tensorType(analysis.input()).getShape().vec()) {
  for (int64_t at = 0; at < input.size(); ++at)
    input.values[at] = genericNumber(at);
  expected = run(input);
  for (int64_t rank = 0; rank < positions.count(); ++rank)
    moved.push_back(run(movedInput(rank)));
}

reference::Tensor Perturbation::movedInput(int64_t rank) const {
  reference::Tensor changed = input;
  reference::forEachIndex(input.shape, [&](const reference::Index &index) {
    if (positions.inputRanks().at(index) == rank)
      changed.at(index) += 0.37 + 0.1 * genericNumber(rank);
  });
  return changed;
}

Perturbation perturb(mlir::ModuleOp module, const Parameters &parameters,
                     const CausalAnalysis &analysis) {
  mlir::OwningOpRef<mlir::ModuleOp> lowered(module.clone());
  // What breaks its contract is to run, too.
  modelOf(*lowered)->removeAttr(ir::names::causal);
  EXPECT_TRUE(mlir::succeeded(runPipeline(*lowered)));
  return Perturbation(
      [&](const reference::Tensor &input) {
        return interpret(*lowered, parameters, {input}).front();
      },
      analysis);
}

void expectSameDependence(const CausalAnalysis &analysis, const Perturbation &perturbation) {
  const Positions &positions = analysis.positions;
  const RankTensor &available = analysis.available.of(analysis.output());
  int64_t at = 0;
  std::vector<std::vector<bool>> seen(positions.count(), std::vector<bool>(positions.count()));
  reference::forEachIndex(perturbation.output().shape, [&](const reference::Index &index) {
    int64_t latest = RankTensor::never, own = positions.outputRanks().at(index);
    for (int64_t rank = 0; rank < positions.count(); ++rank)
      if (perturbation.depends(at, rank)) {
        latest = rank;
        seen[own][rank] = true;
      }
    EXPECT_EQ(available.at(index), latest) << "available, element " << at;
    ++at;
  });
  for (int64_t own = 0; own < positions.count(); ++own) {
    ReceptiveField field = receptiveField(analysis, positions.positionOf(own));
    size_t number = 0;
    ir::forEachIndex(positions.extents(), [&](llvm::ArrayRef<int64_t> position) {
      EXPECT_EQ(field.seen[number++] != 0, seen[own][positions.rankOf(position)])
          << "field of " << own << " at " << positions.rankOf(position);
    });
  }
}

} // namespace quern::passes
