// Turns the ops of one kernel function into Halide Funcs. An emitter sees values as functions of
// logical indices; how they lie in memory is this class's business alone.
#pragma once

#include "codegen/Backend.h"
#include "codegen/halide/KernelGraph.h"
#include "codegen/halide/schedules/CpuTarget.h"

#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace quern::codegen {

/// One coordinate for each logical axis.
using Index = std::vector<Halide::Expr>;
/// The element of a value at an index.
using Element = std::function<Halide::Expr(const Index &)>;

/// An op or a combination that cannot be compiled. Caught in Compile.cpp, where it becomes an error
/// at the op's location.
struct EmitError {
  mlir::Location location;
  std::string message;
};

/// How Halide stores elements of that type.
Halide::Type halideType(mlir::Type element);
/// The type to compute in: f32 for the 16-bit floats, else the type itself.
Halide::Type computeType(mlir::Type element);
/// A machine as the sums that make `value` see it.
CpuTarget computing(const CpuTarget &cpu, mlir::Value value);
/// Their extents.
std::vector<int64_t> extentsOf(const StoredDims &dims);
/// Whether the same elements lie at the same places; dimensions of extent 1 do not matter.
bool sameMemory(const StoredDims &a, const StoredDims &b);
/// The coordinates along `dims` of the element at a logical index.
std::vector<Halide::Expr> storedCoordinates(const StoredDims &dims, const Index &index);
/// Constructs an int constant; Halide coordinates have 32 bits.
Halide::Expr constantIndex(int64_t value);

class KernelBuilder {
public:
  KernelBuilder(mlir::func::FuncOp kernel, const Target &target);

  /// Emits all ops and connects them with the kernel's buffers. Throws EmitError, or Halide's own.
  KernelGraph build();

  const Backend &backend() const { return theBackend; }
  const CpuTarget &cpu() const { return theCpu; }
  const Target &target() const { return theTarget; }
  mlir::func::FuncOp function() const { return kernel; }

  /// The element of `value` at logical `index`, whatever its layout.
  Halide::Expr at(mlir::Value value, const Index &index) const;
  /// The same in the type to compute in.
  Halide::Expr load(mlir::Value value, const Index &index) const;
  /// at() where `index` is inside the tensor, `outside` elsewhere: never reads outside. Axes not in
  /// `axes` are taken to be inside.
  Halide::Expr atOr(mlir::Value value, const Index &index, llvm::ArrayRef<int64_t> axes,
                    const Halide::Expr &outside) const;

  /// Gives `result` its elements; they are computed wherever they are used. Converted to the
  /// result's type.
  void define(mlir::Value result, const Element &element);
  /// Makes `anchor` the op that decides the loops; `element` gives the elements of its result from
  /// its accumulators. At most one in a kernel.
  void defineAnchor(Anchor anchor, const Element &element);

  /// A Func over `dims` of the given elements.
  Halide::Func over(const StoredDims &dims, int64_t rank, const std::string &name,
                    const Element &element) const;
  /// The parameter that stands for `value` if it is an argument of the kernel.
  std::optional<Halide::ImageParam> parameter(mlir::Value value) const;
  /// Whether `value` is an argument whose innermost dimension of more than one element is `axis`.
  bool isContiguousArgument(mlir::Value value, int64_t axis) const;

private:
  struct Source {
    Halide::Func func;
    StoredDims dims;
    std::optional<Halide::ImageParam> parameter = {};
  };

  void bindArguments();
  void materialiseAnchor();
  void finish(mlir::Value result);
  void detectTranspose(mlir::Value result, const StoredDims &dims);
  Halide::Func withinExtents(Halide::Func func, const std::vector<int64_t> &extents) const;

  mlir::func::FuncOp kernel;
  const Target &theTarget;
  const Backend &theBackend;
  CpuTarget theCpu;
  llvm::DenseMap<mlir::Value, Source> sources;
  KernelGraph graph;
};

} // namespace quern::codegen
