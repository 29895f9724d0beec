// The stack machine whose programs pickles are.
#pragma once

#include "frontend/weights/Pickle.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

namespace quern::frontend::weights {

/// Its stack, memo and values. Each operation is false when it fails, and `message` then says why.
class PickleMachine {
public:
  bool pushEmpty(PickleValue::Kind kind); // None or an empty container
  bool pushBool(bool boolean);
  bool pushInteger(int64_t integer);
  bool pushBigInteger(std::string_view digits);
  bool pushReal(double real);
  bool pushText(std::string_view text);

  bool mark();
  bool pushTuple(size_t count); // of the topmost values
  bool pushMarkedTuple();       // of those above the newest mark
  /// Moves the topmost values, or those above the newest mark, into the container below them.
  bool extend(PickleValue::Kind kind, size_t count);
  bool extendMarked(PickleValue::Kind kind);

  bool put(uint64_t index);
  bool get(uint64_t index);
  size_t memoSize() const { return memo.size(); }

  /// Refuses all but the few globals that tensors need.
  bool pushGlobal(std::string_view module, std::string_view name);
  bool pushStackGlobal(); // named by the two topmost texts
  bool reduce();          // the topmost tuple are the arguments of the global below
  bool build();
  bool makeStorage();

  /// Takes the topmost value as the result.
  bool finish();

  template <typename... Args> bool fail(fmt::format_string<Args...> format, Args &&...args) {
    if (message.empty())
      message = fmt::format(format, std::forward<Args>(args)...);
    return false;
  }

  Pickle result;
  std::string message;

private:
  PickleValue *make(PickleValue::Kind kind);
  PickleValue *push(PickleValue *value);
  // Nothing below the newest mark can be reached but by closing the mark.
  PickleValue *top();
  PickleValue *pop();
  bool popMarked(std::vector<const PickleValue *> &items);
  bool extend(PickleValue::Kind kind, const std::vector<const PickleValue *> &items);

  std::vector<PickleValue *> stack;
  std::vector<size_t> marks;
  std::unordered_map<uint64_t, PickleValue *> memo;
};

} // namespace quern::frontend::weights
