// A restricted reader of Python's pickles: tensors in plain containers, and nothing that could run.
#pragma once

#include "runtime/formats/Result.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace quern::frontend::weights {

/// What one pickled object is. Texts point into the pickle's bytes, objects at each other (cycles
/// are possible).
struct PickleValue {
  enum class Kind : uint8_t {
    None,
    Bool,       // integer: 0 or 1
    Integer,    // integer
    BigInteger, // text: the two's complement bytes, little-endian, more than eight
    Real,       // real
    Text,       // text: UTF-8
    Tuple,      // items
    List,       // items
    Dict,       // items: key, value, key, value…; equal keys may repeat
    Storage,    // items: the persistent id that torch gives a storage
    Tensor,     // items: the arguments of torch._utils._rebuild_tensor_v2
    Global,     // text: the last part of the name; never called, but for the constructors below
  };
  enum class Callable : uint8_t { Nothing, OrderedDict, RebuildTensor, RebuildParameter };

  Kind kind = Kind::None;
  Callable callable = Callable::Nothing; // what a Global constructs
  int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::vector<const PickleValue *> items;

  bool is(Kind other) const { return kind == other; }
};

/// "a tuple", "a number": for messages.
std::string_view kindName(PickleValue::Kind kind);

/// One pickle, read. Owns its values; the bytes it was read from must outlive it.
struct Pickle {
  std::deque<PickleValue> values;
  const PickleValue *root = nullptr;
  std::vector<const PickleValue *> storages; // every storage named in it, in order
};

/// Reads the pickle that starts at `offset` and moves `offset` behind it. Interprets only the
/// opcodes that data needs; admits only the globals collections.OrderedDict,
/// torch._utils._rebuild_tensor_v2 and _rebuild_parameter and torch's storage types, and fails on
/// any other, naming it. Time and memory are linear in the bytes read, and at most 2^22 objects are
/// made. The protocol: Lib/pickletools.py of CPython describes each opcode.
runtime::Result<Pickle> readPickle(std::span<const std::byte> bytes, size_t &offset);

} // namespace quern::frontend::weights
