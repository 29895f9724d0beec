#include "tests/causal/RandomScores.h"

namespace quern::passes {

mlir::Value RandomScores::scaled(Value scores, Value sequence) {
  Value mean = ir::ReduceOp::create(builder, at(), ir::ExpOp::create(builder, at(), sequence),
                                    ir::ReduceKind::mean, List{0}, true);
  return ir::DivOp::create(builder, at(), scores, mean);
}

mlir::Value RandomScores::masked(Value scores) {
  const List all(shapeOf(scores));
  if (chance(3))
    return lowered(scores);
  if (chance(2))
    return multiply(scores, mask(all));
  Value half = splat(0.5);
  Value condition = ir::CmpOp::create(builder, at(), mask(all), half, ir::CmpPredicate::gt);
  return ir::SelectOp::create(builder, at(), condition, scores, splat(0));
}

mlir::Value RandomScores::lowered(Value scores) {
  Value kept = mask(List(shapeOf(scores)));
  if (chance(2)) {
    Value hidden = ir::SubOp::create(builder, at(), splat(1), kept);
    scores = ir::SubOp::create(builder, at(), scores, multiply(hidden, splat(1e9)));
  } else {
    Value bounds = ir::SubOp::create(builder, at(), multiply(kept, splat(2e9)), splat(1e9));
    scores = ir::MinOp::create(builder, at(), scores, bounds);
  }
  if (chance(2))
    return ir::SigmoidOp::create(builder, at(), scores);
  return ir::ExpOp::create(builder, at(), multiply(scores, splat(0.05)));
}

mlir::Value RandomScores::weighByScores(Value x, int64_t count) {
  List shape(shapeOf(x));
  // Off zero, as in gate.
  Value sequence =
      ir::AddOp::create(builder, at(), reshape(x, {shape[0] * shape[1], count}), splat(0.7));
  Value scores = ir::ContractOp::create(builder, at(), sequence, multiply(sequence, splat(0.8)),
                                        List{0, 1}, List{0, 2}, List{1, 2});
  scores = masked(scores);
  if (chance(2))
    scores = scaled(chance(2) ? tanh(scores) : scores, sequence);
  scores = disguised(scores);
  bool keysFirst = chance(2);
  moveKeys(scores, keysFirst ? 0 : 1, sequence);
  Value seen = ir::ContractOp::create(builder, at(), scores, sequence,
                                      keysFirst ? List{2, 1} : List{1, 2}, List{0, 2}, List{0, 1});
  return multiply(reshape(seen, shape), splat(0.03));
}

mlir::Value RandomScores::disguised(Value scores) {
  List all(shapeOf(scores)), wide{1, all[0], all[1]};
  switch (random() % 5) {
  case 0:
    return ir::MinOp::create(builder, at(), ir::MaxOp::create(builder, at(), scores, splat(-1e6)),
                             splat(1e6));
  case 1: {
    Value isSmall = ir::CmpOp::create(builder, at(), scores, splat(1e6), ir::CmpPredicate::lt);
    return ir::SelectOp::create(builder, at(), isSmall, scores, splat(0.5));
  }
  case 2: {
    Value both = ir::ConcatOp::create(
        builder, at(),
        mlir::ValueRange{reshape(scores, wide), reshape(multiply(scores, splat(0.3)), wide)}, 0);
    return ir::ReduceOp::create(builder, at(), both, ir::ReduceKind::sum, List{0}, false);
  }
  case 3: {
    Value mixed = ir::ContractOp::create(builder, at(), parameter({1, 1}), reshape(scores, wide),
                                         List{0, 1}, List{1, 2, 3}, List{0, 2, 3});
    return reshape(mixed, all);
  }
  default:
    return scores;
  }
}

void RandomScores::moveKeys(Value &scores, int64_t axis, Value &sequence) {
  if (chance(3)) {
    Value places = permutation(shapeOf(sequence)[1]);
    scores = ir::GatherOp::create(builder, at(), scores, places, axis);
    sequence = ir::GatherOp::create(builder, at(), sequence, places, 1);
  } else if (chance(2)) {
    List more{0, 0}, none{0, 0};
    more[axis] = 1;
    scores = ir::PadOp::create(builder, at(), scores, more, none, llvm::APFloat(0.0));
    sequence = ir::PadOp::create(builder, at(), sequence, List{0, 1}, none, llvm::APFloat(0.25));
  }
}

} // namespace quern::passes
