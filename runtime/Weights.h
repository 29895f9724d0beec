// Where a context finds its weights: in the model, or in a side file that is mapped, so that they
// are loaded as they are used, shared between processes, and as large as the file system admits.
#pragma once

#include "runtime/Errors.h"
#include "runtime/ImageView.h"

namespace quern::runtime {

/// A plain structure: whoever holds it calls open and close.
struct Weights {
  const unsigned char *data = nullptr;

  /// `path` is options.weights_path or null, in which case a side file is sought beside the binary
  /// that holds the model, then in the current folder.
  quern_status open(const quern_model &model, const ImageView &image, const char *path,
                    Error &error);
  void close();

private:
  quern_status map(const char *path, const ImageView &image, Error &error);

  void *mapping = nullptr;
  uint64_t mappedBytes = 0;
};

} // namespace quern::runtime
