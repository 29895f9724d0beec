// What elaboration rests on: blame, locations, limits, and adding to the graph.
#include "frontend/Elaborator.h"

#include "ir/SizeLimit.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Path.h"

namespace quern::frontend {

/// Bytes of stack that evaluation may use: what recursion within the other limits never reaches,
/// and less than the smallest stack a thread usually has.
static constexpr ptrdiff_t stackLimit = 4 << 20;

static const char *stackPointer() { return static_cast<const char *>(__builtin_frame_address(0)); }

Elaborator::Elaborator(Program &program, Diagnostics &diagnostics, mlir::OpBuilder &builder)
    : program(program), diagnostics(diagnostics), builder(builder), stackBase(stackPointer()) {}

bool Elaborator::step(SMRange range) {
  if (diagnostics.isFull())
    return false;
  if (std::abs(stackBase - stackPointer()) > stackLimit) {
    error<diag::RecursionTooDeep>(range);
    return false;
  }
  if (++steps <= stepLimit)
    return true;
  if (steps == stepLimit + 1)
    error<diag::TooMuchWork>(range, stepLimit);
  return false;
}

// ----------------------------------------------------------------------------------------------
// diagnostics

SMRange Elaborator::blame(SMRange range, Frame *&blamed) const {
  while (blamed && blamed->file->isLibrary && blamed->caller) {
    range = blamed->callRange;
    blamed = blamed->caller;
  }
  return range;
}

Report::~Report() {
  if (!printed)
    return;
  // Inside the library, the place there helps whoever knows the library; its calls among one
  // another do not.
  if (innerFrame != blamed && innerFrame->callable &&
      innerFrame->callable->kind != Callable::Kind::Primitive)
    elaborator.diagnostics.report<diag::InModule>(inner, innerFrame->callable->name.text);
  constexpr unsigned callsShown = 4;
  unsigned shown = 0;
  SMLoc last;
  for (Frame *frame = blamed; frame && frame->caller && shown < callsShown; frame = frame->caller) {
    // A recursion is shown once.
    if (std::exchange(last, frame->callRange.Start) == frame->callRange.Start)
      continue;
    elaborator.diagnostics.report<diag::InCall>(frame->callRange, frame->callable->name.text);
    ++shown;
  }
}

// ----------------------------------------------------------------------------------------------
// locations

mlir::Location Elaborator::location(SMRange range) {
  mlir::MLIRContext *context = builder.getContext();
  auto [line, column] =
      diagnostics.sourceMgr().getLineAndColumn(range.Start, program.bufferOf(*frame->file));
  // The library's directory differs from machine to machine; what is compiled must not.
  std::string path = frame->file->path;
  if (frame->file->isLibrary)
    path = ("quern/" + llvm::sys::path::filename(path)).str();
  mlir::Location here = mlir::FileLineColLoc::get(context, path, line, column);
  if (frame->callLocation)
    here = mlir::CallSiteLoc::get(here, frame->callLocation);
  if (!labels.empty())
    here = mlir::NameLoc::get(builder.getStringAttr(labels), here);
  return here;
}

// ----------------------------------------------------------------------------------------------
// the graph

bool Elaborator::mayEmit(SMRange range) {
  if (buildsGraph)
    return true;
  error<diag::TensorInConstant>(range);
  return false;
}

bool Elaborator::checkSize(llvm::ArrayRef<int64_t> shape, SMRange range, int64_t most) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (extent < 1 || llvm::MulOverflow(count, extent, count) || count > most) {
      std::string text;
      for (int64_t e : shape)
        text.append(text.empty() ? "" : ", ").append(std::to_string(e));
      if (extent < 1)
        error<diag::EmptyShape>(range, text);
      else
        error<diag::TensorTooLarge>(range, text, most);
      return false;
    }
  return true;
}

Value Elaborator::finish(mlir::Operation *op, SMRange range) {
  auto inference = llvm::cast<mlir::InferTypeOpInterface>(op);
  llvm::SmallVector<mlir::Type, 1> types;
  std::string message;
  mlir::ScopedDiagnosticHandler handler(builder.getContext(), [&](mlir::Diagnostic &diagnostic) {
    message.append(message.empty() ? "" : "; ").append(diagnostic.str());
    return mlir::success();
  });
  bool inferred = mlir::succeeded(inference.inferReturnTypes(
      op->getContext(), op->getLoc(), op->getOperands(), op->getDiscardableAttrDictionary(),
      op->getPropertiesStorage(), op->getRegions(), types));
  if (inferred)
    op->getResult(0).setType(types.front());
  // The verifier knows of operand types what inference does not ask.
  if (!inferred || mlir::failed(op->getName().verifyInvariants(op))) {
    if (StringRef(message).starts_with("'"))
      message = StringRef(message).split(' ').second.str();
    std::string name = op->getName().stripDialect().str();
    std::vector<Value> operands;
    for (mlir::Value operand : op->getOperands())
      operands.push_back(Value::tensor(operand, {}));
    op->erase();
    std::string list;
    for (const Value &operand : operands)
      list.append(list.empty() ? "" : ", ").append(operand.text());
    error<diag::InvalidOperation>(range, name, message, list);
    return Value();
  }
  if (!checkSize(llvm::cast<mlir::RankedTensorType>(types.front()).getShape(), range)) {
    op->erase();
    return Value();
  }
  return Value::tensor(op->getResult(0), range);
}

Value Elaborator::parameter(StringRef name, mlir::RankedTensorType type, SMRange range) {
  if (!mayEmit(range) || !checkSize(type.getShape(), range, ir::maxElements))
    return Value();
  std::string key = labels.empty() ? name.str() : labels + "." + name.str();
  auto found = parameters.find(key);
  if (found == parameters.end()) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    if (outsideScan)
      builder.restoreInsertionPoint(*outsideScan);
    auto op = ir::ParameterOp::create(builder, location(range), type, builder.getStringAttr(key));
    // The user knows a parameter by the call that made it.
    Frame *blamed = frame;
    SMRange madeAt = blame(range, blamed);
    parameters.emplace(key, ParameterRecord{op.getResult(), madeAt});
    return Value::tensor(op.getResult(), range);
  }
  const ParameterRecord &record = found->second;
  auto existing = llvm::cast<mlir::RankedTensorType>(record.value.getType());
  if (existing != type) {
    error<diag::ParameterConflict>(range, key, typeText(type), typeText(existing))
        .note<diag::FirstMadeHere>(record.range, key);
    return Value();
  }
  Frame *blamed = frame;
  SMRange at = blame(range, blamed);
  if (!frame->isLabelled && at.Start != record.range.Start) {
    if (diagnostics.report<diag::AccidentalSharing>(at, key))
      diagnostics.report<diag::FirstMadeHere>(record.range, key);
  }
  return Value::tensor(record.value, range);
}

} // namespace quern::frontend
