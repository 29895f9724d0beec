// What the runtime would refuse is refused when it is compiled.
#include "codegen/Build.h"
#include "ir/HostTensor.h"
#include "ir/Quern.h"
#include "passes/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::tests {
namespace {

/// A byte has no 300 levels. The frontend says so; IR by hand goes past it.
constexpr const char *source = R"(
func.func @bytes(%x: tensor<1x4xui8> {quern.name = "x"}) -> (tensor<1x4x3xf32> {quern.name = "y", quern.as = #quern.distribution<kind = logistic_mixture, axis = 2, levels = 300, components = 1, range = [0.0, 1.0]>})
    attributes {quern.model, quern.causal = #quern.causal<input = 0, input_axes = [1], output = 0, output_axes = [1], strict = false>} {
  %0 = quern.cast %x to f32 : (tensor<1x4xui8>) -> tensor<1x4xf32>
  %1 = quern.reshape %0 to [1, 4, 1] : (tensor<1x4xf32>) -> tensor<1x4x1xf32>
  %2 = quern.parameter "w" : tensor<3xf32>
  %3 = quern.mul %1, %2 : (tensor<1x4x1xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  return %3 : tensor<1x4x3xf32>
}
)";

TEST(RefusedImage, IsNotWritten) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  ASSERT_TRUE(module);
  passes::PipelineOptions pipeline;
  pipeline.steps = passes::StepsMode::required;
  ASSERT_TRUE(mlir::succeeded(passes::runPipeline(*module, pipeline)));
  std::string said, error;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    said += diagnostic.str();
    return mlir::success();
  });
  std::optional<codegen::Target> target = codegen::parseTarget("host", error);
  ASSERT_TRUE(target) << error;
  codegen::BuildOptions build;
  build.emit = codegen::EmitKind::llvm;
  build.output = testing::TempDir() + "/refused.ll";
  build.cacheFolder = QUERN_BINARY_DIR "/test-cache";
  build.load = [](ir::ParameterOp parameter) -> mlir::FailureOr<ir::HostTensor> {
    return ir::HostTensor::allocate(
        llvm::cast<mlir::RankedTensorType>(parameter.getResult().getType()));
  };
  EXPECT_TRUE(mlir::failed(codegen::build(*module, *target, build)));
  EXPECT_THAT(said, testing::HasSubstr("the runtime would refuse the compiled model, as the order "
                                       "in the model image is impossible"));
}

} // namespace
} // namespace quern::tests
