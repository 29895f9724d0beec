// The road from a model's source to a built file, as `compile`, `run` and `inspect` take it.
#pragma once

#include "codegen/Build.h"
#include "passes/ByteText.h"
#include "passes/Pipeline.h"
#include "tools/quern/ConvOptions.h"
#include "tools/quern/ModelSource.h"
#include "tools/quern/Parameters.h"
#include "tools/quern/conv/KernelWorkspaces.h"

namespace quern::tools {

/// What the user chose.
struct CompilationOptions {
  ModelSource source;
  ConvOptions conv;
  std::string weightsFile;
  std::string targetName = "host";
  std::vector<std::string> printIrAfter;
  std::string planFile;
  std::string replayFile;
  std::vector<std::string> calibration; ///< files of inputs
  passes::StepsMode steps = passes::StepsMode::ifPossible;
  bool stepsAlone = false;       ///< no full pass where there are step programs
  bool keepsConvWeights = false; ///< in the decisions on convolutions
  int jobs = 0;
  bool isUncached = false;
  bool isQuiet = false;
  bool hasWeightsFile = false;

  /// Adds the options, the model among them, to a command.
  void addTo(CLI::App &command);
  /// Adds --print-ir-after only.
  void addPrintIrAfterTo(CLI::App &command);

private:
  void addStepsTo(CLI::App &command);
};

/// A model on its way.
class Compilation {
public:
  explicit Compilation(const CompilationOptions &options) : options(options) {}

  /// Elaborates the model and finds the target. False, and the reason printed, on failure.
  bool load();
  /// Whether `output` and the files beside it can be written, as far as can be known before they
  /// are made, and nothing is lost by it that this program did not write.
  bool canWrite(codegen::EmitKind emit, const std::string &output) const;
  /// Finds the weights of all parameters.
  bool bindWeights();
  /// Runs the passes.
  bool plan();
  /// Builds `output`; writes the plan file if one is asked for. Where a convolution turns out to
  /// hold more memory than the budget, it plans anew without that.
  bool build(codegen::EmitKind emit, const std::string &output);

  /// Prints every choice that was made, as JSON.
  void printPlan(llvm::raw_ostream &out) const;

  mlir::ModuleOp module() const { return theModule.get(); }
  const codegen::Target &target() const { return theTarget; }
  /// The threads that a model runs on unless it is told otherwise, for which algorithms are chosen
  /// and their workspace is counted; on another machine two, for want of knowledge.
  unsigned threads() const;
  const codegen::BuildReport &report() const { return theReport; }
  /// What was chosen for each convolution by plan().
  const std::vector<passes::ConvDecision> &convolutions() const { return decisions; }
  std::string modelName() const;
  /// The files that the model, its weights and its choices come from.
  std::vector<std::string> filesRead() const;
  /// Of bindWeights() and plan(), as text.
  const std::string &warnings() const { return theWarnings.text(); }

private:
  mlir::FailureOr<passes::ConvPolicy> policy();
  bool readReplay(passes::ConvPolicy &policy);
  /// A convolution of the built model, and the memory that its kernel holds.
  struct ConvWorkspace {
    passes::PlannedConv conv;
    int64_t bytes;
  };
  /// Notes in `tooLarge` the convolutions whose kernels hold more than the budget on workspace; if
  /// there are any, it fails before it writes.
  mlir::FailureOr<codegen::BuildReport> buildOnce(codegen::EmitKind emit, const std::string &output,
                                                  std::vector<ConvWorkspace> &tooLarge);
  /// What a plan names as its target: as the user names it, and what that is for kernels.
  std::string planTarget() const;
  std::vector<ConvWorkspace> workspaces(llvm::ArrayRef<codegen::KernelFacts> facts);
  /// Completes the decisions by what their kernels hold.
  void noteWorkspaces(llvm::ArrayRef<codegen::KernelFacts> facts);
  /// The convolutions whose kernels hold more than the budget on workspace.
  std::vector<ConvWorkspace> convsBeyondWorkspace(llvm::ArrayRef<codegen::KernelFacts> facts);
  std::string beyondWorkspaceText(const ConvWorkspace &used) const;
  void printBeyondWorkspace(llvm::ArrayRef<ConvWorkspace> tooLarge) const;
  /// Whether algorithms are chosen by budgets, and not named by the user.
  bool isChoiceOpen() const;
  bool writePlan();

  const CompilationOptions &options;
  Warnings theWarnings{options.isQuiet};
  std::unique_ptr<mlir::MLIRContext> context = makeContext(&theWarnings);
  mlir::OwningOpRef<mlir::ModuleOp> theModule;
  std::vector<std::string> sourceFiles; ///< that the model was read from
  codegen::Target theTarget;
  BoundWeights weights;
  codegen::BuildReport theReport;
  std::vector<passes::ConvDecision> decisions;
  std::vector<passes::PlannedConv> excluded;
  std::optional<std::vector<std::vector<float>>> observed; ///< on the user's inputs
  std::unique_ptr<passes::ConvTimer> timer;
  std::optional<KernelWorkspaces> kernelWorkspaces;
};

using passes::byteText;

/// "1 thread", "2 threads".
std::string threadsText(unsigned threads);

} // namespace quern::tools
