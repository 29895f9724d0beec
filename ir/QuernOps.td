//===- QuernOps.td - The whole dialect, for TableGen ------------------------------------------------===//
include "ir/ops/Elementwise.td"
include "ir/ops/Contract.td"
include "ir/ops/Conv.td"
include "ir/ops/Window.td"
include "ir/ops/Reduce.td"
include "ir/ops/Shape.td"
include "ir/ops/Resize.td"
include "ir/ops/Structure.td"
