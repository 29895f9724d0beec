#include "frontend/weights/PickleMachine.h"

#include "llvm/Support/ConvertUTF.h"

namespace quern::frontend::weights {

namespace {

using Kind = PickleValue::Kind;
using Callable = PickleValue::Callable;

constexpr size_t maxValues = size_t{1} << 22;
// Arguments are copied, and one tuple may serve many calls: without a limit, memory would grow with
// the square of the input.
constexpr size_t maxArguments = 16;

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

} // namespace

PickleValue *PickleMachine::make(Kind kind) {
  if (result.values.size() >= maxValues) {
    fail("more than {} objects", maxValues);
    return nullptr;
  }
  result.values.emplace_back().kind = kind;
  return &result.values.back();
}

PickleValue *PickleMachine::push(PickleValue *value) {
  if (value && stack.size() >= maxValues) {
    fail("more than {} objects", maxValues);
    return nullptr;
  }
  if (value)
    stack.push_back(value);
  return value;
}

PickleValue *PickleMachine::top() {
  if (stack.size() <= (marks.empty() ? 0 : marks.back())) {
    fail("its stack is empty");
    return nullptr;
  }
  return stack.back();
}

PickleValue *PickleMachine::pop() {
  PickleValue *value = top();
  if (value)
    stack.pop_back();
  return value;
}

bool PickleMachine::popMarked(std::vector<const PickleValue *> &items) {
  if (marks.empty())
    return fail("a mark is missing");
  items.assign(stack.begin() + static_cast<ptrdiff_t>(marks.back()), stack.end());
  stack.resize(marks.back());
  marks.pop_back();
  return true;
}

bool PickleMachine::pushInteger(int64_t integer) {
  PickleValue *value = push(make(Kind::Integer));
  return value && ((value->integer = integer), true);
}

bool PickleMachine::pushText(std::string_view text) {
  if (!isUtf8(text))
    return fail("a text is not UTF-8");
  PickleValue *value = push(make(Kind::Text));
  return value && ((value->text = text), true);
}

bool PickleMachine::pushTuple(size_t count) {
  std::vector<const PickleValue *> items(count);
  for (size_t i = count; i-- > 0;)
    if (!(items[i] = pop()))
      return false;
  PickleValue *tuple = push(make(Kind::Tuple));
  return tuple && (tuple->items.swap(items), true);
}

bool PickleMachine::pushGlobal(std::string_view module, std::string_view name) {
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

bool PickleMachine::put(uint64_t index) {
  PickleValue *value = top();
  return value && ((memo[index] = value), true);
}

bool PickleMachine::get(uint64_t index) {
  const auto found = memo.find(index);
  return found != memo.end() ? push(found->second) != nullptr
                             : fail("its memo has no entry {}", index);
}

bool PickleMachine::extend(Kind kind, const std::vector<const PickleValue *> &items) {
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

bool PickleMachine::reduce() {
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
bool PickleMachine::build() {
  const PickleValue *state = pop();
  const PickleValue *object = state ? top() : nullptr;
  if (!object)
    return false;
  if (!object->is(Kind::Dict) || !state->is(Kind::Dict))
    return fail("{} cannot take attributes", kindName(object->kind));
  return true;
}

bool PickleMachine::makeStorage() {
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

bool PickleMachine::pushBool(bool boolean) {
  PickleValue *value = push(make(Kind::Bool));
  return value && ((value->integer = boolean), true);
}

bool PickleMachine::pushReal(double real) {
  PickleValue *value = push(make(Kind::Real));
  return value && ((value->real = real), true);
}

bool PickleMachine::pushBigInteger(std::string_view digits) {
  PickleValue *value = push(make(Kind::BigInteger));
  return value && ((value->text = digits), true);
}

bool PickleMachine::pushEmpty(Kind kind) { return push(make(kind)) != nullptr; }

bool PickleMachine::pushStackGlobal() {
  const PickleValue *name = pop();
  const PickleValue *module = name ? pop() : nullptr;
  if (!module)
    return false;
  if (!name->is(Kind::Text) || !module->is(Kind::Text))
    return fail("a global is named by {} and {}", kindName(module->kind), kindName(name->kind));
  return pushGlobal(module->text, name->text);
}

bool PickleMachine::mark() {
  if (marks.size() >= maxValues)
    return fail("more than {} objects", maxValues);
  marks.push_back(stack.size());
  return true;
}

bool PickleMachine::pushMarkedTuple() {
  std::vector<const PickleValue *> items;
  if (!popMarked(items))
    return false;
  PickleValue *tuple = push(make(Kind::Tuple));
  return tuple && (tuple->items.swap(items), true);
}

bool PickleMachine::extend(Kind kind, size_t count) {
  std::vector<const PickleValue *> items(count);
  for (size_t i = count; i-- > 0;)
    if (!(items[i] = pop()))
      return false;
  return extend(kind, items);
}

bool PickleMachine::extendMarked(Kind kind) {
  std::vector<const PickleValue *> items;
  return popMarked(items) && extend(kind, items);
}

bool PickleMachine::finish() {
  result.root = pop();
  if (!result.root)
    return false;
  return (stack.empty() && marks.empty()) || fail("objects are left over at its end");
}

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

} // namespace quern::frontend::weights
