#include "frontend/weights/Pickle.h"

#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Endian.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <unordered_map>

namespace quern::frontend::weights {

namespace {

using Kind = PickleValue::Kind;
using Callable = PickleValue::Callable;

constexpr size_t maxValues = size_t{1} << 22;
// Arguments are copied, and one tuple may serve many calls: without a limit, memory would grow with
// the square of the input.
constexpr size_t maxArguments = 16;

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

bool isUtf8(std::string_view text) {
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  return llvm::isLegalUTF8String(&begin, begin + text.size());
}

bool isStorageType(std::string_view module, std::string_view name) {
  constexpr std::string_view suffix = "Storage";
  if (module != "torch" || !name.ends_with(suffix))
    return false;
  for (char c : name)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
      return false;
  return true;
}

class Unpickler {
public:
  Unpickler(std::span<const std::byte> bytes, size_t offset)
      : data(reinterpret_cast<const char *>(bytes.data()), bytes.size()), at(offset) {}

  // Runs to the STOP opcode; false after `fail`.
  bool run();

  Pickle result;
  std::string message;

  size_t position() const { return at; }

private:
  template <typename... Args> bool fail(fmt::format_string<Args...> format, Args &&...args) {
    if (message.empty())
      message = fmt::format("pickle, at byte {}: {}", opAt,
                            fmt::format(format, std::forward<Args>(args)...));
    return false;
  }

  bool step(Op op);

  // Operands that follow an opcode.
  std::optional<std::string_view> take(uint64_t count);
  template <typename T> std::optional<T> number();
  std::optional<std::string_view> line();

  // The stack. Nothing below the newest mark can be reached but by closing the mark.
  PickleValue *make(Kind kind);
  PickleValue *push(PickleValue *value);
  PickleValue *pop();
  PickleValue *top();
  bool popMarked(std::vector<const PickleValue *> &items);

  bool pushInteger(int64_t integer);
  bool pushText(std::optional<std::string_view> text);
  bool pushLong();
  bool pushTuple(size_t count);
  bool pushGlobal(std::string_view module, std::string_view name);
  bool put(uint64_t index);
  bool get(uint64_t index);
  bool extend(Kind kind, const std::vector<const PickleValue *> &items);
  bool reduce();
  bool build();
  bool makeStorage();

  std::string_view data;
  size_t at;
  size_t opAt = 0;
  std::vector<PickleValue *> stack;
  std::vector<size_t> marks;
  std::unordered_map<uint64_t, PickleValue *> memo;
};

bool Unpickler::run() {
  while (true) {
    opAt = at;
    const std::optional<uint8_t> code = number<uint8_t>();
    if (!code)
      return false;
    if (static_cast<Op>(*code) == Op::Stop)
      break;
    if (!step(static_cast<Op>(*code)))
      return fail("ill-formed"); // keeps the message of whoever failed first
  }
  result.root = pop();
  if (!result.root)
    return false;
  return stack.empty() && marks.empty() ? true : fail("objects are left over at its end");
}

bool Unpickler::step(Op op) {
  switch (op) {
  case Op::Proto: {
    const auto protocol = number<uint8_t>();
    return protocol &&
           (*protocol >= 2 && *protocol <= 5 ? true : fail("protocol {} is not read", *protocol));
  }
  case Op::Frame: { // only a hint for buffering, but a false length is a sign of damage
    const auto length = number<uint64_t>();
    return length && (*length <= data.size() - at ? true : fail("it is cut short"));
  }
  case Op::Mark:
    if (marks.size() >= maxValues)
      return fail("more than {} objects", maxValues);
    marks.push_back(stack.size());
    return true;
  case Op::None:
    return push(make(Kind::None));
  case Op::NewTrue:
  case Op::NewFalse: {
    PickleValue *value = push(make(Kind::Bool));
    return value && ((value->integer = op == Op::NewTrue), true);
  }
  case Op::BinInt: {
    const auto integer = number<int32_t>();
    return integer && pushInteger(*integer);
  }
  case Op::BinInt1: {
    const auto integer = number<uint8_t>();
    return integer && pushInteger(*integer);
  }
  case Op::BinInt2: {
    const auto integer = number<uint16_t>();
    return integer && pushInteger(*integer);
  }
  case Op::Long1:
    return pushLong();
  case Op::BinFloat: { // the one big-endian operand
    const auto text = take(sizeof(double));
    PickleValue *value = text ? push(make(Kind::Real)) : nullptr;
    return value && ((value->real =
                          llvm::support::endian::read<double, llvm::endianness::big>(text->data())),
                     true);
  }
  case Op::ShortBinString:
  case Op::ShortBinUnicode: {
    const auto length = number<uint8_t>();
    return length && pushText(take(*length));
  }
  case Op::BinString:
  case Op::BinUnicode: {
    const auto length = number<uint32_t>();
    return length && pushText(take(*length));
  }
  case Op::BinUnicode8: {
    const auto length = number<uint64_t>();
    return length && pushText(take(*length));
  }
  case Op::EmptyTuple:
    return push(make(Kind::Tuple));
  case Op::Tuple1:
    return pushTuple(1);
  case Op::Tuple2:
    return pushTuple(2);
  case Op::Tuple3:
    return pushTuple(3);
  case Op::Tuple: {
    std::vector<const PickleValue *> items;
    if (!popMarked(items))
      return false;
    PickleValue *tuple = push(make(Kind::Tuple));
    return tuple && (tuple->items.swap(items), true);
  }
  case Op::EmptyList:
    return push(make(Kind::List));
  case Op::EmptyDict:
    return push(make(Kind::Dict));
  case Op::Append: {
    const PickleValue *item = pop();
    return item && extend(Kind::List, {item});
  }
  case Op::Appends: {
    std::vector<const PickleValue *> items;
    return popMarked(items) && extend(Kind::List, items);
  }
  case Op::SetItem: {
    const PickleValue *value = pop();
    const PickleValue *key = value ? pop() : nullptr;
    return key && extend(Kind::Dict, {key, value});
  }
  case Op::SetItems: {
    std::vector<const PickleValue *> items;
    return popMarked(items) && extend(Kind::Dict, items);
  }
  case Op::BinPut: {
    const auto index = number<uint8_t>();
    return index && put(*index);
  }
  case Op::LongBinPut: {
    const auto index = number<uint32_t>();
    return index && put(*index);
  }
  case Op::Memoize:
    return put(memo.size());
  case Op::BinGet: {
    const auto index = number<uint8_t>();
    return index && get(*index);
  }
  case Op::LongBinGet: {
    const auto index = number<uint32_t>();
    return index && get(*index);
  }
  case Op::Global: {
    const auto module = line();
    const auto name = module ? line() : std::nullopt;
    return name && pushGlobal(*module, *name);
  }
  case Op::StackGlobal: {
    const PickleValue *name = pop();
    const PickleValue *module = name ? pop() : nullptr;
    if (!module)
      return false;
    if (!name->is(Kind::Text) || !module->is(Kind::Text))
      return fail("a global is named by {} and {}", kindName(module->kind), kindName(name->kind));
    return pushGlobal(module->text, name->text);
  }
  case Op::Reduce:
    return reduce();
  case Op::Build:
    return build();
  case Op::BinPersid:
    return makeStorage();
  case Op::Stop:
    break;
  }
  return fail("opcode 0x{:02x} is not admitted: a checkpoint of tensors does not need it",
              static_cast<unsigned>(op));
}

std::optional<std::string_view> Unpickler::take(uint64_t count) {
  if (count > data.size() - at) {
    fail("it is cut short");
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
    fail("a global's name does not end");
    return std::nullopt;
  }
  const auto text = take(end);
  ++at;
  return text;
}

PickleValue *Unpickler::make(Kind kind) {
  if (result.values.size() >= maxValues) {
    fail("more than {} objects", maxValues);
    return nullptr;
  }
  result.values.emplace_back().kind = kind;
  return &result.values.back();
}

PickleValue *Unpickler::push(PickleValue *value) {
  if (value && stack.size() >= maxValues) {
    fail("more than {} objects", maxValues);
    return nullptr;
  }
  if (value)
    stack.push_back(value);
  return value;
}

PickleValue *Unpickler::top() {
  if (stack.size() <= (marks.empty() ? 0 : marks.back())) {
    fail("its stack is empty");
    return nullptr;
  }
  return stack.back();
}

PickleValue *Unpickler::pop() {
  PickleValue *value = top();
  if (value)
    stack.pop_back();
  return value;
}

bool Unpickler::popMarked(std::vector<const PickleValue *> &items) {
  if (marks.empty())
    return fail("a mark is missing");
  items.assign(stack.begin() + static_cast<ptrdiff_t>(marks.back()), stack.end());
  stack.resize(marks.back());
  marks.pop_back();
  return true;
}

bool Unpickler::pushInteger(int64_t integer) {
  PickleValue *value = push(make(Kind::Integer));
  return value && ((value->integer = integer), true);
}

bool Unpickler::pushText(std::optional<std::string_view> text) {
  if (!text)
    return false;
  if (!isUtf8(*text))
    return fail("a text is not UTF-8");
  PickleValue *value = push(make(Kind::Text));
  return value && ((value->text = *text), true);
}

bool Unpickler::pushLong() {
  const auto length = number<uint8_t>();
  const auto digits = length ? take(*length) : std::nullopt;
  if (!digits)
    return false;
  if (digits->size() > sizeof(int64_t)) {
    PickleValue *value = push(make(Kind::BigInteger));
    return value && ((value->text = *digits), true);
  }
  uint64_t integer =
      !digits->empty() && (digits->back() & 0x80) ? ~uint64_t{0} : 0; // two's complement
  for (size_t i = digits->size(); i-- > 0;)
    integer = integer << 8 | static_cast<uint8_t>((*digits)[i]);
  return pushInteger(static_cast<int64_t>(integer));
}

bool Unpickler::pushTuple(size_t count) {
  std::vector<const PickleValue *> items(count);
  for (size_t i = count; i-- > 0;)
    if (!(items[i] = pop()))
      return false;
  PickleValue *tuple = push(make(Kind::Tuple));
  return tuple && (tuple->items.swap(items), true);
}

bool Unpickler::pushGlobal(std::string_view module, std::string_view name) {
  Callable callable = Callable::Nothing;
  if (module == "collections" && name == "OrderedDict")
    callable = Callable::OrderedDict;
  else if (module == "torch._utils" && name == "_rebuild_tensor_v2")
    callable = Callable::RebuildTensor;
  else if (module == "torch._utils" && name == "_rebuild_parameter")
    callable = Callable::RebuildParameter;
  else if (!isStorageType(module, name))
    return fail("refused, it wants the global {:?}: only tensors in plain containers are read, and "
                "nothing is executed (where the file is "
                "yours, save model.state_dict() alone)",
                fmt::format("{}.{}", module, name));
  PickleValue *value = push(make(Kind::Global));
  if (!value)
    return false;
  value->callable = callable;
  value->text = name;
  return true;
}

bool Unpickler::put(uint64_t index) {
  PickleValue *value = top();
  return value && ((memo[index] = value), true);
}

bool Unpickler::get(uint64_t index) {
  const auto found = memo.find(index);
  return found != memo.end() ? push(found->second) != nullptr
                             : fail("its memo has no entry {}", index);
}

bool Unpickler::extend(Kind kind, const std::vector<const PickleValue *> &items) {
  PickleValue *container = top();
  if (!container)
    return false;
  if (!container->is(kind))
    return fail("{} cannot take items", kindName(container->kind));
  if (kind == Kind::Dict && items.size() % 2)
    return fail("a key has no value");
  container->items.insert(container->items.end(), items.begin(), items.end());
  return true;
}

bool Unpickler::reduce() {
  PickleValue *arguments = pop();
  const PickleValue *function = arguments ? pop() : nullptr;
  if (!function)
    return false;
  if (!arguments->is(Kind::Tuple))
    return fail("a call's arguments are {}", kindName(arguments->kind));
  if (!function->is(Kind::Global))
    return fail("{} cannot be called", kindName(function->kind));
  if (arguments->items.size() > maxArguments)
    return fail("a call has {} arguments", arguments->items.size());
  switch (function->callable) {
  case Callable::OrderedDict:
    return arguments->items.empty() ? push(make(Kind::Dict)) != nullptr
                                    : fail("an OrderedDict is made of arguments");
  case Callable::RebuildTensor: {
    PickleValue *tensor = push(make(Kind::Tensor));
    return tensor && ((tensor->items = arguments->items), true);
  }
  case Callable::RebuildParameter: {
    if (arguments->items.empty() || !arguments->items[0]->is(Kind::Tensor))
      return fail("a parameter is not made of a tensor");
    PickleValue *tensor = push(make(Kind::Tensor));
    return tensor && ((tensor->items = arguments->items[0]->items), true);
  }
  case Callable::Nothing:
    break;
  }
  return fail("torch.{} cannot be called", function->text);
}

// Attributes set on an object. A state dict carries `_metadata` (versions of its modules), which is
// of no use here.
bool Unpickler::build() {
  const PickleValue *state = pop();
  const PickleValue *object = state ? top() : nullptr;
  if (!object)
    return false;
  if (!object->is(Kind::Dict) || !state->is(Kind::Dict))
    return fail("{} cannot take attributes", kindName(object->kind));
  return true;
}

bool Unpickler::makeStorage() {
  const PickleValue *id = pop();
  if (!id)
    return false;
  if (!id->is(Kind::Tuple) || id->items.size() > maxArguments)
    return fail("a persistent id is {}, not a storage's tuple", kindName(id->kind));
  PickleValue *storage = push(make(Kind::Storage));
  if (!storage)
    return false;
  storage->items = id->items;
  result.storages.push_back(storage);
  return true;
}

} // namespace

std::string_view kindName(PickleValue::Kind kind) {
  switch (kind) {
  case Kind::None:
    return "None";
  case Kind::Bool:
    return "a bool";
  case Kind::Integer:
  case Kind::BigInteger:
  case Kind::Real:
    return "a number";
  case Kind::Text:
    return "a text";
  case Kind::Tuple:
    return "a tuple";
  case Kind::List:
    return "a list";
  case Kind::Dict:
    return "a dictionary";
  case Kind::Storage:
    return "a storage";
  case Kind::Tensor:
    return "a tensor";
  case Kind::Global:
    return "a global";
  }
  return "nothing";
}

runtime::Result<Pickle> readPickle(std::span<const std::byte> bytes, size_t &offset) {
  Unpickler unpickler(bytes, offset);
  if (!unpickler.run())
    return runtime::Failure{unpickler.message};
  offset = unpickler.position();
  return std::move(unpickler.result);
}

} // namespace quern::frontend::weights
