// Where a context finds its weights: in the model, or in a side file that is mapped. Either way
// they could be loaded as they are used and shared between processes. But pages of files are small,
// and kernels that stream through weights wait for the address cache: unless the caller wants to
// share, or they would take much of the memory, they are copied into huge pages.
#pragma once

#include "runtime/Arena.h"
#include "runtime/Errors.h"
#include "runtime/ImageView.h"

namespace quern::runtime {

/// A plain structure: whoever holds it calls open and close.
struct Weights {
  const unsigned char *data = nullptr;

  /// `options.weights_path` may be null, in which case a side file is sought beside the binary that
  /// holds the model, then in the current folder.
  quern_status open(const quern_model &model, const ImageView &image, const quern_options &options,
                    Error &error);
  void close();

private:
  quern_status find(const quern_model &model, const ImageView &image, const char *path,
                    Error &error);
  quern_status map(const char *path, const ImageView &image, Error &error);
  void unmap();
  void copy(uint64_t bytes);

  Arena pages;
  void *mapping = nullptr;
  uint64_t mappedBytes = 0;
};

} // namespace quern::runtime
