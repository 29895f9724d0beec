// What a model can be compiled to: files that run, and listings to read.
#pragma once

namespace quern::codegen {

enum class EmitKind { executable, shared, staticLibrary, object, mlir, llvm, halide, assembly };

} // namespace quern::codegen
