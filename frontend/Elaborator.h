// Runs a program's modules at compile time and records what they do to tensors as ops of the quern
// dialect.
#pragma once

#include "frontend/Program.h"
#include "ir/Quern.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

#include <map>
#include <optional>

namespace quern::frontend {

class Elaborator;
struct Effects;

/// One call being evaluated: of a model, a module, or a primitive (for its signature's symbols).
struct Frame {
  /// What gave a symbolic dimension its size, for the message on a mismatch.
  struct SymbolOrigin {
    std::string what;
    SMRange range;
  };

  const SourceFile *file = nullptr;
  const Callable *callable = nullptr;
  Frame *caller = nullptr;
  /// The call in the caller's file.
  SMRange callRange;
  /// Where ops of this frame were called from; null in a model.
  mlir::LocationAttr callLocation;
  /// The call has a label of its own.
  bool isLabelled = false;
  unsigned depth = 0;
  Variables variables;
  llvm::SmallDenseMap<StringRef, SymbolOrigin, 4> symbols;
  /// A return was met, or a mistake after which going on would only bring more.
  bool isDone = false;
  Value result;
  /// The return's expression.
  SMRange resultRange;
};

/// An argument as it is passed: its value and where it is written.
struct ArgumentValue {
  Value value;
  SMRange range;
  bool isGiven() const { return range.isValid(); }
};

/// A diagnostic being reported. Notes given to it are printed after it; when it goes out of scope,
/// the calls that led to the place are.
class Report {
public:
  Report(Elaborator &elaborator, bool printed, SMRange inner, Frame *innerFrame, Frame *blamed)
      : elaborator(elaborator), printed(printed), inner(inner), innerFrame(innerFrame),
        blamed(blamed) {}
  Report(const Report &) = delete;
  Report &operator=(const Report &) = delete;
  ~Report();

  template <typename D, typename... Args> Report &note(SMRange range, const Args &...args);

private:
  Elaborator &elaborator;
  bool printed;
  SMRange inner;
  Frame *innerFrame;
  Frame *blamed;
};

/// Evaluates expressions and statements. A member function that returns a Value has reported an
/// error if that is poison; it says nothing about operands that are poison already.
class Elaborator {
public:
  /// More calls inside one another, loop rounds, list entries or evaluated expressions than any
  /// model needs.
  static constexpr unsigned callDepthLimit = 256;
  static constexpr int64_t lengthLimit = 100'000;
  static constexpr uint64_t stepLimit = 20'000'000;
  static constexpr int64_t elementLimit = int64_t(1) << 40;

  Elaborator(Program &program, Diagnostics &diagnostics, mlir::OpBuilder &builder);

  /// Evaluates in the given frame, and leaves the current one as it was.
  class Enter {
  public:
    Enter(Elaborator &elaborator, Frame &frame) : elaborator(elaborator), outer(elaborator.frame) {
      elaborator.frame = &frame;
    }
    ~Enter() { elaborator.frame = outer; }
    Enter(const Enter &) = delete;
    Enter &operator=(const Enter &) = delete;

  private:
    Elaborator &elaborator;
    Frame *outer;
  };

  // ---- Evaluation (ElaborateExpr.cpp, ElaborateStmt.cpp, ElaborateCall.cpp)

  Value evaluate(const Expr *expr);
  /// Evaluates an argument that stands for axes: N, C, D, H and W are axis names in it, whatever
  /// else they may be.
  Value evaluateAxes(const Expr *expr);
  /// Runs the statements; the value is that of the last one if it is an expression.
  Value evaluateBlock(const Block &block, bool isValueUsed);
  /// The text of a string or label.
  std::optional<std::string> evaluatePieces(llvm::ArrayRef<TextPiece> pieces, SMRange range);
  Value call(const Function &function, llvm::ArrayRef<Argument> arguments, SMRange range,
             std::optional<std::string> label = std::nullopt);
  /// Calls with values, one for each of the callee's first parameters.
  Value apply(const Function &function, llvm::ArrayRef<ArgumentValue> values, SMRange range);
  /// Evaluates the arguments in the current frame, checks them against the callee's parameters,
  /// gives the others their defaults, and binds all, with the symbols of their shapes, in the
  /// callee's frame.
  bool bindArguments(Frame &callee, llvm::ArrayRef<Argument> arguments, SMRange range,
                     std::vector<ArgumentValue> &values);

  /// Finds the argument of each parameter, null for one that takes its default. False (reported)
  /// where an argument has no parameter, or a parameter that needs one no argument.
  bool assignArguments(const Callable &callable, llvm::ArrayRef<Argument> arguments, SMRange range,
                       llvm::SmallVectorImpl<const Argument *> &byParameter);

  // ---- Operators (Operators.cpp, Indexing.cpp)

  Value unary(UnaryOp op, const Value &operand, SMRange range);
  Value binary(BinaryOp op, const Value &left, const Value &right, SMRange range);
  Value index(const Value &base, const IndexExpr &expr);
  /// A number as a scalar tensor of that element type; poison (reported) where it would lose what
  /// it says.
  Value scalar(const Value &number, mlir::Type elementType, SMRange range);

  // ---- Types (TypeCheck.cpp)

  /// Checks `argument` against the type of a parameter of `callee`, whose symbols it may bind, and
  /// converts it.
  bool conform(Frame &callee, const TypeExpr &type, Value &value, SMRange range,
               StringRef parameterName, const Value::Tensor *axisTensor);
  bool conformShape(Frame &callee, const TypeExpr &type, const Value::Tensor &tensor, SMRange range,
                    const std::string &what);
  bool checkResult(Frame &callee);
  /// Evaluates a dimension to a positive size.
  std::optional<int64_t> dimensionSize(const Expr *expr);

  // ---- The graph

  /// Appends an op and returns its result. Arguments are those of the op's builder after the result
  /// type; the type is inferred, and a constraint that fails is reported at `range`.
  template <typename Op, typename... Args> Value emit(SMRange range, Args &&...args) {
    if (!mayEmit(range))
      return Value();
    auto placeholder = mlir::RankedTensorType::get({}, builder.getF32Type());
    auto op = Op::create(builder, location(range), placeholder, std::forward<Args>(args)...);
    return finish(op, range);
  }
  /// The parameter below the current labels.
  Value parameter(StringRef name, mlir::RankedTensorType type, SMRange range);
  mlir::Location location(SMRange range);
  /// Whether a tensor of that shape is of a size that can be, of at most `most` elements. Reports
  /// where not.
  bool checkSize(llvm::ArrayRef<int64_t> shape, SMRange range, int64_t most = elementLimit);
  /// Reports where no graph is being built (in a file's constants).
  bool mayEmit(SMRange range);

  // ---- Diagnostics

  /// Reports D at `range` of the current frame's file; inside the standard library, at the call
  /// that led there.
  template <typename D, typename... Args> Report error(SMRange range, const Args &...args) {
    Frame *blamed = frame;
    SMRange at = blame(range, blamed);
    bool printed = diagnostics.report<D>(at, args...);
    return Report(*this, printed, range, frame, blamed);
  }
  /// As error, blaming the current frame's caller for what it passed.
  template <typename D, typename... Args> Report callerError(SMRange range, const Args &...args) {
    Frame *blamed = frame;
    SMRange at = range;
    if (frame->caller) {
      at = frame->callRange;
      blamed = frame->caller;
    }
    at = blame(at, blamed);
    bool printed = diagnostics.report<D>(at, args...);
    return Report(*this, printed, range, frame, blamed);
  }
  /// Reports a name that nothing defines; `local` are those that the module knows besides the
  /// file's.
  void reportUnknown(const NameExpr &expr, llvm::ArrayRef<StringRef> local);
  /// Counts one step of work; reports and returns false where it is far too much.
  bool step(SMRange range);

  Program &program;
  Diagnostics &diagnostics;
  mlir::OpBuilder &builder;
  Frame *frame = nullptr;
  /// The joined labels around what is being evaluated: "layer1.0".
  std::string labels;
  /// False while a file's constants are evaluated.
  bool buildsGraph = true;
  /// While the body of a scan is built: the place before it, where the parameters that it reads are
  /// made.
  std::optional<mlir::OpBuilder::InsertPoint> outsideScan;

private:
  struct ConstantState {
    bool isBeingEvaluated = false;
    std::optional<Value> value;
  };
  struct ParameterRecord {
    mlir::Value value;
    SMRange range;
  };

  Value evaluateName(const NameExpr &expr);
  Value evaluateConstant(const Definition &definition, SMRange use);
  Value evaluateLabelled(const LabelledExpr &expr);
  Value evaluateIf(const IfExpr &expr, bool isValueUsed);
  Value evaluateCall(const CallExpr &expr, std::optional<std::string> label);
  Value evaluateShortCircuit(const BinaryExpr &expr);
  void execute(const Stmt *stmt);
  void executeFor(const ForStmt &stmt);
  void executeRequire(const RequireStmt &stmt);
  void assign(const Pattern &pattern, const Value &value, SMRange valueRange);
  void poison(const Pattern &pattern);
  /// Goes on without what cannot be run: what depends on it would only repeat the mistake.
  void skip(const Effects &effects);
  std::optional<bool> condition(const Expr *expr);

  Value invoke(const Function &function, SMRange range, std::optional<std::string> label,
               llvm::function_ref<bool(Frame &, std::vector<ArgumentValue> &)> bind);
  bool bindValues(Frame &callee, SMRange range, std::vector<ArgumentValue> &values);
  bool accepts(const TypeExpr &type, const Value &value) const;
  bool convert(const TypeExpr &type, Value &value, SMRange range, const Value::Tensor *axisTensor);
  std::optional<int64_t> resolveAxis(const Value &value, SMRange range,
                                     const Value::Tensor *axisTensor);

  Value arithmetic(BinaryOp op, const Value &left, const Value &right, SMRange range);
  Value integerArithmetic(BinaryOp op, int64_t left, int64_t right, SMRange range);
  Value tensorArithmetic(BinaryOp op, const Value &left, const Value &right, SMRange range);
  /// left % divisor, element by element, of whole numbers by one above zero.
  Value residues(const Value &left, const Value &divisor, SMRange range);
  Value compare(BinaryOp op, const Value &left, const Value &right, SMRange range);
  Value matrixProduct(const Value &left, const Value &right, SMRange range);
  Value indexTensor(const Value &base, const IndexExpr &expr);
  /// An index or an end of a range as it is written, which may be negative.
  std::optional<int64_t> indexValue(const Expr *expr);

  Value finish(mlir::Operation *op, SMRange range);
  SMRange blame(SMRange range, Frame *&blamed) const;

  friend class Report;
  llvm::DenseMap<const Constant *, ConstantState> constants;
  std::map<std::string, ParameterRecord, std::less<>> parameters;
  uint64_t steps = 0;
  const char *stackBase;
};

template <typename D, typename... Args> Report &Report::note(SMRange range, const Args &...args) {
  if (printed && range.isValid())
    elaborator.diagnostics.report<D>(range, args...);
  return *this;
}

} // namespace quern::frontend
