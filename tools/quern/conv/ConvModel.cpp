#include "tools/quern/conv/ConvModel.h"

#include "ir/FilterTransform.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"

namespace quern::tools {
namespace {

using mlir::RankedTensorType;
using mlir::Value;

/// With all pixels on one axis where a compilation would put them there (collapse-pixels).
passes::ConvShape collapsed(passes::ConvShape shape) {
  bool isPixelwise = llvm::all_of(shape.axes, [](const passes::ConvAxis &axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.padLow == 0 && axis.padHigh == 0;
  });
  if (!isPixelwise || shape.isProduct)
    return shape;
  passes::ConvAxis row;
  for (passes::ConvAxis &axis : shape.axes) {
    row.in *= axis.in;
    axis = {};
  }
  row.out = row.in;
  shape.axes.back() = row;
  return shape;
}

class ConvModel {
public:
  ConvModel(mlir::MLIRContext &context, const ConvVariant &variant)
      : variant(variant), shape(collapsed(variant.shape)), builder(&context),
        location(builder.getUnknownLoc()), module(mlir::ModuleOp::create(location)) {}

  mlir::OwningOpRef<mlir::ModuleOp> build() {
    RankedTensorType rows = inputType(), result = writeConvolution();
    RankedTensorType last = ir::channelsLast(rows), outRows = ir::rowMajor(result);
    writeCopy("to_channels_last", rows, last);
    writeCopy("to_row_major", result, outRows);
    writePrepare();
    auto model = function("conv", {rows, weightType}, outRows, ir::names::model);
    setName(model, 0, "x");
    model.setArgAttr(1, ir::names::weight, builder.getI64IntegerAttr(0));
    model.setResultAttr(0, ir::names::name, builder.getStringAttr("y"));
    mlir::Block &body = model.front();
    Value x = launch("to_channels_last", last, {body.getArgument(0)});
    Value y = launch(convKernelName, result, {x, body.getArgument(1)});
    mlir::func::ReturnOp::create(builder, location, launch("to_row_major", outRows, {y}));

    mlir::PassManager pm(builder.getContext());
    pm.addPass(passes::createPlanMemory());
    pm.addPass(passes::createVerifyStage({"planned"}));
    if (mlir::failed(pm.run(*module)))
      return nullptr;
    return std::move(module);
  }

private:
  RankedTensorType tensor(llvm::ArrayRef<int64_t> extents) {
    return RankedTensorType::get(extents, passes::typeOf(shape.element, builder.getContext()));
  }

  RankedTensorType inputType() {
    llvm::SmallVector<int64_t> extents{shape.batch, shape.inChannels};
    for (const passes::ConvAxis &axis : shape.axes)
      extents.push_back(axis.in);
    return tensor(extents);
  }

  ir::ConvAttr algorithm() {
    return ir::ConvAttr::get(builder.getContext(), variant.algorithm, variant.tile);
  }

  mlir::IntegerAttr taps() {
    return shape.maskedTo > 0 ? builder.getI64IntegerAttr(shape.maskedTo) : nullptr;
  }

  /// A function with a body, into which the builder goes on to write.
  mlir::func::FuncOp function(llvm::StringRef name, llvm::ArrayRef<mlir::Type> inputs,
                              mlir::TypeRange results, llvm::StringRef mark) {
    builder.setInsertionPointToEnd(module->getBody());
    auto made = mlir::func::FuncOp::create(builder, location, name,
                                           builder.getFunctionType(inputs, results));
    made->setAttr(mark, builder.getUnitAttr());
    if (mark != ir::names::model)
      made.setPrivate();
    builder.setInsertionPointToStart(made.addEntryBlock());
    return made;
  }

  void setName(mlir::func::FuncOp model, unsigned argument, llvm::StringRef name) {
    model.setArgAttr(argument, ir::names::name, builder.getStringAttr(name));
  }

  void writeCopy(llvm::StringRef name, RankedTensorType from, RankedTensorType to) {
    auto copy = function(name, from, to, ir::names::kernel);
    Value moved = ir::ReshapeOp::create(builder, location, to, copy.getArgument(0), to.getShape());
    mlir::func::ReturnOp::create(builder, location, moved);
  }

  /// Returns the type of the result.
  RankedTensorType writeConvolution() {
    bool transforms = algorithm().transformsFilter();
    llvm::SmallVector<int64_t> filter = shape.filterShape(),
                               strides = shape.along(&passes::ConvAxis::stride);
    weightType = tensor(shape.isProduct ? llvm::ArrayRef(filter).take_front(2) : filter);
    if (transforms)
      weightType = RankedTensorType::get(
          *ir::inferTransformedFilter({}, algorithm(), filter, strides,
                                      shape.along(&passes::ConvAxis::dilation), shape.groups),
          ir::transformedElement(weightType.getElementType()));
    RankedTensorType input = ir::channelsLast(inputType());
    auto kernel = function(convKernelName, {input, weightType}, {}, ir::names::kernel);
    auto filterAttribute = transforms ? builder.getDenseI64ArrayAttr(filter) : nullptr;
    Value output = shape.isProduct ? writeProduct(kernel, filterAttribute)
                                   : ir::ConvOp::create(builder, location, kernel.getArgument(0),
                                                        kernel.getArgument(1), strides,
                                                        shape.along(&passes::ConvAxis::dilation),
                                                        shape.along(&passes::ConvAxis::padLow),
                                                        shape.along(&passes::ConvAxis::padHigh),
                                                        static_cast<uint64_t>(shape.groups),
                                                        algorithm(), filterAttribute, taps());
    RankedTensorType result = ir::channelsLast(ir::tensorType(output));
    output.setType(result);
    mlir::func::ReturnOp::create(builder, location, output);
    kernel.setFunctionType(builder.getFunctionType({input, weightType}, result));
    return result;
  }

  /// The contraction that a pointwise convolution is: every axis of the image but that of the
  /// channels counts rows.
  Value writeProduct(mlir::func::FuncOp kernel, mlir::DenseI64ArrayAttr filter) {
    auto rank = static_cast<int64_t>(shape.axes.size()) + 2, depth = int64_t(1), column = rank;
    llvm::SmallVector<int64_t> rows = llvm::to_vector(llvm::seq<int64_t>(0, rank)), result = rows;
    result[1] = column;
    return ir::ContractOp::create(
        builder, location, kernel.getArgument(0), kernel.getArgument(1),
        builder.getDenseI64ArrayAttr(rows), builder.getDenseI64ArrayAttr({column, depth}),
        builder.getDenseI64ArrayAttr(result), filter ? algorithm() : nullptr, filter);
  }

  void writePrepare() {
    function("prepare", {}, weightType, ir::names::prepare);
    Value weight =
        ir::ParameterOp::create(builder, location, tensor(shape.filterShape()), "filter");
    if (shape.isProduct && !algorithm().transformsFilter())
      weight = ir::ReshapeOp::create(builder, location, weight, weightType.getShape());
    if (algorithm().transformsFilter())
      weight = ir::FilterTransformOp::create(
          builder, location, weight, algorithm(), shape.along(&passes::ConvAxis::stride),
          shape.along(&passes::ConvAxis::dilation), static_cast<uint64_t>(shape.groups),
          shape.filterLead(algorithm()));
    mlir::func::ReturnOp::create(builder, location, weight);
  }

  Value launch(llvm::StringRef kernel, RankedTensorType result, mlir::ValueRange operands) {
    return ir::LaunchOp::create(builder, location, mlir::TypeRange(result),
                                mlir::FlatSymbolRefAttr::get(builder.getContext(), kernel),
                                operands, mlir::DenseI64ArrayAttr())
        .getOutputs()
        .front();
  }

  const ConvVariant &variant;
  passes::ConvShape shape;
  mlir::OpBuilder builder;
  mlir::Location location;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  RankedTensorType weightType;
};

} // namespace

mlir::OwningOpRef<mlir::ModuleOp> convModel(mlir::MLIRContext &context,
                                            const ConvVariant &variant) {
  return ConvModel(context, variant).build();
}

} // namespace quern::tools
