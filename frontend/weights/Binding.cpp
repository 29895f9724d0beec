#include "frontend/weights/Binding.h"

#include "frontend/weights/ElementTypes.h"

#include "llvm/ADT/StringRef.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <unordered_set>

namespace quern::frontend::weights {

namespace {

using Kind = BindProblem::Kind;

bool isBookkeeping(std::string_view name) {
  constexpr std::array<std::string_view, 3> counters = {
      "num_batches_tracked",        // of torch's batch norm
      "total_ops", "total_params"}; // of the profiler thop
  const size_t dot = name.rfind('.');
  return std::ranges::find(counters, dot == std::string_view::npos ? name : name.substr(dot + 1)) !=
         counters.end();
}

std::string describe(quern_dtype dtype, std::span<const int64_t> shape) {
  return fmt::format("{} {}", runtime::dtypeName(dtype), runtime::shapeText(shape));
}

// What has a name and a shape: a weight or a parameter.
struct Named {
  std::string_view name;
  std::span<const int64_t> shape;
};

template <typename T> Named namedOf(const T &thing) { return {thing.name, thing.shape}; }

// Finds names like one that is missing among those that nothing asked for, or the other way round.
class NameGuesser {
public:
  explicit NameGuesser(std::vector<Named> names) : candidates(std::move(names)) {}

  // "; nearest: " and at most three, the best first; or nothing.
  std::string nearest(const Named &wanted) {
    // Every pair costs a microsecond or so; for very many, the first ones tell what went wrong.
    constexpr size_t mostComparisons = 200'000;
    constexpr size_t mostGuesses = 3;
    compared += candidates.size();
    if (compared > mostComparisons)
      return {};
    std::vector<Guess> guesses;
    // Of one letter or two every name would be near.
    const auto limit = static_cast<unsigned>(
        std::min(std::max<size_t>(2, wanted.name.size() / 3), wanted.name.size() / 2));
    for (const Named &candidate : candidates) {
      const unsigned distance =
          isTail(candidate.name, wanted.name) || isTail(wanted.name, candidate.name)
              ? 0
              : llvm::StringRef(wanted.name)
                    .edit_distance(candidate.name, /*AllowReplacements=*/true, limit);
      if (distance <= limit)
        guesses.push_back(
            {distance, !std::ranges::equal(candidate.shape, wanted.shape), candidate.name});
    }
    std::ranges::sort(guesses);
    std::vector<std::string> names;
    for (const Guess &guess : guesses)
      if (names.size() < mostGuesses)
        names.push_back(fmt::format("{:?}", guess.name));
    return names.empty() ? "" : fmt::format("; nearest: {}", fmt::join(names, ", "));
  }

  // What stands before every one of the missing names in the file, if anything does.
  std::string commonPrefix(std::span<const RequiredParameter *const> missing) const {
    std::unordered_set<std::string_view> names;
    for (const Named &candidate : candidates)
      names.insert(candidate.name);
    for (const Named &candidate : candidates) {
      if (!isTail(candidate.name, missing.front()->name))
        continue;
      std::string prefix(
          candidate.name.substr(0, candidate.name.size() - missing.front()->name.size()));
      if (std::ranges::all_of(missing, [&](const RequiredParameter *parameter) {
            return names.contains(prefix + parameter->name);
          }))
        return prefix;
    }
    return {};
  }

private:
  struct Guess {
    unsigned distance;
    bool otherShape;
    std::string_view name;
    auto operator<=>(const Guess &) const = default;
  };

  static bool isTail(std::string_view whole, std::string_view tail) {
    return whole.size() > tail.size() && whole.ends_with(tail) &&
           whole[whole.size() - tail.size() - 1] == '.';
  }

  std::vector<Named> candidates;
  size_t compared = 0;
};

// `weight`, whose type and shape have been checked, as the parameter wants it.
Weight converted(const Weight &weight, quern_dtype dtype) {
  if (weight.dtype == dtype)
    return alignedWeight(weight);
  const size_t count = static_cast<size_t>(weight.elementCount());
  const NewBlob memory = allocateBlob(count * sizeof(float));
  convertToF32(weight.dtype, weight.data.bytes,
               {reinterpret_cast<float *>(memory.writable.data()), count});
  return {weight.name, dtype, weight.shape, memory.blob};
}

// Why `weight` is none for the parameter; nothing where it is one.
std::optional<std::pair<Kind, std::string>> misfit(const Weight &weight,
                                                   const RequiredParameter &parameter) {
  if (weight.shape != parameter.shape)
    return std::pair(Kind::Shape,
                     fmt::format("{:?} is {} in the model, {} in the weights", parameter.name,
                                 describe(parameter.dtype, parameter.shape),
                                 describe(weight.dtype, weight.shape)));
  if (!isConvertible(weight.dtype, parameter.dtype))
    return std::pair(Kind::Type, fmt::format("{:?} is {} in the model, {} in the weights",
                                             parameter.name, runtime::dtypeName(parameter.dtype),
                                             runtime::dtypeName(weight.dtype)));
  return std::nullopt;
}

// Finds what does not fit, and reports it.
class Binder {
public:
  Binder(std::span<const RequiredParameter> parameters, const WeightStore &store)
      : parameters(parameters), store(store) {
    std::unordered_set<std::string_view> wanted;
    for (const RequiredParameter &parameter : parameters)
      wanted.insert(parameter.name);
    for (const Weight &weight : store.weights())
      if (!wanted.contains(weight.name) && !isBookkeeping(weight.name))
        surplus.push_back(&weight);
  }

  void checkParameters() {
    std::vector<Named> names;
    for (const Weight *weight : surplus)
      names.push_back(namedOf(*weight));
    NameGuesser guesser(std::move(names));
    for (const RequiredParameter &parameter : parameters) {
      const auto report = [&](Kind kind, std::string message) {
        binding.problems.push_back(
            {kind, true, parameter.name, parameter.location, std::move(message)});
      };
      const Weight *weight = store.find(parameter.name);
      if (!weight) {
        missing.push_back(&parameter);
        report(Kind::Missing, fmt::format("the weights have no {:?}, {}{}", parameter.name,
                                          describe(parameter.dtype, parameter.shape),
                                          guesser.nearest(namedOf(parameter))));
      } else if (auto problem = misfit(*weight, parameter)) {
        report(problem->first, std::move(problem->second));
      }
    }
    if (missing.empty())
      return;
    if (const std::string prefix = guesser.commonPrefix(missing); !prefix.empty())
      binding.hint = fmt::format("the missing names are in the weights behind {:?}: `quern weights "
                                 "convert --strip-prefix {} IN OUT` removes it",
                                 prefix, prefix);
  }

  void reportSurplus(bool isError) {
    // What is missing was meant; where nothing is, another of the model's.
    std::vector<Named> meant;
    for (const RequiredParameter &parameter : parameters)
      if (missing.empty() || !store.find(parameter.name))
        meant.push_back(namedOf(parameter));
    NameGuesser guesser(std::move(meant));
    for (const Weight *weight : surplus)
      binding.problems.push_back(
          {Kind::Surplus, isError, weight->name, "",
           fmt::format("the model does not use {:?}, {}, of the weights{}", weight->name,
                       describe(weight->dtype, weight->shape), guesser.nearest(namedOf(*weight)))});
  }

  Binding binding;

private:
  std::span<const RequiredParameter> parameters;
  const WeightStore &store;
  std::vector<const Weight *> surplus;
  std::vector<const RequiredParameter *> missing;
};

} // namespace

Binding::operator bool() const { return std::ranges::none_of(problems, &BindProblem::isError); }

std::string Binding::report() const {
  std::string text;
  for (const BindProblem &problem : problems)
    text += fmt::format("{}{}{}: {}\n", problem.location, problem.location.empty() ? "" : ": ",
                        problem.isError ? "error" : "warning", problem.message);
  if (!hint.empty())
    text += fmt::format("note: {}\n", hint);
  return text;
}

Binding bindWeights(std::span<const RequiredParameter> parameters, const WeightStore &store,
                    const BindOptions &options) {
  Binder binder(parameters, store);
  binder.checkParameters();
  if (options.surplus != BindOptions::Surplus::Ignore)
    binder.reportSurplus(options.surplus == BindOptions::Surplus::Error);
  Binding binding = std::move(binder.binding);
  // Only now, since what is going to be refused need not be converted.
  if (binding)
    for (const RequiredParameter &parameter : parameters)
      binding.weights.push_back(converted(*store.find(parameter.name), parameter.dtype));
  return binding;
}

} // namespace quern::frontend::weights
