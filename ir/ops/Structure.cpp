// Constants, parameters, fused ops and launches: folds, syntax and verifiers.
#include "ir/Infer.h"

#include "mlir/IR/OpImplementation.h"

namespace quern::ir {

mlir::OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

// quern.fused(%a = %x, %b = %y) : (types) -> types { ... }
void FusedOp::print(mlir::OpAsmPrinter &printer) {
  printer << "(";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getInputs()), printer,
                        [&](auto pair) {
                          printer.printRegionArgument(std::get<0>(pair), {}, /*omitType=*/true);
                          printer << " = " << std::get<1>(pair);
                        });
  printer << ") : ";
  printer.printFunctionalType(getOperation());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

mlir::ParseResult FusedOp::parse(mlir::OpAsmParser &parser, mlir::OperationState &result) {
  llvm::SmallVector<mlir::OpAsmParser::Argument> arguments;
  llvm::SmallVector<mlir::OpAsmParser::UnresolvedOperand> operands;
  mlir::FunctionType type;
  llvm::SMLoc where = parser.getCurrentLocation();
  auto pair = [&]() -> mlir::ParseResult {
    return mlir::failure(parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
                         parser.parseOperand(operands.emplace_back()));
  };
  if (parser.parseCommaSeparatedList(mlir::OpAsmParser::Delimiter::Paren, pair) ||
      parser.parseColonType(type) || parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return mlir::failure();
  if (type.getNumInputs() != operands.size())
    return parser.emitError(where, "F1: ")
           << operands.size() << " operands and " << type.getNumInputs() << " operand types";
  for (auto [argument, argumentType] : llvm::zip_equal(arguments, type.getInputs()))
    argument.type = argumentType;
  result.addTypes(type.getResults());
  return mlir::failure(parser.resolveOperands(operands, type.getInputs(), where, result.operands) ||
                       parser.parseRegion(*result.addRegion(), arguments));
}

mlir::LogicalResult FusedOp::verify() {
  if (getBody().getArgumentTypes() != getInputs().getTypes())
    return emitOpError("F1: block arguments differ from the operands");
  auto yield = llvm::dyn_cast<YieldOp>(getBody().front().back());
  if (!yield || yield.getValues().getTypes() != getOutputs().getTypes())
    return emitOpError("F2: yielded types differ from the results");
  return mlir::success();
}

mlir::LogicalResult LaunchOp::verifySymbolUses(mlir::SymbolTableCollection &tables) {
  auto kernel = tables.lookupNearestSymbolFrom<mlir::func::FuncOp>(*this, getKernelAttr());
  if (!kernel || !kernel->hasAttr(names::kernel))
    return emitOpError("L1: ") << getKernel() << " is not a function marked quern.kernel";
  if (kernel.getArgumentTypes() != getInputs().getTypes() ||
      kernel.getResultTypes() != getOutputs().getTypes())
    return emitOpError("L2: types differ from those of ") << getKernel();
  if (getOffsets() && getOffsets()->size() != getOutputs().size())
    return emitOpError("L3: ") << getOffsets()->size() << " offsets for " << getOutputs().size()
                               << " results";
  return mlir::success();
}

} // namespace quern::ir
