// A causal model, compiled with its step programs into a library and loaded.
#pragma once

#include "ir/StepAttributes.h"
#include "runtime/quern.h"

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace quern::tests {

/// Bytes of a tensor.
using Tensor = std::vector<std::byte>;

/// The C interface as the library has it.
struct Library {
  decltype(&::quern_create) create;
  decltype(&::quern_destroy) destroy;
  decltype(&::quern_run) run;
  decltype(&::quern_last_error) lastError;
  decltype(&::quern_model_order) order;
  decltype(&::quern_sequence_create) begin;
  decltype(&::quern_sequence_destroy) end;
  decltype(&::quern_sequence_position) position;
  decltype(&::quern_advance) advance;
  decltype(&::quern_flush) flush;
  decltype(&::quern_predict) predict;
  decltype(&::quern_sample) sample;
  decltype(&::quern_sequence_bytes) bytes;
  decltype(&::quern_sequence_save) save;
  decltype(&::quern_sequence_restore) restore;
  decltype(&::quern_sequence_fork) fork;
};

/// What to compile: IR, or a model in the language with its sizes.
struct StepSource {
  /// What tests call it.
  std::string name;
  /// Ends in .mlir or .qn.
  std::string path;
  std::vector<std::pair<std::string, std::string>> settings = {};
};

/// By its name.
void PrintTo(const StepSource &source, std::ostream *out);

/// The cases of models/*.qn that have goldens, of small sizes.
std::vector<StepSource> goldenModels();

class StepModel {
public:
  /// Compiles a model with random weights. Fails the current test, and leaves `model` null, where
  /// that is not possible.
  explicit StepModel(const StepSource &source);
  /// tests/steps/models/NAME.qn or .mlir.
  explicit StepModel(const std::string &name);
  ~StepModel();
  StepModel(const StepModel &) = delete;
  StepModel &operator=(const StepModel &) = delete;

  const quern_model *model = nullptr;
  Library api{};
  quern_order order{};

  quern_context *context(uint32_t threads = 1) const;
  /// Inputs drawn from `random`: levels of the distribution for integers, bools, else numbers
  /// around 0.
  std::vector<Tensor> inputs(std::mt19937 &random) const;
  /// The output of a full pass, position by position.
  Tensor fullPass(quern_context *context, const std::vector<Tensor> &inputs) const;
  /// The generated one of `inputs`, position by position.
  Tensor elements(const std::vector<Tensor> &inputs) const;
  /// The addresses of `inputs`.
  static std::vector<const void *> pointers(const std::vector<Tensor> &inputs);

  /// Elements computed by arithmetic in one full pass, and in all steps of a whole sequence; and
  /// how many more the model says that steps compute.
  struct Work {
    double full = 0, steps = 0, further = 0;
  };
  Work work() const { return counted; }
  /// How many levels an element has; 0 where the model has no distribution of levels.
  int64_t levels() const { return distribution ? distribution.getLevels() : 0; }
  /// Whether the generated input has whole numbers.
  bool hasWholeInput() const;
  /// What `quern causal` says that a sequence takes.
  uint64_t bytesTold() const { return told; }

private:
  bool compile(const StepSource &source);
  bool load(const std::string &symbol);

  std::string folder;
  void *library = nullptr;
  std::unique_ptr<mlir::MLIRContext> mlirContext;
  mlir::FunctionType type;
  ir::CausalAttr contract;
  ir::Steps steps;
  ir::DistributionAttr distribution;
  uint64_t told = 0;
  Work counted;
};

} // namespace quern::tests
