#include "codegen/llvm/Driver.h"

#include "codegen/Symbols.h"
#include "runtime/HalideAbi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace quern::codegen {
namespace {

namespace LLVM = mlir::LLVM; // NOLINT(readability-identifier-naming): as all of MLIR calls it

class DriverBuilder {
public:
  DriverBuilder(llvm::ArrayRef<CompiledFunction> functions, const BufferTable &buffers,
                const DriverFacts &facts)
      : functions(functions), buffers(buffers), facts(facts),
        loc(mlir::func::FuncOp(functions.front().function).getLoc()),
        module(mlir::ModuleOp::create(loc)), builder(module->getBodyRegion()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())), i32(builder.getI32Type()),
        i64(builder.getI64Type()) {}

  mlir::OwningOpRef<mlir::ModuleOp> build() {
    declareKernels();
    declare("quern_profile_begin", {pointer, i32}, LLVM::LLVMVoidType::get(builder.getContext()));
    declare("quern_profile_end", {pointer, i32}, LLVM::LLVMVoidType::get(builder.getContext()));
    for (bool isProfiled : {false, true}) {
      int32_t step = 0;
      for (size_t i = functions.front().isSignature() ? 1 : 0; i < functions.size(); ++i)
        step = addRun(functions[i], runName(i, isProfiled), isProfiled, step);
    }
    addPrograms();
    addImage();
    addExternal(weightsName());
    addExternal(facts.deviceSymbol);
    addModel();
    addAccessor();
    return std::move(module);
  }

private:
  LLVM::LLVMFuncOp declare(llvm::StringRef name, llvm::ArrayRef<mlir::Type> arguments,
                           mlir::Type result, LLVM::Linkage linkage = LLVM::Linkage::External) {
    return LLVM::LLVMFuncOp::create(builder, loc, name,
                                    LLVM::LLVMFunctionType::get(result, arguments), linkage);
  }

  void declareKernels() {
    llvm::StringSet<> declared;
    for (const CompiledFunction &compiled : functions)
      for (ir::LaunchOp launch : mlir::func::FuncOp(compiled.function).getOps<ir::LaunchOp>()) {
        std::string symbol = compiled.kernelSymbols.lookup(launch.getKernel());
        llvm::SmallVector<mlir::Type> arguments(
            1 + launch.getInputs().size() + launch.getOutputs().size(), pointer);
        if (declared.insert(symbol).second)
          declare(symbol, arguments, i32);
      }
  }

  /// SYM_run, SYM_run_profiled for the model; SYM_step0, SYM_step0_profiled, ... for its programs.
  std::string runName(size_t index, bool isProfiled) const {
    std::string name = index == 0 ? "_run" : "_step" + std::to_string(index - 1);
    return facts.symbol + name + (isProfiled ? "_profiled" : "");
  }

  /// Empty where the weights are not linked in.
  std::string weightsName() const { return facts.embedsWeights ? weightsSymbol(facts.symbol) : ""; }

  mlir::Value constant(int32_t value) {
    return LLVM::ConstantOp::create(builder, loc, i32, builder.getI32IntegerAttr(value));
  }

  void callProfile(llvm::StringRef name, mlir::Value context, int32_t step) {
    LLVM::CallOp::create(builder, loc, mlir::TypeRange(), name,
                         mlir::ValueRange{context, constant(step)});
  }

  /// i32 name(context, buffers): each kernel in turn; the first non-zero code ends it. The first is
  /// kernel call `step` of all; returns the number of the next.
  int32_t addRun(const CompiledFunction &compiled, llvm::StringRef name, bool isProfiled,
                 int32_t step) {
    LLVM::LLVMFuncOp function = declare(name, {pointer, pointer}, i32, LLVM::Linkage::Internal);
    mlir::OpBuilder::InsertionGuard guard(builder);
    mlir::Block *block = function.addEntryBlock(builder);
    mlir::Block *end =
        builder.createBlock(&function.getBody(), function.getBody().end(), {i32}, {loc});
    LLVM::ReturnOp::create(builder, loc, end->getArgument(0));
    mlir::Value context = block->getArgument(0), table = block->getArgument(1);
    builder.setInsertionPointToEnd(block);
    for (ir::LaunchOp launch : mlir::func::FuncOp(compiled.function).getOps<ir::LaunchOp>()) {
      llvm::SmallVector<mlir::Value> arguments{context};
      for (mlir::Value value : llvm::concat<mlir::Value>(launch.getInputs(), launch.getOutputs()))
        arguments.push_back(bufferAddress(table, value));
      if (isProfiled)
        callProfile("quern_profile_begin", context, step);
      mlir::Value code =
          LLVM::CallOp::create(builder, launch.getLoc(), mlir::TypeRange(i32),
                               compiled.kernelSymbols.lookup(launch.getKernel()), arguments)
              .getResult();
      if (isProfiled)
        callProfile("quern_profile_end", context, step);
      mlir::Value failed =
          LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, code, constant(0));
      mlir::Block *next = builder.createBlock(end);
      builder.setInsertionPointToEnd(block);
      LLVM::CondBrOp::create(builder, loc, failed, end, mlir::ValueRange(code), next,
                             mlir::ValueRange());
      builder.setInsertionPointToEnd(next);
      block = next;
      ++step;
    }
    LLVM::BrOp::create(builder, loc, mlir::ValueRange(constant(0)), end);
    return step;
  }

  /// The array of struct quern_program.
  void addPrograms() {
    if (functions.size() == 1)
      return;
    auto pair = LLVM::LLVMStructType::getLiteral(builder.getContext(), {pointer, pointer});
    auto type = LLVM::LLVMArrayType::get(pair, functions.size() - 1);
    auto global =
        LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
                               facts.symbol + "_programs", mlir::Attribute());
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&global.getInitializerRegion());
    mlir::Value value = LLVM::UndefOp::create(builder, loc, type);
    for (int64_t i = 1; i < static_cast<int64_t>(functions.size()); ++i)
      for (int64_t isProfiled : {0, 1})
        value = LLVM::InsertValueOp::create(
            builder, loc, value,
            LLVM::AddressOfOp::create(builder, loc, pointer,
                                      runName(static_cast<size_t>(i), isProfiled != 0)),
            llvm::ArrayRef<int64_t>{i - 1, isProfiled});
    LLVM::ReturnOp::create(builder, loc, value);
  }

  mlir::Value bufferAddress(mlir::Value table, mlir::Value value) {
    auto offset = static_cast<int32_t>(buffers.indexOf(value) * sizeof(runtime::abi::Buffer));
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), table,
                               llvm::ArrayRef<LLVM::GEPArg>{offset});
  }

  void addImage() {
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), facts.image.size());
    LLVM::GlobalOp::create(
        builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, facts.symbol + "_image",
        builder.getStringAttr(llvm::StringRef(facts.image.data(), facts.image.size())),
        runtime::bufferAlignment);
  }

  void addExternal(const std::string &name) {
    if (!name.empty())
      LLVM::GlobalOp::create(builder, loc, builder.getI8Type(), /*isConstant=*/true,
                             LLVM::Linkage::External, name, mlir::Attribute());
  }

  /// The fields of struct quern_model, in order.
  void addModel() {
    auto type = LLVM::LLVMStructType::getLiteral(
        builder.getContext(),
        {i32, i32, pointer, i64, pointer, pointer, pointer, i64, pointer, pointer});
    auto global = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                         LLVM::Linkage::Internal, facts.symbol + "_model",
                                         mlir::Attribute(), runtime::bufferAlignment);
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&global.getInitializerRegion());
    mlir::Value null = LLVM::ZeroOp::create(builder, loc, pointer);
    auto address = [&](const std::string &name) -> mlir::Value {
      return name.empty() ? null
                          : LLVM::AddressOfOp::create(builder, loc, pointer, name).getResult();
    };
    auto number = [&](mlir::Type numberType, uint64_t value) -> mlir::Value {
      return LLVM::ConstantOp::create(builder, loc, numberType,
                                      builder.getIntegerAttr(numberType, value));
    };
    bool hasModel = !functions.front().isSignature();
    mlir::Value fields[] = {
        number(i32, QUERN_ABI_VERSION),
        number(i32, 0),
        address(facts.symbol + "_image"),
        number(i64, facts.image.size()),
        address(hasModel ? runName(0, /*isProfiled=*/false) : ""),
        address(hasModel ? runName(0, /*isProfiled=*/true) : ""),
        address(weightsName()),
        number(i64, facts.embedsWeights ? facts.weightsBytes : 0),
        address(facts.deviceSymbol),
        address(functions.size() > 1 ? facts.symbol + "_programs" : ""),
    };
    mlir::Value value = LLVM::UndefOp::create(builder, loc, type);
    for (auto [index, field] : llvm::enumerate(fields))
      value = LLVM::InsertValueOp::create(builder, loc, value, field, index);
    LLVM::ReturnOp::create(builder, loc, value);
  }

  /// const quern_model *quern_get_SYM(void)
  void addAccessor() {
    LLVM::LLVMFuncOp function = declare(accessorSymbol(facts.symbol), {}, pointer);
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(function.addEntryBlock(builder));
    LLVM::ReturnOp::create(
        builder, loc, LLVM::AddressOfOp::create(builder, loc, pointer, facts.symbol + "_model"));
  }

  llvm::ArrayRef<CompiledFunction> functions;
  const BufferTable &buffers;
  const DriverFacts &facts;
  mlir::Location loc;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder builder;
  LLVM::LLVMPointerType pointer;
  mlir::Type i32, i64;
};

} // namespace

mlir::OwningOpRef<mlir::ModuleOp> buildDriver(llvm::ArrayRef<CompiledFunction> functions,
                                              const BufferTable &buffers,
                                              const DriverFacts &facts) {
  mlir::func::FuncOp(functions.front().function)->getContext()->loadDialect<LLVM::LLVMDialect>();
  return DriverBuilder(functions, buffers, facts).build();
}

} // namespace quern::codegen
