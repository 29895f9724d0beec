#include "passes/causal/Diagonals.h"

#include "passes/Model.h"
#include "passes/causal/ConstantElements.h"

#include "mlir/IR/IRMapping.h"

namespace quern::passes {
namespace {

using mlir::Value;
using Shape = llvm::SmallVector<int64_t>;

mlir::RankedTensorType typed(Value like, llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, tensorType(like).getElementType());
}

/// Whether `op` pads the last axis with `count` zeros behind, and nothing else.
bool padsBehind(ir::PadOp op, int64_t count) {
  Shape high(op.getHigh().size(), 0);
  high.back() = count;
  return op.getValue().isZero() && llvm::all_of(op.getLow(), [](int64_t n) { return n == 0; }) &&
         op.getHigh() == llvm::ArrayRef(high);
}

/// Whether `op` cuts the last axis to `count` elements, and nothing else.
bool cutsTo(ir::SliceOp op, int64_t count) {
  Shape sizes(tensorType(op.getInput()).getShape());
  sizes.back() = count;
  return llvm::all_of(op.getStarts(), [](int64_t n) { return n == 0; }) &&
         llvm::all_of(op.getStrides(), [](int64_t n) { return n == 1; }) &&
         op.getSizes() == llvm::ArrayRef(sizes);
}

/// `shape` without its last two axes, then `last`.
Shape endingIn(llvm::ArrayRef<int64_t> shape, std::initializer_list<int64_t> last) {
  Shape result(shape.drop_back(2));
  result.append(last);
  return result;
}

/// The raster whose rows `skewed` holds, each moved right by its number; null for another value.
Value beforeSkew(Value skewed) {
  auto apart = skewed.getDefiningOp<ir::ReshapeOp>();
  auto cut = apart ? apart.getInput().getDefiningOp<ir::SliceOp>() : nullptr;
  auto joined = cut ? cut.getInput().getDefiningOp<ir::ReshapeOp>() : nullptr;
  auto pad = joined ? joined.getInput().getDefiningOp<ir::PadOp>() : nullptr;
  if (!pad || tensorType(pad.getInput()).getRank() != 4)
    return nullptr;
  llvm::ArrayRef<int64_t> shape = tensorType(pad.getInput()).getShape();
  int64_t rows = shape[2], columns = shape[3];
  bool isSkew = padsBehind(pad, rows) &&
                joined.getShape() == llvm::ArrayRef(endingIn(shape, {rows * (columns + rows)})) &&
                cutsTo(cut, rows * (columns + rows - 1)) &&
                apart.getShape() == llvm::ArrayRef(endingIn(shape, {rows, columns + rows - 1}));
  return isSkew ? pad.getInput() : nullptr;
}

/// The one user of a value, if it is of that kind.
template <typename Op> Op onlyUser(Value value) {
  return value.hasOneUse() ? llvm::dyn_cast<Op>(*value.user_begin()) : nullptr;
}

/// The raster that the rows of `skewed` are moved back into; null where they are used otherwise.
Value afterSkew(Value skewed, int64_t columns) {
  llvm::ArrayRef<int64_t> shape = tensorType(skewed).getShape();
  int64_t rows = shape[2], diagonals = shape[3];
  auto joined = onlyUser<ir::ReshapeOp>(skewed);
  auto pad = joined ? onlyUser<ir::PadOp>(joined.getResult()) : nullptr;
  auto apart = pad ? onlyUser<ir::ReshapeOp>(pad.getResult()) : nullptr;
  auto cut = apart ? onlyUser<ir::SliceOp>(apart.getResult()) : nullptr;
  bool isBack = cut && joined.getShape() == llvm::ArrayRef(endingIn(shape, {rows * diagonals})) &&
                padsBehind(pad, rows) &&
                apart.getShape() == llvm::ArrayRef(endingIn(shape, {rows, diagonals + 1})) &&
                cutsTo(cut, columns);
  return isBack ? cut.getResult() : nullptr;
}

/// Whether f(0, ...) = 0.
bool keepsZero(mlir::Operation *op) {
  return llvm::isa<ir::AddOp, ir::SubOp, ir::MaxOp, ir::MinOp, ir::NegOp, ir::AbsOp, ir::ReluOp,
                   ir::TanhOp, ir::ErfOp, ir::SinOp, ir::RoundOp, ir::FloorOp, ir::CeilOp,
                   ir::SliceOp, ir::ConvOp>(op);
}

using Fill = llvm::function_ref<llvm::SmallVector<Value>(mlir::OpBuilder &, mlir::Block &)>;

/// A scan along axis 2 that carries values of `types`, zeros at first, and inserts its steps as
/// their axis 2. `fill` writes the body and gives what it yields.
ir::ScanOp scanAlongAxis2(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange sequences,
                          llvm::ArrayRef<mlir::RankedTensorType> types, mlir::ValueRange invariants,
                          Fill fill) {
  constexpr int64_t axis = 2;
  llvm::SmallVector<Value> inits;
  llvm::SmallVector<mlir::Type> arguments, results;
  for (Value sequence : sequences) {
    Shape shape(tensorType(sequence).getShape());
    shape.erase(shape.begin() + axis);
    arguments.push_back(typed(sequence, shape));
  }
  for (mlir::RankedTensorType type : types) {
    auto zeros = mlir::DenseElementsAttr::get(type, builder.getZeroAttr(type.getElementType()));
    inits.push_back(ir::ConstantOp::create(builder, loc, type, zeros));
    arguments.push_back(type);
    Shape shape(type.getShape());
    shape.insert(shape.begin() + axis, tensorType(sequences.front()).getDimSize(axis));
    results.push_back(mlir::RankedTensorType::get(shape, type.getElementType()));
  }
  llvm::append_range(arguments, invariants.getTypes());
  auto scan = ir::ScanOp::create(builder, loc, results, sequences, inits, invariants,
                                 Shape(sequences.size(), axis), Shape(types.size(), axis));
  mlir::Block &body = scan.getBody().emplaceBlock();
  for (mlir::Type type : arguments)
    body.addArgument(type, loc);
  mlir::OpBuilder inside = mlir::OpBuilder::atBlockBegin(&body);
  llvm::SmallVector<Value> yielded = fill(inside, body);
  ir::YieldOp::create(inside, loc, yielded);
  return scan;
}

/// Erases an op without users, and what only it read.
void eraseWithProducers(mlir::Operation *op) {
  llvm::SmallVector<Value> operands(op->getOperands());
  op->erase();
  for (Value operand : operands)
    if (mlir::Operation *producer = operand.getDefiningOp(); producer && producer->use_empty())
      eraseWithProducers(producer);
}

/// A scan over diagonals, with what is known of its body.
class DiagonalScan {
public:
  explicit DiagonalScan(ir::ScanOp scan) : scan(scan), body(scan.getBody().front()) {}

  /// Whether it can be written as scans over rows and along them.
  bool matches() {
    if (scan.getSequences().size() != 1 || scan.getAxes()[0] != 3)
      return false;
    raster = beforeSkew(scan.getSequences()[0]);
    if (!raster)
      return false;
    columns = tensorType(raster).getDimSize(3);
    for (auto [result, axis, init] :
         llvm::zip_equal(scan.getStacked(), scan.getResultAxes(), scan.getInits()))
      if (axis != 3 || !isZeros(init) || tensorType(init).getRank() != 3 ||
          (!result.use_empty() && !afterSkew(result, columns)))
        return false;
    return bodyMatches();
  }

  /// Puts the two scans in the place of this one.
  void straighten() {
    mlir::OpBuilder builder(scan);
    mlir::Location loc = scan.getLoc();
    llvm::SmallVector<mlir::RankedTensorType> rowTypes, placeTypes;
    for (Value init : scan.getInits()) {
      llvm::ArrayRef<int64_t> shape = tensorType(init).getShape();
      rowTypes.push_back(typed(init, {shape[0], shape[1], columns}));
      placeTypes.push_back(typed(init, {shape[0], shape[1]}));
    }
    auto alongRow = [&](mlir::OpBuilder &inside, mlir::Block &row) {
      // The row and the states above it; then what is the same everywhere.
      auto arguments = row.getArguments();
      size_t count = 1 + rowTypes.size();
      ir::ScanOp inner = scanAlongAxis2(
          inside, loc, arguments.take_front(count), placeTypes, arguments.drop_front(count),
          [&](mlir::OpBuilder &at, mlir::Block &place) { return atOnePlace(at, place); });
      return llvm::to_vector_of<Value>(inner.getStacked());
    };
    ir::ScanOp outer =
        scanAlongAxis2(builder, loc, {raster}, rowTypes, scan.getInvariants(), alongRow);
    for (auto [result, straight] : llvm::zip_equal(scan.getStacked(), outer.getStacked()))
      if (!result.use_empty()) {
        Value back = afterSkew(result, columns);
        back.replaceAllUsesWith(straight);
        // Up to the scan, which other results may still need.
        for (mlir::Operation *op = back.getDefiningOp(); op != scan;) {
          mlir::Operation *before = op->getOperand(0).getDefiningOp();
          op->erase();
          op = before;
        }
      }
    eraseWithProducers(scan);
  }

private:
  bool isCarried(Value value) {
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
    return argument && argument.getArgNumber() >= 1 &&
           argument.getArgNumber() <= scan.getInits().size();
  }

  /// Whether the body computes every place from its own and, by a convolution of what is carried,
  /// the one above; and from zeros zeros, as it does where a diagonal has left the raster.
  bool bodyMatches() {
    llvm::DenseSet<Value> zero, dependent;
    for (Value argument : body.getArguments().take_front(1 + scan.getInits().size())) {
      zero.insert(argument);
      dependent.insert(argument);
    }
    for (mlir::Operation &op : body.without_terminator()) {
      auto depends = [&](Value value) { return dependent.contains(value); };
      auto isZero = [&](Value value) { return zero.contains(value); };
      if (llvm::none_of(op.getOperands(), depends))
        continue;
      if (!isAtOnePlace(op, dependent))
        return false;
      dependent.insert(op.getResult(0));
      bool isProduct = llvm::isa<ir::MulOp>(op) && llvm::any_of(op.getOperands(), isZero);
      bool hasZeros = llvm::all_of(op.getOperands(),
                                   [&](Value value) { return isZero(value) || !depends(value); });
      bool isSum = keepsZero(&op) && hasZeros &&
                   (llvm::isa<ir::ConvOp>(op) || llvm::all_of(op.getOperands(), isZero));
      if (isProduct || isSum)
        zero.insert(op.getResult(0));
    }
    return llvm::all_of(body.getTerminator()->getOperands(),
                        [&](Value value) { return zero.contains(value); });
  }

  /// Whether element r of the result is computed from elements r of its operands alone, or it is a
  /// convolution of what is carried that also reads r - 1.
  bool isAtOnePlace(mlir::Operation &op, const llvm::DenseSet<Value> &dependent) {
    int64_t rows = tensorType(raster).getDimSize(2);
    if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
      return isCarried(conv.getInput()) && !dependent.contains(conv.getWeight()) &&
             conv.getKernel() == llvm::ArrayRef<int64_t>{2} && conv.getGroups() == 1 &&
             conv.getDilations()[0] == 1 && conv.getStrides()[0] == 1 && conv.getPadLow()[0] == 1 &&
             conv.getPadHigh()[0] == 0;
    if (auto slice = llvm::dyn_cast<ir::SliceOp>(op))
      return slice.getSizes().size() == 3 && slice.getSizes()[2] == rows;
    // What is the same in all rows may take part.
    return op.hasTrait<ir::Elementwise>() && llvm::all_of(op.getOperands(), [&](Value operand) {
             mlir::RankedTensorType type = tensorType(operand);
             return dependent.contains(operand)
                        ? type.getRank() == 3
                        : type.getRank() == 0 || type.getShape().back() == 1;
           });
  }

  /// The body at one place: its arguments are the element, the states above, those to the left, and
  /// what is the same everywhere. Values keep their axis of rows, with one element.
  llvm::SmallVector<Value> atOnePlace(mlir::OpBuilder &builder, mlir::Block &place) {
    mlir::IRMapping local, above;
    size_t count = scan.getInits().size();
    auto withAxis = [&](Value value) -> Value {
      Shape shape(tensorType(value).getShape());
      shape.push_back(1);
      return ir::ReshapeOp::create(builder, value.getLoc(), typed(value, shape), value, shape);
    };
    local.map(body.getArgument(0), withAxis(place.getArgument(0)));
    for (size_t i = 0; i < count; ++i) {
      above.map(body.getArgument(1 + i), withAxis(place.getArgument(1 + i)));
      local.map(body.getArgument(1 + i), withAxis(place.getArgument(1 + count + i)));
    }
    for (size_t i = 0; i < scan.getInvariants().size(); ++i)
      local.map(body.getArgument(1 + count + i), place.getArgument(1 + 2 * count + i));
    llvm::DenseSet<Value> dependent(body.args_begin(), body.args_begin() + 1 + count);
    for (mlir::Operation &op : body.without_terminator()) {
      if (llvm::none_of(op.getOperands(), [&](Value v) { return dependent.contains(v); })) {
        builder.clone(op, local);
        continue;
      }
      dependent.insert(op.getResult(0));
      if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
        local.map(conv.getResult(), fromAboveAndLeft(builder, conv, local, above));
      else
        cloneAtOnePlace(builder, &op, local);
    }
    llvm::SmallVector<Value> yielded;
    for (Value value : body.getTerminator()->getOperands()) {
      Value own = local.lookup(value);
      Shape shape(tensorType(own).getShape().drop_back());
      yielded.push_back(
          ir::ReshapeOp::create(builder, own.getLoc(), typed(own, shape), own, shape));
    }
    return yielded;
  }

  static void cloneAtOnePlace(mlir::OpBuilder &builder, mlir::Operation *op,
                              mlir::IRMapping &local) {
    mlir::Operation *copy = builder.clone(*op, local);
    Shape shape(tensorType(op->getResult(0)).getShape());
    shape.back() = 1;
    if (auto slice = llvm::dyn_cast<ir::SliceOp>(copy))
      slice.setSizes(shape);
    copy->getResult(0).setType(typed(op->getResult(0), shape));
  }

  /// The convolution as two products.
  static Value fromAboveAndLeft(mlir::OpBuilder &builder, ir::ConvOp conv, mlir::IRMapping &local,
                                mlir::IRMapping &above) {
    mlir::Location loc = conv.getLoc();
    Value weight = local.lookup(conv.getWeight());
    Shape matrix(conv.getFilterShape().take_front(2)), tap(matrix);
    tap.push_back(1);
    auto product = [&](Value state, int64_t number) -> Value {
      Value slice =
          ir::SliceOp::create(builder, loc, weight, Shape{0, 0, number}, tap, Shape{1, 1, 1});
      Value own = ir::ReshapeOp::create(builder, loc, typed(weight, matrix), slice, matrix);
      return ir::ContractOp::create(builder, loc, state, own, Shape{0, 1, 2}, Shape{3, 1},
                                    Shape{0, 3, 2});
    };
    return ir::AddOp::create(builder, loc, product(above.lookup(conv.getInput()), 0),
                             product(local.lookup(conv.getInput()), 1));
  }

  ir::ScanOp scan;
  mlir::Block &body;
  Value raster;
  int64_t columns = 0;
};

} // namespace

mlir::func::FuncOp withoutDiagonals(mlir::func::FuncOp model) {
  auto isDiagonal = [](ir::ScanOp scan) { return DiagonalScan(scan).matches(); };
  if (llvm::none_of(model.front().getOps<ir::ScanOp>(), isDiagonal))
    return nullptr;
  mlir::func::FuncOp copy = model.clone();
  mlir::OpBuilder(model).insert(copy);
  for (ir::ScanOp scan : llvm::make_early_inc_range(copy.front().getOps<ir::ScanOp>()))
    if (DiagonalScan diagonal(scan); diagonal.matches())
      diagonal.straighten();
  return copy;
}

} // namespace quern::passes
