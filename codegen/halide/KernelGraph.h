// A kernel as Halide Funcs with all that a backend needs to schedule it: algorithm only, no loops
// chosen yet.
#pragma once

#include "ir/Layout.h"

#include <Halide.h>

#include <functional>
#include <string>
#include <vector>

namespace quern::codegen {

struct CpuTarget;

/// A dimension of a Func that stands for no axis: extent 1, so that a schedule finds the rank it
/// expects.
inline constexpr int64_t noAxis = -1;

/// Where the elements of a value lie, innermost dimension first (ir::physicalDims reversed). Axes
/// of extent 1 may be absent; an entry may be for `noAxis`.
using StoredDims = std::vector<ir::PhysicalDim>;

/// The dimensions of a type, innermost first.
StoredDims storedDims(mlir::RankedTensorType type);

/// The op of a kernel that decides its loops.
struct Anchor {
  mlir::Value result;
  /// The dimensions, innermost first, over which `schedule` wants its output.
  StoredDims dims;
  /// On a device: Funcs that are stored, in order, and those that stay in a thread's registers.
  std::vector<Halide::Func> stages = {}, privates = {};
  /// On a CPU: gives loops to the anchor's Funcs and to `output`, a Func over `dims` that reads the
  /// anchor's result at its own coordinates.
  std::function<void(Halide::Func output)> schedule;
};

/// A buffer of a kernel as the compiled code sees it: dense, 64-byte aligned, innermost dimension
/// first. Its rank may differ from the tensor's (extents of 1 dropped or added, neighbours merged);
/// the bytes are the same.
struct BufferShape {
  Halide::Type type;
  std::vector<int64_t> extents;
};

struct KernelGraph {
  std::vector<Halide::ImageParam> inputs;
  Halide::Func output;
  /// Of the inputs, then of the output.
  std::vector<BufferShape> buffers;

  /// Empty `result` if the kernel only maps and moves elements.
  Anchor anchor{};
  /// The Func over anchor.dims that reads the anchor: `output` itself, or, where the output is laid
  /// out differently or more than a map of it, a Func that is stored before.
  Halide::Func core;
  std::vector<int64_t> coreExtents;
  bool coreIsOutput = false;

  /// For a copy between layouts: a Func with the output's arguments that reads the input, and the
  /// dimension of the output along which that is contiguous.
  Halide::Func transposed;
  int transposedDim = 0;
  /// Rough operations for an element of the output, for kernels without an anchor.
  double flopsPerElement = 1.0;

  const std::vector<int64_t> &outputExtents() const { return buffers.back().extents; }
};

} // namespace quern::codegen
