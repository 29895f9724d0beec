// What was measured, on disk: so that a sweep that was interrupted goes on where it was, and a
// model is tuned once.
#pragma once

#include "tools/quern/conv/ConvLab.h"

#include <optional>

namespace quern::tools {

/// Records of one convolution on one machine. An entry is written beside its place and renamed;
/// one that is damaged is as good as none.
class TuningCache {
public:
  /// An empty `folder` keeps nothing. `machine` names all that times depend on.
  TuningCache(std::string folder, std::string machine);

  std::optional<std::vector<ConvRecord>> find(const std::string &what) const;
  void insert(const std::string &what, const std::vector<ConvRecord> &records) const;

private:
  std::string path(const std::string &what) const;
  std::string folder, machine;
};

/// The model of this machine's processor as the system names it, and the features that kernels use.
std::string processorName();

} // namespace quern::tools
