#pragma once

namespace quern::codegen {

/// Begins to number the names of this thread anew.
///
/// Halide tells Funcs, loops and temporaries apart by numbers that it counts up within a process,
/// and these show in what it compiles: in symbols, and in the order of whatever is sorted by name.
/// UniqueNames.cpp defines Halide's two functions for them in place of the library's own, so that
/// numbers are a thread's and begin with each kernel: its object is the same whatever was compiled
/// before it or beside it.
void restartUniqueNames();

} // namespace quern::codegen
