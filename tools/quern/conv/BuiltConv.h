// A convolution compiled by one algorithm and loaded into this program.
#pragma once

#include "codegen/Target.h"
#include "runtime/quern.h"
#include "tools/quern/conv/ConvModel.h"
#include "tools/quern/conv/SharedPool.h"

#include <memory>
#include <string>

namespace quern::tools {

class BuiltConv {
public:
  /// Compiles, links and loads `variant` with the bytes of a filter [O, C / groups, kernel...].
  /// Null, with the reason in `why`, where that fails. Its kernels compile `jobs` at once. It runs
  /// on `pool`, which must outlive it.
  static std::unique_ptr<BuiltConv> build(mlir::MLIRContext &context, const ConvVariant &variant,
                                          llvm::ArrayRef<char> filter,
                                          const codegen::Target &target, unsigned jobs,
                                          SharedPool &pool, std::string &why);
  ~BuiltConv();
  BuiltConv(const BuiltConv &) = delete;
  BuiltConv &operator=(const BuiltConv &) = delete;

  /// Runs once, from and to row-major tensors; returns the milliseconds of the convolution's own
  /// kernel, infinity where it fails.
  double run(const void *input, void *output);
  /// Why a run failed.
  const std::string &lastFailure() const { return failure; }

  int64_t workspaceBytes() const { return workspace; }
  int64_t weightBytes() const { return weights; }
  uint64_t multiplications() const { return products; }
  double compileSeconds() const { return seconds; }

private:
  BuiltConv() = default;
  bool load(const std::string &library, SharedPool &pool, std::string &why);
  template <typename Function> bool find(Function &function, const char *name, std::string &why);

  void *handle = nullptr;
  quern_context *context = nullptr;
  decltype(&quern_run) runModel = nullptr;
  decltype(&quern_profile) profile = nullptr;
  decltype(&quern_profile_reset) resetProfile = nullptr;
  decltype(&quern_destroy) destroy = nullptr;
  decltype(&quern_last_error) lastError = nullptr;
  std::string failure;
  int64_t workspace = 0, weights = 0;
  uint64_t products = 0;
  double seconds = 0;
};

} // namespace quern::tools
