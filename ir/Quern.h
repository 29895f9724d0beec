// The quern dialect in C++: ops, attributes, traits and the names of the attributes that passes
// hang on functions.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace quern::ir {
/// Elementwise over numpy-broadcast operands: result[i] = f(operands[i]...).
/// What derives from it is mlir::Op<ConcreteOp, ...>, so its constructor is public.
template <typename ConcreteOp>
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility)
class Elementwise : public mlir::OpTrait::TraitBase<ConcreteOp, Elementwise> {};
} // namespace quern::ir

#include "ir/QuernDialect.h.inc"
#include "ir/QuernEnums.h.inc"
#include "ir/QuernInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/QuernAttrs.h.inc"

#define GET_OP_CLASSES
#include "ir/QuernOps.h.inc"

namespace quern::ir::names {
/// On the func.func that is the model's entry: a unit attribute.
inline constexpr llvm::StringLiteral model = "quern.model";
/// On an argument or result of the model: its name in the source, a string.
inline constexpr llvm::StringLiteral name = "quern.name";
/// On an argument of the model: how it is made from what people have (PhotoAttr).
inline constexpr llvm::StringLiteral from = "quern.from";
/// On a result of the model: what it stands for (LabelsAttr, DistributionAttr).
inline constexpr llvm::StringLiteral as = "quern.as";
/// On the model: the contract that it is causal (CausalAttr).
inline constexpr llvm::StringLiteral causal = "quern.causal";
/// On the func.func that computes the packed weights at compile time: a unit attribute.
inline constexpr llvm::StringLiteral prepare = "quern.prepare";
/// On an argument of the model: which result of the prepare function it is, an i64.
inline constexpr llvm::StringLiteral weight = "quern.weight";
/// On a private func.func that is one kernel: a unit attribute.
inline constexpr llvm::StringLiteral kernel = "quern.kernel";
/// On a kernel: how codegen schedules it (ScheduleAttr).
inline constexpr llvm::StringLiteral schedule = "quern.schedule";
/// On the model, once planned: bytes of the arena, an i64.
inline constexpr llvm::StringLiteral arenaBytes = "quern.arena_bytes";
} // namespace quern::ir::names
