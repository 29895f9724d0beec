// Finds for each parameter of a model its weight.
#pragma once

#include "frontend/weights/WeightStore.h"

namespace quern::frontend::weights {

/// What a model asks for.
struct RequiredParameter {
  std::string name; // its key in the weights file
  quern_dtype dtype = QUERN_F32;
  std::vector<int64_t> shape;
  std::string location; // in the model's source, for messages: "net.qn:12:5"
};

struct BindOptions {
  /// What to make of weights that no parameter asks for. Counters that training leaves behind, such
  /// as num_batches_tracked, never matter.
  enum class Surplus : uint8_t { Ignore, Warn, Error };
  Surplus surplus = Surplus::Warn;
};

/// One thing that does not fit.
struct BindProblem {
  enum class Kind : uint8_t { Missing, Shape, Type, Surplus };
  Kind kind = Kind::Missing;
  bool isError = true;
  std::string name;     // of the parameter or the surplus weight
  std::string location; // the parameter's; empty for a surplus weight
  std::string message;  // one line, without severity and location
};

/// The outcome: either every parameter has its weight, or `problems` says all that is wrong.
struct Binding {
  /// One per parameter and in their order, of the parameter's type and shape, aligned to their
  /// elements. Only if there is no error.
  std::vector<Weight> weights;
  /// Missing, mis-shaped and mistyped ones in the parameters' order, then surplus ones in the
  /// file's.
  std::vector<BindProblem> problems;
  /// A remedy that fits all missing parameters; often empty.
  std::string hint;

  explicit operator bool() const;
  /// The problems and the hint as lines "LOCATION: error: MESSAGE".
  std::string report() const;
};

/// Binds by name. f16, bf16 and f64 become f32 where the parameter is f32; all else must agree.
Binding bindWeights(std::span<const RequiredParameter> parameters, const WeightStore &store,
                    const BindOptions &options = {});

} // namespace quern::frontend::weights
