#include "codegen/halide/convs/ConvEmitter.h"

#include <map>

namespace quern::codegen {
namespace {

/// Inside a function, so that it exists before the first registration whatever the order of files.
std::map<ir::ConvAlgorithm, const ConvEmitter *> &registry() {
  static std::map<ir::ConvAlgorithm, const ConvEmitter *> emitters;
  return emitters;
}

} // namespace

ConvEmitterFor::ConvEmitterFor(ir::ConvAlgorithm algorithm, const ConvEmitter &emitter) {
  registry()[algorithm] = &emitter;
}

const ConvEmitter &convEmitterOf(ir::ConvOp op) {
  auto entry = registry().find(op.algorithmOrDirect());
  assert(entry != registry().end() && "every algorithm of the dialect has an emitter");
  return *entry->second;
}

} // namespace quern::codegen
