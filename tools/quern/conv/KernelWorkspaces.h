// The memory that compiled convolutions hold, without running them.
#pragma once

#include "codegen/Target.h"
#include "tools/quern/conv/ConvModel.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace quern::tools {

/// Compiles kernels to see what they hold besides input, output and weights. They stay in the
/// kernel cache, for the model that will be built of them.
class KernelWorkspaces {
public:
  KernelWorkspaces(const codegen::Target &target, unsigned threads)
      : target(target), threads(threads) {}

  /// In bytes, on all threads together; nothing where it cannot be compiled.
  std::optional<int64_t> of(const ConvVariant &variant);

private:
  std::optional<int64_t> compile(const ConvVariant &variant) const;

  const codegen::Target &target;
  unsigned threads;
  std::map<std::string, std::optional<int64_t>> known;
};

} // namespace quern::tools
