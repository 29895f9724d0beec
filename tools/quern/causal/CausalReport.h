// What `quern causal` has found, as text and as JSON.
#pragma once

#include "passes/causal/Counterexample.h"
#include "passes/causal/ReceptiveField.h"
#include "passes/causal/StateSizes.h"

#include <optional>
#include <string>

namespace quern::tools {

/// The step programs that were derived of a model.
struct CompiledSteps {
  /// What a sequence takes (quern_sequence_bytes).
  int64_t sequenceBytes = 0;
  /// How many positions later an output comes: steps that are whole passes, and some ops, wait for
  /// all that the contract lets them read.
  int64_t latency = 0;
};

struct CausalReport {
  const passes::CausalAnalysis &analysis;
  passes::Verdict verdict;
  std::optional<passes::Counterexample> counterexample;
  passes::ReceptiveField field;
  /// What later steps read of the values as the model is written.
  std::vector<passes::ValueState> states;
  std::optional<CompiledSteps> steps = {};

  /// Looks at the output position `at`; without one, where the contract is broken, or else where
  /// most is to be seen.
  CausalReport(const passes::CausalAnalysis &analysis,
               std::optional<llvm::SmallVector<int64_t>> at);

  /// Of all `states`.
  int64_t stateBytes() const;
  /// "wavenet: causal over 16000 positions of audio".
  std::string verdictText() const;
  /// "output[0] reads sound[1] through late at wavenet.qn:13:18, tap (+1)", of the counterexample.
  std::string leakText() const;
  /// What the contract calls each ordered axis of the input: "H", or without a name "axis 2".
  std::vector<std::string> axisNames() const;
  /// "order: 6 positions are generated in the order 5 4 3 2 1 0"; shortened where it is long, and
  /// empty where positions are generated as they lie.
  std::string orderText() const;
  /// "look-ahead: no output reads farther than the contract lets it; as a stream, each output
  /// waits for no later element"; and for how many where it is compiled to wait for more.
  std::string lookAheadText() const;
  /// "a sequence takes 33.1 KiB, with padding and room to move on; 1.9 KiB of what earlier
  /// positions gave, by the model as written, are read again".
  std::string memoryText() const;
  /// For people, on standard output.
  void print() const;
  /// For programs: causal, order (the rank of each position; empty where they are generated as
  /// they lie), look_ahead, counterexample (a list of op, location and tap),
  /// receptive_field, blind_spot, state_bytes (of the values as written), sequence_bytes (as
  /// compiled) and more.
  std::string json() const;
};

/// What messages call a value: its name in the signature, its op's label, or the op's name.
std::string valueName(mlir::Value value);

} // namespace quern::tools
