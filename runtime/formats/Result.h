// A value or the reason why there is none. Reading what people supply fails often and locally, so
// the readers return this rather than throw.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace quern::runtime {

/// One line for people, without a final full stop; names the file or entry that it is about.
struct Failure {
  std::string message;
};

template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() { return std::get<0>(state); }
  const T &operator*() const { return std::get<0>(state); }
  T *operator->() { return &std::get<0>(state); }
  const T *operator->() const { return &std::get<0>(state); }
  /// Only when there is no value.
  const std::string &error() const { return std::get<1>(state).message; }
  Failure failure() const { return std::get<1>(state); }

private:
  std::variant<T, Failure> state;
};

/// Nothing but success or the reason of failure.
using Status = Result<std::monostate>;
inline Status success() { return std::monostate{}; }

} // namespace quern::runtime
