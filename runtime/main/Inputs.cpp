#include "runtime/main/Inputs.h"

#include "runtime/DType.h"
#include "runtime/Element.h"
#include "runtime/formats/Image.h"
#include "runtime/main/ArrayFile.h"
#include "runtime/main/Photo.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <random>

namespace quern::runtime {

AlignedBytes::AlignedBytes(size_t size) : count(size) {
  constexpr size_t alignment = 64;
  // aligned_alloc wants a multiple of the alignment, and may answer null to zero.
  size_t rounded = (size + alignment) / alignment * alignment;
  memory.reset(static_cast<std::byte *>(std::aligned_alloc(alignment, rounded)));
  if (!memory)
    throw std::bad_alloc();
}

namespace {

/// How many files a run reads for an input without --input.
size_t filesOf(const Port &input) { return input.photo ? static_cast<size_t>(input.shape[0]) : 1; }

AlignedBytes copyOf(std::span<const std::byte> bytes) {
  AlignedBytes copy(bytes.size());
  if (!bytes.empty())
    std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

/// The array's bytes if it is what the input takes.
Result<AlignedBytes> accept(const Port &input, const ArrayView &array, const std::string &file) {
  if (array.dtype != input.dtype || array.shape != input.shape)
    return Failure{fmt::format("{}: expected {} for input '{}', found {}{}", file, input.typeText(),
                               input.name, dtypeName(array.dtype), shapeText(array.shape))};
  return copyOf(array.data);
}

Result<AlignedBytes> readWhole(const Port &input, std::span<const std::byte> content,
                               const ArrayFile &file) {
  if (holdsArrays(content) || !file.array.empty()) {
    Result<FoundArray> array = findArray(file, content, input.name);
    return array ? accept(input, array->view, file.argument) : array.failure();
  }
  if (content.size() == input.bytes)
    return copyOf(content);
  if (std::string_view format = imageFormat(content); !format.empty())
    return Failure{fmt::format("{}: a {} image, but input '{}' is no photo: it takes {} as .npy, "
                               ".npz or raw",
                               file.path, format, input.name, input.typeText())};
  return Failure{fmt::format("{}: expected {} for input '{}', {} bytes if raw, found {} bytes{}",
                             file.path, input.typeText(), input.name, input.bytes, content.size(),
                             content.size() == input.bytes + 1 ? " or more" : "")};
}

Result<AlignedBytes> readPhotos(const Port &input, std::vector<std::vector<std::byte>> contents,
                                const std::vector<std::string> &files) {
  AlignedBytes tensor(input.bytes);
  size_t each = input.bytes / files.size();
  for (size_t i = 0; i < files.size(); ++i) {
    Result<Image> image = decodeImage(contents[i], files[i]);
    if (!image)
      return image.failure();
    Status adapted =
        adaptPhoto(*image, *input.photo, reinterpret_cast<float *>(tensor.data() + i * each));
    if (!adapted)
      return Failure{fmt::format("{}: {}", files[i], adapted.error())};
  }
  return tensor;
}

/// "[0, 5]": where element `at` of an input lies.
std::string placeIn(const Port &input, size_t at) {
  std::vector<size_t> place(input.shape.size());
  for (size_t axis = place.size(); axis-- > 0;) {
    place[axis] = at % static_cast<size_t>(input.shape[axis]);
    at /= static_cast<size_t>(input.shape[axis]);
  }
  return fmt::format("[{}]", fmt::join(place, ", "));
}

/// Kernels would take the nearest element for an index that is none.
Status checkIndices(const Port &input, const AlignedBytes &tensor, const std::string &file) {
  size_t each = dtypeBytes(input.dtype);
  for (size_t at = 0; input.indexed > 0 && at < tensor.size(); at += each)
    if (double value = numberAt(input.dtype, tensor.data() + at); !isIndex(value, input.indexed))
      return Failure{
          fmt::format("{}: element {} of input '{}' is {:.{}g}, no index of {} elements: "
                      "expected 0 to {}",
                      file, placeIn(input, at / each), input.name, value, digitsOf(input.dtype),
                      input.indexed, input.indexed - 1)};
  return success();
}

template <typename T> void fill(AlignedBytes &tensor, auto next) {
  auto *values = reinterpret_cast<T *>(tensor.data());
  for (size_t i = 0; i < tensor.size() / sizeof(T); ++i)
    values[i] = next();
}

/// What a request's named files and numbers say of one run.
std::string missing(const Signature &signature, const RunFiles &run) {
  for (size_t i = 0; i < run.perInput.size(); ++i) {
    const Port &input = signature.inputs[i];
    if (run.perInput[i].empty())
      return fmt::format("input '{}' ({}) is missing", input.name, input.typeText());
    if (run.perInput[i].size() < filesOf(input) &&
        !ArrayFile(run.perInput[i].front()).hasArraySuffix())
      return fmt::format("input '{}' ({}) takes {} photos, {} are given", input.name,
                         input.typeText(), filesOf(input), run.perInput[i].size());
  }
  return {};
}

} // namespace

std::vector<const Port *> openInputs(const Signature &signature, const Request &request) {
  std::vector<const Port *> open;
  for (const Port &input : signature.inputs)
    if (std::ranges::find(request.named, input.name, &std::pair<std::string, std::string>::first) ==
        request.named.end())
      open.push_back(&input);
  return open;
}

Result<std::vector<std::string>> arraysOf(const std::string &file,
                                          const std::vector<const Port *> &inputs, bool isOnly) {
  std::vector<std::string> names = arrayNames(ArrayFile(file)), arguments, missing;
  if (inputs.size() < 2 || names.empty())
    return arguments;
  for (const Port *input : inputs) {
    arguments.push_back(fmt::format("{}:{}", file, input->name));
    if (std::ranges::find(names, input->name) == names.end())
      missing.push_back(fmt::format("'{}' ({})", input->name, input->typeText()));
  }
  if (missing.empty())
    return arguments;
  if (isOnly)
    return Failure{fmt::format("{}: holds {}; nothing for input {}", file, fmt::join(names, ", "),
                               fmt::join(missing, ", "))};
  return std::vector<std::string>();
}

/// The files of one run, from number `next` on, which it moves behind them.
static Result<RunFiles> dealRun(const Signature &signature, const Request &request, RunFiles run,
                                size_t &next) {
  if (next < request.files.size()) {
    const std::string &file = request.files[next];
    std::vector<const Port *> open = openInputs(signature, request);
    Result<std::vector<std::string>> arrays = arraysOf(file, open, request.files.size() == 1);
    if (!arrays)
      return arrays.failure();
    for (size_t i = 0; i < arrays->size(); ++i)
      run.perInput[static_cast<size_t>(open[i] - signature.inputs.data())] = {(*arrays)[i]};
    if (!arrays->empty()) {
      run.all.push_back(file);
      ++next;
      return run;
    }
  }
  size_t before = next;
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    if (!run.perInput[i].empty())
      continue;
    while (next < request.files.size() && run.perInput[i].size() < filesOf(signature.inputs[i])) {
      const std::string &file = request.files[next++];
      run.perInput[i].push_back(file);
      run.all.push_back(file);
      if (ArrayFile(file).hasArraySuffix())
        break;
    }
  }
  if (next == before && next < request.files.size())
    return Failure{fmt::format("'{}': every input is given already", request.files[next])};
  if (std::string problem = missing(signature, run); !problem.empty())
    return Failure{problem};
  return run;
}

Result<std::vector<RunFiles>> dealFiles(const Signature &signature, const Request &request) {
  std::vector<RunFiles> runs;
  if (signature.inputs.empty()) {
    if (!request.files.empty())
      return Failure{fmt::format("'{}': the model takes no input", request.files.front())};
    runs.emplace_back();
    return runs;
  }
  RunFiles fixed;
  fixed.perInput.resize(signature.inputs.size());
  for (size_t i = 0; i < signature.inputs.size(); ++i)
    for (const auto &[name, file] : request.named)
      if (name == signature.inputs[i].name) {
        fixed.perInput[i] = {file};
        fixed.all.push_back(file);
      }
  size_t next = 0;
  while (next < request.files.size() || (runs.empty() && !request.named.empty())) {
    Result<RunFiles> run = dealRun(signature, request, fixed, next);
    if (!run)
      return run.failure();
    runs.push_back(std::move(*run));
  }
  return runs;
}

Result<AlignedBytes> readInput(const Port &input, const std::vector<std::string> &files) {
  std::vector<std::vector<std::byte>> contents;
  for (const std::string &file : files) {
    Result<std::vector<std::byte>> bytes =
        readContent(ArrayFile(file), input.photo ? INT_MAX : input.bytes);
    if (!bytes)
      return bytes.failure();
    contents.push_back(std::move(*bytes));
  }
  bool holdsTensor = files.size() == 1 && holdsArrays(contents.front());
  if (input.photo && !holdsTensor)
    return readPhotos(input, std::move(contents), files);
  Result<AlignedBytes> tensor = readWhole(input, contents.front(), ArrayFile(files.front()));
  if (Status status = tensor ? checkIndices(input, *tensor, files.front()) : success(); !status)
    return status.failure();
  return tensor;
}

AlignedBytes randomInput(const Port &input) {
  AlignedBytes tensor(input.bytes);
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> real(-1, 1);
  auto number = [&] { return real(generator); };
  auto bit = [&] { return static_cast<uint8_t>(generator() & 1); };
  // The upper half of a float is a bfloat16. Of a half, the sign, an exponent below 1 and any
  // fraction.
  auto brain = [&] { return static_cast<uint16_t>(std::bit_cast<uint32_t>(number()) >> 16); };
  auto half = [&] { return static_cast<uint16_t>((generator() & 0x83ff) | 0x3800); };
  switch (input.dtype) {
  case QUERN_F32:
    fill<float>(tensor, number);
    break;
  case QUERN_F64:
    fill<double>(tensor, number);
    break;
  case QUERN_F16:
    fill<uint16_t>(tensor, half);
    break;
  case QUERN_BF16:
    fill<uint16_t>(tensor, brain);
    break;
  case QUERN_I16:
  case QUERN_U16:
    fill<uint16_t>(tensor, bit);
    break;
  case QUERN_I32:
  case QUERN_U32:
    fill<uint32_t>(tensor, bit);
    break;
  case QUERN_I64:
  case QUERN_U64:
    fill<uint64_t>(tensor, bit);
    break;
  case QUERN_I8:
  case QUERN_U8:
  case QUERN_BOOL:
    fill<uint8_t>(tensor, bit);
    break;
  }
  return tensor;
}

} // namespace quern::runtime
