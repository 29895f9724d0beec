#include "frontend/weights/Pickle.h"

#include "frontend/weights/PickleMachine.h"

#include "llvm/Support/Endian.h"

#include <fmt/format.h>

#include <optional>

namespace quern::frontend::weights {

namespace {

using Kind = PickleValue::Kind;

// The opcodes that are interpreted, as CPython's pickletools names them.
enum class Op : uint8_t {
  Mark = '(',
  Stop = '.',
  BinInt = 'J',
  BinInt1 = 'K',
  BinInt2 = 'M',
  None = 'N',
  BinPersid = 'Q',
  Reduce = 'R',
  BinString = 'T',
  ShortBinString = 'U',
  BinUnicode = 'X',
  EmptyList = ']',
  Append = 'a',
  Build = 'b',
  Global = 'c',
  Appends = 'e',
  BinGet = 'h',
  LongBinGet = 'j',
  BinPut = 'q',
  LongBinPut = 'r',
  SetItem = 's',
  Tuple = 't',
  EmptyTuple = ')',
  SetItems = 'u',
  EmptyDict = '}',
  BinFloat = 'G',
  Proto = 0x80,
  Tuple1 = 0x85,
  Tuple2 = 0x86,
  Tuple3 = 0x87,
  NewTrue = 0x88,
  NewFalse = 0x89,
  Long1 = 0x8a,
  ShortBinUnicode = 0x8c,
  BinUnicode8 = 0x8d,
  StackGlobal = 0x93,
  Memoize = 0x94,
  Frame = 0x95,
};

// Decodes opcodes and their operands, and lets the machine do what they say.
class Unpickler {
public:
  Unpickler(std::span<const std::byte> bytes, size_t offset)
      : data(reinterpret_cast<const char *>(bytes.data()), bytes.size()), at(offset) {}

  // Runs up to and with the STOP opcode; false when the machine or an operand failed.
  bool run();

  PickleMachine machine;
  size_t opAt = 0; // where the present opcode is
  size_t position() const { return at; }

private:
  bool step(Op op);

  // Operands that follow an opcode; nothing where the data ends.
  std::optional<std::string_view> take(uint64_t count);
  template <typename T> std::optional<T> number();
  std::optional<std::string_view> line();

  template <typename T> bool pushInteger();
  template <typename Length> bool pushText();
  template <typename Length> std::optional<std::string_view> counted();
  bool pushLong();

  std::string_view data;
  size_t at;
};

bool Unpickler::run() {
  while (true) {
    opAt = at;
    const std::optional<uint8_t> code = number<uint8_t>();
    if (!code)
      return false;
    if (static_cast<Op>(*code) == Op::Stop)
      return machine.finish();
    if (!step(static_cast<Op>(*code)))
      return false;
  }
}

bool Unpickler::step(Op op) {
  switch (op) {
  case Op::Proto: {
    const auto protocol = number<uint8_t>();
    return protocol && ((*protocol >= 2 && *protocol <= 5) ||
                        machine.fail("protocol {} is not read", *protocol));
  }
  case Op::Frame: { // only a hint for buffering, but a false length is a sign of damage
    const auto length = number<uint64_t>();
    return length && (*length <= data.size() - at || machine.fail("it is cut short"));
  }
  case Op::Mark:
    return machine.mark();
  case Op::None:
    return machine.pushEmpty(Kind::None);
  case Op::NewTrue:
    return machine.pushBool(true);
  case Op::NewFalse:
    return machine.pushBool(false);
  case Op::BinInt:
    return pushInteger<int32_t>();
  case Op::BinInt1:
    return pushInteger<uint8_t>();
  case Op::BinInt2:
    return pushInteger<uint16_t>();
  case Op::Long1:
    return pushLong();
  case Op::BinFloat: { // the one big-endian operand
    const auto bytes = take(sizeof(double));
    return bytes && machine.pushReal(
                        llvm::support::endian::read<double, llvm::endianness::big>(bytes->data()));
  }
  case Op::ShortBinString:
  case Op::ShortBinUnicode:
    return pushText<uint8_t>();
  case Op::BinString:
  case Op::BinUnicode:
    return pushText<uint32_t>();
  case Op::BinUnicode8:
    return pushText<uint64_t>();
  case Op::EmptyTuple:
    return machine.pushEmpty(Kind::Tuple);
  case Op::Tuple1:
    return machine.pushTuple(1);
  case Op::Tuple2:
    return machine.pushTuple(2);
  case Op::Tuple3:
    return machine.pushTuple(3);
  case Op::Tuple:
    return machine.pushMarkedTuple();
  case Op::EmptyList:
    return machine.pushEmpty(Kind::List);
  case Op::EmptyDict:
    return machine.pushEmpty(Kind::Dict);
  case Op::Append:
    return machine.extend(Kind::List, 1);
  case Op::Appends:
    return machine.extendMarked(Kind::List);
  case Op::SetItem:
    return machine.extend(Kind::Dict, 2);
  case Op::SetItems:
    return machine.extendMarked(Kind::Dict);
  case Op::BinPut: {
    const auto index = number<uint8_t>();
    return index && machine.put(*index);
  }
  case Op::LongBinPut: {
    const auto index = number<uint32_t>();
    return index && machine.put(*index);
  }
  case Op::Memoize:
    return machine.put(machine.memoSize());
  case Op::BinGet: {
    const auto index = number<uint8_t>();
    return index && machine.get(*index);
  }
  case Op::LongBinGet: {
    const auto index = number<uint32_t>();
    return index && machine.get(*index);
  }
  case Op::Global: {
    const auto module = line();
    const auto name = module ? line() : std::nullopt;
    return name && machine.pushGlobal(*module, *name);
  }
  case Op::StackGlobal:
    return machine.pushStackGlobal();
  case Op::Reduce:
    return machine.reduce();
  case Op::Build:
    return machine.build();
  case Op::BinPersid:
    return machine.makeStorage();
  case Op::Stop:
    break;
  }
  return machine.fail("opcode 0x{:02x} is not admitted: a checkpoint of tensors does not need it",
                      static_cast<unsigned>(op));
}

std::optional<std::string_view> Unpickler::take(uint64_t count) {
  if (count > data.size() - at) {
    machine.fail("it is cut short");
    return std::nullopt;
  }
  const std::string_view taken = data.substr(at, count);
  at += count;
  return taken;
}

template <typename T> std::optional<T> Unpickler::number() {
  const auto text = take(sizeof(T));
  if (!text)
    return std::nullopt;
  return llvm::support::endian::read<T, llvm::endianness::little>(text->data());
}

std::optional<std::string_view> Unpickler::line() {
  constexpr size_t longestName = 1024;
  const size_t end = data.substr(at, longestName).find('\n');
  if (end == std::string_view::npos) {
    machine.fail("a global's name does not end");
    return std::nullopt;
  }
  const auto text = take(end);
  ++at;
  return text;
}

template <typename T> bool Unpickler::pushInteger() {
  const auto integer = number<T>();
  return integer && machine.pushInteger(*integer);
}

template <typename Length> std::optional<std::string_view> Unpickler::counted() {
  const auto length = number<Length>();
  return length ? take(*length) : std::nullopt;
}

template <typename Length> bool Unpickler::pushText() {
  const auto text = counted<Length>();
  return text && machine.pushText(*text);
}

bool Unpickler::pushLong() {
  const auto digits = counted<uint8_t>();
  if (!digits)
    return false;
  if (digits->size() > sizeof(int64_t))
    return machine.pushBigInteger(*digits);
  // Two's complement: the last byte has the sign.
  uint64_t integer = !digits->empty() && (digits->back() & 0x80) ? ~uint64_t{0} : 0;
  for (size_t i = digits->size(); i-- > 0;)
    integer = integer << 8 | static_cast<uint8_t>((*digits)[i]);
  return machine.pushInteger(static_cast<int64_t>(integer));
}

} // namespace

runtime::Result<Pickle> readPickle(std::span<const std::byte> bytes, size_t &offset) {
  Unpickler unpickler(bytes, offset);
  if (!unpickler.run())
    return runtime::Failure{
        fmt::format("pickle, at byte {}: {}", unpickler.opAt, unpickler.machine.message)};
  offset = unpickler.position();
  return std::move(unpickler.machine.result);
}

} // namespace quern::frontend::weights
