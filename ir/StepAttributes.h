// What step programs carry as attributes, in types: each reads itself from a dictionary on a
// function, argument or result, and writes itself as one.
#pragma once

#include "ir/Quern.h"

namespace quern::ir {

namespace names {
/// On the model: how its step programs work together (Steps).
inline constexpr llvm::StringLiteral steps = "quern.steps";
/// On the func.func of a step program: when it runs (Step).
inline constexpr llvm::StringLiteral step = "quern.step";
/// On an argument or result of a step program: where it lies (Binding).
inline constexpr llvm::StringLiteral binding = "quern.binding";
/// On a model whose contract is inclusive, over one axis: how many positions beyond its own an
/// output may read, an i64 (streaming with look-ahead).
inline constexpr llvm::StringLiteral latency = "quern.latency";
/// On a model with a contract: why no step programs could be derived, a string.
inline constexpr llvm::StringLiteral stepless = "quern.stepless";
/// On a model with a contract: what that calls the ordered axes, an array of strings (messages).
inline constexpr llvm::StringLiteral axes = "quern.axes";
} // namespace names

/// The latency that a model's contract admits; 0 where it says nothing.
int64_t latencyOf(mlir::func::FuncOp model);

/// What a sequence keeps of one value: slots of `bytes` bytes, element after element. There is one
/// for every `rates` positions along each ordered axis: that of the position at coordinates
/// (i, j, ...) is slot i / rates[0] * strides[0] + j / rates[1] * strides[1] + ... .
/// Programs read and write from `before` slots before the current position's up to `after` behind
/// it; `room` slots lie between two moves to the front. Slots that nobody has written are zeros:
/// those before the first position, and the halo columns that a raster's stride leaves at the end
/// of its rows. Strides of 0: one slot for all positions.
struct StepState {
  int64_t bytes = 0;
  llvm::SmallVector<int64_t> rates = {};
  llvm::SmallVector<int64_t> strides = {};
  int64_t before = 0;
  int64_t after = 0;
  int64_t room = 0;

  mlir::DictionaryAttr attribute(mlir::MLIRContext *context) const;
  static StepState from(mlir::DictionaryAttr attribute);
};

/// Where an argument or result of a step program lies: `offset` bytes from the current position's
/// slot in a state, or, where it `isFixed`, from slot 0. A result that `isAll` is all that the
/// state ever holds; an argument that is a weight as well is what the state consists of.
struct Binding {
  int64_t state = 0;
  int64_t offset = 0;
  bool isFixed = false;
  bool isAll = false;

  mlir::DictionaryAttr attribute(mlir::MLIRContext *context) const;
  /// Of an argument's or result's attributes (null where it has none); nothing if it is not bound.
  static std::optional<Binding> of(mlir::DictionaryAttr attributes);
};

/// When a step program runs. It computes a box that is one element along the first `level` ordered
/// axes and everything along the others: 0 runs once, at the start; as many as there are ordered
/// axes, for every position. `isAfter`: once the last input element of its box is known, else
/// before the first is. A `lag` of n computes, when position t is known, position t - n. It runs
/// for positions from `from` up to, not including, `until` (0: for all), whose coordinates along
/// the first axes leave `phases` when divided by `periods`.
struct Step {
  int64_t level = 0;
  bool isAfter = false;
  int64_t lag = 0;
  int64_t from = 0;
  int64_t until = 0;
  llvm::SmallVector<int64_t> periods = {};
  llvm::SmallVector<int64_t> phases = {};

  mlir::DictionaryAttr attribute(mlir::MLIRContext *context) const;
  static Step of(mlir::func::FuncOp program);
};

/// How the step programs of a causal model work together. The model's module holds a module for
/// each of them, in the order in which they run within a step. `extents` are those of the ordered
/// axes, which are `inputAxes` of the generated input and `outputAxes` of the output. `inputs` has
/// the state of each model input: of the generated one it keeps an element a position, of others
/// the whole tensor; -1 where no program reads it. `output` is the state of the contract's output,
/// which is due `lag` positions later.
struct Steps {
  llvm::SmallVector<int64_t> extents = {};
  llvm::SmallVector<int64_t> inputAxes = {};
  llvm::SmallVector<int64_t> outputAxes = {};
  std::vector<StepState> states = {};
  llvm::SmallVector<int64_t> inputs = {};
  int64_t output = 0;
  int64_t lag = 0;

  mlir::DictionaryAttr attribute(mlir::MLIRContext *context) const;
  /// Nothing for a model without step programs.
  static std::optional<Steps> of(mlir::func::FuncOp model);
};

} // namespace quern::ir
