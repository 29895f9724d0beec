// The operators, on compile-time values and on tensors.
#include "frontend/Elaborator.h"
#include "ir/Infer.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace quern::frontend {

static bool isComparison(BinaryOp op) {
  return op >= BinaryOp::Equal && op <= BinaryOp::GreaterEqual;
}

Value Elaborator::unary(UnaryOp op, const Value &operand, SMRange range) {
  if (operand.hasPoison())
    return Value();
  if (op == UnaryOp::Not) {
    if (operand.isBool())
      return Value::boolean(!operand.asBool());
    if (operand.isTensor() && operand.tensorType().getElementType().isInteger(1))
      return emit<ir::NotOp>(range, operand.asTensor().value);
  } else {
    if (operand.isInteger())
      return integerArithmetic(BinaryOp::Subtract, 0, operand.asInteger(), range);
    if (operand.isFloat())
      return Value::number(-operand.asNumber());
    if (operand.isTensor() && !operand.tensorType().getElementType().isInteger(1))
      return emit<ir::NegOp>(range, operand.asTensor().value);
  }
  error<diag::UnaryOperand>(range, op == UnaryOp::Not ? "not" : "-", operand.describe());
  return Value();
}

/// Whether elements are whole numbers that may be below zero.
static bool isSigned(mlir::Type element) {
  return element.isSignlessInteger() && !element.isInteger(1);
}

Value Elaborator::binary(BinaryOp op, const Value &left, const Value &right, SMRange range) {
  if (left.isPoison() || right.isPoison())
    return Value();
  // Whether something optional is there is known now, tensor or not.
  if ((op == BinaryOp::Equal || op == BinaryOp::NotEqual) && (left.isNone() || right.isNone()))
    return Value::boolean(equal(left, right) == (op == BinaryOp::Equal));
  if (left.isTensor() || right.isTensor()) {
    if (op == BinaryOp::MatMul && left.isTensor() && right.isTensor())
      return matrixProduct(left, right, range);
    if (op == BinaryOp::Remainder && left.isTensor() && right.isInteger() &&
        isSigned(left.tensorType().getElementType()) && right.asInteger() > 0)
      return residues(left, right, range);
    if (op != BinaryOp::In && op != BinaryOp::Range && op != BinaryOp::MatMul &&
        op != BinaryOp::Remainder)
      return tensorArithmetic(op, left, right, range);
  } else if (isComparison(op)) {
    return compare(op, left, right, range);
  } else if (op == BinaryOp::In && right.isSequence()) {
    return Value::boolean(
        llvm::any_of(right.elements(), [&](const Value &element) { return equal(left, element); }));
  } else if (op == BinaryOp::In && left.isString() && right.isString()) {
    return Value::boolean(StringRef(right.asString()).contains(left.asString()));
  } else if (op == BinaryOp::Range && left.isInteger() && right.isInteger()) {
    int64_t length = 0;
    if (llvm::SubOverflow(right.asInteger(), left.asInteger(), length) || length > lengthLimit) {
      error<diag::TooLong>(range, "range", lengthLimit);
      return Value();
    }
    std::vector<Value> elements;
    for (int64_t i = left.asInteger(); i < right.asInteger(); ++i)
      elements.push_back(Value::integer(i));
    return Value::list(std::move(elements));
  } else if (op == BinaryOp::Add && left.isString() && right.isString()) {
    if (static_cast<int64_t>(left.asString().size() + right.asString().size()) > lengthLimit) {
      error<diag::TooLong>(range, "string", lengthLimit);
      return Value();
    }
    return Value::string(left.asString() + right.asString());
  } else if (op == BinaryOp::Add && left.isSequence() && right.isSequence()) {
    std::vector<Value> elements = left.elements();
    elements.insert(elements.end(), right.elements().begin(), right.elements().end());
    if (static_cast<int64_t>(elements.size()) > lengthLimit) {
      error<diag::TooLong>(range, "list", lengthLimit);
      return Value();
    }
    return left.isTuple() ? Value::tuple(std::move(elements)) : Value::list(std::move(elements));
  } else if (left.isNumber() && right.isNumber() && op >= BinaryOp::Add && op != BinaryOp::MatMul) {
    return arithmetic(op, left, right, range);
  }
  auto report = error<diag::BinaryOperands>(range, spelling(op), left.describe(), right.describe());
  for (const Value *operand : {&left, &right})
    if (operand->isTensor())
      report.note<diag::MadeHere>(operand->asTensor().definition);
  return Value();
}

Value Elaborator::integerArithmetic(BinaryOp op, int64_t left, int64_t right, SMRange range) {
  int64_t result = 0;
  bool overflows = false;
  switch (op) {
  case BinaryOp::Add:
    overflows = llvm::AddOverflow(left, right, result);
    break;
  case BinaryOp::Subtract:
    overflows = llvm::SubOverflow(left, right, result);
    break;
  case BinaryOp::Multiply:
    overflows = llvm::MulOverflow(left, right, result);
    break;
  case BinaryOp::Divide:
  case BinaryOp::Remainder:
    if (right == 0) {
      error<diag::DivisionByZero>(range);
      return Value();
    }
    if (right == -1) {
      overflows = op == BinaryOp::Divide && llvm::SubOverflow(int64_t(0), left, result);
      break;
    }
    if (op == BinaryOp::Divide && left % right != 0) {
      error<diag::InexactDivision>(range, left, right);
      return Value();
    }
    // The remainder has the divisor's sign, so that it numbers the residues.
    result = op == BinaryOp::Divide ? left / right : ((left % right) + right) % right;
    break;
  default: {
    result = 1;
    // Beyond 63 doublings every base but 0, 1 and -1 overflows, and those repeat.
    int64_t exponent = right > 64 ? 64 + right % 2 : right;
    for (int64_t i = 0; i < exponent && !overflows; ++i)
      overflows = llvm::MulOverflow(result, left, result);
  }
  }
  if (overflows) {
    error<diag::IntegerOverflow>(range);
    return Value();
  }
  return Value::integer(result);
}

Value Elaborator::arithmetic(BinaryOp op, const Value &left, const Value &right, SMRange range) {
  bool fractional = op == BinaryOp::Power && right.isInteger() && right.asInteger() < 0;
  if (left.isInteger() && right.isInteger() && !fractional)
    return integerArithmetic(op, left.asInteger(), right.asInteger(), range);
  double a = left.asNumber(), b = right.asNumber();
  if ((op == BinaryOp::Divide || op == BinaryOp::Remainder) && b == 0) {
    error<diag::DivisionByZero>(range);
    return Value();
  }
  double result = 0;
  switch (op) {
  case BinaryOp::Add:
    result = a + b;
    break;
  case BinaryOp::Subtract:
    result = a - b;
    break;
  case BinaryOp::Multiply:
    result = a * b;
    break;
  case BinaryOp::Divide:
    result = a / b;
    break;
  case BinaryOp::Remainder:
    result = a - b * std::floor(a / b);
    break;
  default:
    result = std::pow(a, b);
  }
  if (!std::isfinite(result)) {
    error<diag::NotFinite>(range);
    return Value();
  }
  return Value::number(result);
}

Value Elaborator::compare(BinaryOp op, const Value &left, const Value &right, SMRange range) {
  if (op == BinaryOp::Equal || op == BinaryOp::NotEqual)
    return Value::boolean(equal(left, right) == (op == BinaryOp::Equal));
  int order = 0;
  if (left.isInteger() && right.isInteger()) {
    order = left.asInteger() < right.asInteger() ? -1 : left.asInteger() > right.asInteger();
  } else if (left.isNumber() && right.isNumber()) {
    order = left.asNumber() < right.asNumber() ? -1 : left.asNumber() > right.asNumber();
  } else if (left.isString() && right.isString()) {
    order = left.asString().compare(right.asString());
  } else {
    error<diag::BinaryOperands>(range, spelling(op), left.describe(), right.describe());
    return Value();
  }
  return Value::boolean(op == BinaryOp::Less        ? order < 0
                        : op == BinaryOp::LessEqual ? order <= 0
                        : op == BinaryOp::Greater   ? order > 0
                                                    : order >= 0);
}

Value Elaborator::scalar(const Value &number, mlir::Type elementType, SMRange range) {
  auto type = mlir::RankedTensorType::get({}, elementType);
  mlir::Attribute element;
  if (auto floatType = llvm::dyn_cast<mlir::FloatType>(elementType)) {
    if (number.isNumber())
      element = builder.getFloatAttr(floatType, number.asNumber());
  } else if (elementType.isInteger(1)) {
    if (number.isBool())
      element = builder.getBoolAttr(number.asBool());
  } else if (number.isInteger()) {
    unsigned width = elementType.getIntOrFloatBitWidth();
    bool isSigned = !elementType.isUnsignedInteger();
    if (isSigned ? !llvm::isIntN(width, number.asInteger())
                 : number.asInteger() < 0 || !llvm::isUIntN(width, number.asInteger())) {
      error<diag::ScalarOutOfRange>(range, number.asInteger(), elementTypeText(elementType));
      return Value();
    }
    element = mlir::IntegerAttr::get(elementType, llvm::APInt(width, number.asInteger(), isSigned));
  }
  if (!element) {
    error<diag::ScalarMismatch>(range, number.describe(), elementTypeText(elementType));
    return Value();
  }
  if (!mayEmit(range))
    return Value();
  auto op = ir::ConstantOp::create(builder, location(range), type,
                                   mlir::DenseElementsAttr::get(type, element));
  return Value::tensor(op.getResult(), range);
}

/// Whether two operands can be combined, element by element. Reports where not.
static bool checkOperands(Elaborator &elaborator, BinaryOp op, const Value &left,
                          const Value &right, llvm::ArrayRef<mlir::Value> operands, SMRange range) {
  auto a = llvm::cast<mlir::RankedTensorType>(operands[0].getType());
  auto b = llvm::cast<mlir::RankedTensorType>(operands[1].getType());
  auto note = [&](Report report) {
    for (const Value *value : {&left, &right})
      if (value->isTensor())
        report.note<diag::OperandHere>(value->asTensor().definition, value->text());
    return false;
  };
  if (a.getElementType() != b.getElementType())
    return note(
        elaborator.error<diag::ElementTypesDiffer>(range, spelling(op), typeText(a), typeText(b)));
  if (!ir::broadcastShapes(a.getShape(), b.getShape()))
    return note(
        elaborator.error<diag::ShapesDiffer>(range, spelling(op), typeText(a), typeText(b)));
  bool isLogical = op == BinaryOp::Or || op == BinaryOp::And;
  bool takesAll = op == BinaryOp::Equal || op == BinaryOp::NotEqual;
  if (a.getElementType().isInteger(1) != isLogical && !takesAll)
    return note(elaborator.error<diag::BinaryOperands>(range, spelling(op), left.describe(),
                                                       right.describe()));
  return true;
}

static std::optional<ir::CmpPredicate> predicateOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Equal:
    return ir::CmpPredicate::eq;
  case BinaryOp::NotEqual:
    return ir::CmpPredicate::ne;
  case BinaryOp::Less:
    return ir::CmpPredicate::lt;
  case BinaryOp::LessEqual:
    return ir::CmpPredicate::le;
  case BinaryOp::Greater:
    return ir::CmpPredicate::gt;
  case BinaryOp::GreaterEqual:
    return ir::CmpPredicate::ge;
  default:
    return std::nullopt;
  }
}

Value Elaborator::tensorArithmetic(BinaryOp op, const Value &left, const Value &right,
                                   SMRange range) {
  mlir::Type element = (left.isTensor() ? left : right).tensorType().getElementType();
  mlir::Value operands[2];
  const Value *sources[2] = {&left, &right};
  for (auto [operand, source] : llvm::zip_equal(operands, sources)) {
    const Value &value = *source;
    if (value.isTensor()) {
      operand = value.asTensor().value;
      continue;
    }
    if (!value.isNumber() && !value.isBool()) {
      error<diag::BinaryOperands>(range, spelling(op), left.describe(), right.describe());
      return Value();
    }
    if (op == BinaryOp::Divide && source == &right && element.isIntOrIndex() && value.isInteger() &&
        value.asInteger() == 0) {
      error<diag::DivisionByZero>(range);
      return Value();
    }
    Value constant = scalar(value, element, range);
    if (constant.isPoison())
      return Value();
    operand = constant.asTensor().value;
  }
  if (!checkOperands(*this, op, left, right, operands, range))
    return Value();
  if (std::optional<ir::CmpPredicate> predicate = predicateOf(op))
    return emit<ir::CmpOp>(range, operands[0], operands[1], *predicate);
  switch (op) {
  case BinaryOp::Or:
    return emit<ir::OrOp>(range, operands[0], operands[1]);
  case BinaryOp::And:
    return emit<ir::AndOp>(range, operands[0], operands[1]);
  case BinaryOp::Add:
    return emit<ir::AddOp>(range, operands[0], operands[1]);
  case BinaryOp::Subtract:
    return emit<ir::SubOp>(range, operands[0], operands[1]);
  case BinaryOp::Multiply:
    return emit<ir::MulOp>(range, operands[0], operands[1]);
  case BinaryOp::Divide:
    return emit<ir::DivOp>(range, operands[0], operands[1]);
  default:
    break;
  }
  // A square is a product: cheaper than a power, and exact.
  if (right.isInteger() && right.asInteger() == 2)
    return emit<ir::MulOp>(range, operands[0], operands[0]);
  return emit<ir::PowOp>(range, operands[0], operands[1]);
}

Value Elaborator::residues(const Value &left, const Value &divisor, SMRange range) {
  Value quotient = tensorArithmetic(BinaryOp::Divide, left, divisor, range);
  if (quotient.isPoison())
    return Value();
  Value rest =
      tensorArithmetic(BinaryOp::Subtract, left,
                       tensorArithmetic(BinaryOp::Multiply, quotient, divisor, range), range);
  // Quotients are rounded towards zero, so that the rest of a negative number is none above zero.
  Value isBelow = tensorArithmetic(BinaryOp::Less, rest, Value::integer(0), range);
  Value raised = tensorArithmetic(BinaryOp::Add, rest, divisor, range);
  return emit<ir::SelectOp>(range, isBelow.asTensor().value, raised.asTensor().value,
                            rest.asTensor().value);
}

Value Elaborator::matrixProduct(const Value &left, const Value &right, SMRange range) {
  mlir::RankedTensorType a = left.tensorType(), b = right.tensorType();
  auto fail = [&] {
    error<diag::MatrixShapes>(range, typeText(a), typeText(b))
        .note<diag::OperandHere>(left.asTensor().definition, typeText(a))
        .note<diag::OperandHere>(right.asTensor().definition, typeText(b));
    return Value();
  };
  int64_t rankA = a.getRank(), rankB = b.getRank();
  // [..., M, K] @ [..., K, N]: what leads is equal, or one side has none.
  if (rankA < 2 || rankB < 2 || a.getElementType() != b.getElementType() ||
      a.getDimSize(rankA - 1) != b.getDimSize(rankB - 2))
    return fail();
  auto leadA = a.getShape().drop_back(2), leadB = b.getShape().drop_back(2);
  if (!leadA.empty() && !leadB.empty() && leadA != leadB)
    return fail();
  int64_t lead = std::max(leadA.size(), leadB.size());
  llvm::SmallVector<int64_t> labelsA, labelsB, labelsResult;
  for (int64_t i = 0; i < lead; ++i) {
    labelsResult.push_back(i);
    if (!leadA.empty())
      labelsA.push_back(i);
    if (!leadB.empty())
      labelsB.push_back(i);
  }
  labelsA.append({lead, lead + 1});
  labelsB.append({lead + 1, lead + 2});
  labelsResult.append({lead, lead + 2});
  return emit<ir::ContractOp>(range, left.asTensor().value, right.asTensor().value, labelsA,
                              labelsB, labelsResult);
}

} // namespace quern::frontend
