#include "runtime/main/Samples.h"

#include "runtime/DType.h"
#include "runtime/Element.h"
#include "runtime/formats/File.h"
#include "runtime/formats/Image.h"
#include "runtime/formats/Npy.h"
#include "runtime/main/ArrayFile.h"
#include "runtime/main/Printable.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace quern::runtime {

namespace {

/// The number of the longest symbol that `text` begins with.
std::optional<size_t> firstSymbol(const Signature &signature, const TextAdapter &vocabulary,
                                  std::string_view text) {
  std::optional<size_t> found;
  for (size_t i = 0; i < vocabulary.symbolCount; ++i) {
    std::string_view symbol = signature.symbol(vocabulary, i);
    if (text.starts_with(symbol) &&
        (!found || symbol.size() > signature.symbol(vocabulary, *found).size()))
      found = i;
  }
  return found;
}

/// The bytes of the longest symbol.
size_t longestSymbol(const Signature &signature, const TextAdapter &vocabulary) {
  size_t longest = 0;
  for (size_t i = 0; i < vocabulary.symbolCount; ++i)
    longest = std::max(longest, signature.symbol(vocabulary, i).size());
  return longest;
}

/// Appends an integer element for each row of the batch.
void append(const Port &input, size_t rows, size_t value, std::vector<std::byte> &elements) {
  for (size_t row = 0; row < rows; ++row) {
    auto wide = static_cast<int64_t>(value);
    size_t bytes = dtypeBytes(input.dtype);
    // Little-endian: the low bytes come first.
    auto *from = reinterpret_cast<const std::byte *>(&wide);
    elements.insert(elements.end(), from, from + bytes);
  }
}

Result<std::vector<std::byte>> encode(const Signature &signature, size_t rows,
                                      std::string_view text) {
  const Port &input = *signature.generated();
  std::vector<std::byte> elements;
  for (size_t at = 0; at < text.size();) {
    std::optional<size_t> symbol = firstSymbol(signature, *input.text, text.substr(at));
    if (!symbol)
      return Failure{
          fmt::format("byte {} of the prompt, '{}', begins none of the model's {} symbols", at,
                      firstCharacter(text.substr(at)), input.text->symbolCount)};
    append(input, rows, *symbol, elements);
    at += signature.symbol(*input.text, *symbol).size();
  }
  return elements;
}

/// Where in the input's tensor, row-major, the elements lie that come position by position, place
/// by place.
std::vector<size_t> offsetsInTensor(const Signature &signature) {
  const Port &input = *signature.generated();
  const SequenceEntry &order = *signature.image.sequence();
  size_t each = dtypeBytes(input.dtype);
  std::span<const uint32_t> ordered(order.inputAxes, order.axes);
  std::vector<size_t> axes(ordered.begin(), ordered.end()), stride(input.shape.size(), each);
  for (size_t axis = 0; axis < input.shape.size(); ++axis)
    if (std::ranges::find(axes, axis) == axes.end())
      axes.push_back(axis);
  for (size_t axis = input.shape.size(); axis-- > 1;)
    stride[axis - 1] = stride[axis] * static_cast<size_t>(input.shape[axis]);
  std::vector<size_t> offsets(input.bytes / each);
  for (size_t i = 0; i < offsets.size(); ++i) {
    size_t rest = i;
    for (size_t k = axes.size(); k-- > 0;) {
      auto extent = static_cast<size_t>(input.shape[axes[k]]);
      offsets[i] += rest % extent * stride[axes[k]];
      rest /= extent;
    }
  }
  return offsets;
}

/// A sample's elements as the input has them: row-major, whatever the order.
std::vector<std::byte> asTensor(const Signature &signature, std::span<const std::byte> elements) {
  const Port &input = *signature.generated();
  size_t each = dtypeBytes(input.dtype);
  std::vector<size_t> offsets = offsetsInTensor(signature);
  std::vector<std::byte> tensor(input.bytes);
  for (size_t i = 0; i < elements.size() / each; ++i)
    std::memcpy(tensor.data() + offsets[i], elements.data() + i * each, each);
  return tensor;
}

/// The elements of a whole input, position by position.
std::vector<std::byte> byPosition(const Signature &signature, std::span<const std::byte> tensor) {
  const Port &input = *signature.generated();
  size_t each = dtypeBytes(input.dtype), positions = positionsOf(*signature.image.sequence()),
         slot = input.bytes / each / positions;
  std::vector<size_t> offsets = offsetsInTensor(signature);
  std::span<const uint32_t> places = signature.image.places();
  std::vector<std::byte> elements(input.bytes);
  for (size_t i = 0; i < offsets.size(); ++i) {
    size_t place = places.empty() ? i / slot : places[i / slot];
    std::memcpy(elements.data() + i * each, tensor.data() + offsets[place * slot + i % slot], each);
  }
  return elements;
}

/// A prompt as an array: of the input's shape, or of another with elements position by position.
Result<std::vector<std::byte>> readArray(const Signature &signature, const ArrayFile &file) {
  const Port &input = *signature.generated();
  Result<std::vector<std::byte>> content = readContent(file, 0);
  if (!content)
    return content.failure();
  Result<FoundArray> array = findArray(file, *content, input.name);
  if (!array)
    return array.failure();
  const ArrayView &view = array->view;
  if (view.dtype != input.dtype)
    return Failure{fmt::format("{}: expected elements of input '{}' ({}), found {}", file.argument,
                               input.name, input.typeText(), dtypeName(view.dtype))};
  if (view.data.size() > input.bytes)
    return Failure{fmt::format("{}: expected {} for input '{}', or fewer elements, position by "
                               "position, found {}{}",
                               file.argument, input.typeText(), input.name, dtypeName(view.dtype),
                               shapeText(view.shape))};
  if (view.shape == input.shape)
    return byPosition(signature, view.data);
  return std::vector<std::byte>(view.data.begin(), view.data.end());
}

/// Pictures of all rows of all samples, as grey or RGB bytes.
struct Picture {
  size_t height, width, channels;
  std::vector<uint8_t> bytes;
};

std::vector<Picture> picturesOf(const Signature &signature,
                                const std::vector<std::vector<std::byte>> &samples, size_t count) {
  const Port &input = *signature.generated();
  const SequenceEntry &order = *signature.image.sequence();
  bool isInteger = input.dtype >= QUERN_I8;
  double low = isInteger ? 0 : order.low;
  double high = isInteger ? static_cast<double>(order.levels - 1) : order.high;
  auto batch = static_cast<size_t>(input.shape[0]), channels = static_cast<size_t>(input.shape[1]),
       pixels = static_cast<size_t>(input.shape[2] * input.shape[3]);
  std::vector<Picture> pictures;
  for (const std::vector<std::byte> &sample : samples) {
    std::vector<std::byte> tensor = asTensor(signature, sample);
    for (size_t row = 0; row < batch && pictures.size() < count; ++row) {
      Picture &picture = pictures.emplace_back(
          Picture{static_cast<size_t>(input.shape[2]), static_cast<size_t>(input.shape[3]),
                  channels, std::vector<uint8_t>(pixels * channels)});
      for (size_t channel = 0; channel < channels; ++channel)
        for (size_t pixel = 0; pixel < pixels; ++pixel) {
          size_t at = (row * channels + channel) * pixels + pixel;
          double value = numberAt(input.dtype, tensor.data() + at * dtypeBytes(input.dtype));
          double shade = std::clamp((value - low) / (high - low), 0.0, 1.0);
          picture.bytes[pixel * channels + channel] =
              static_cast<uint8_t>(std::lround(shade * 255));
        }
    }
  }
  return pictures;
}

/// Each pixel as a square of `factor` x `factor`.
Picture enlarged(const Picture &picture, size_t factor) {
  Picture large{picture.height * factor, picture.width * factor, picture.channels, {}};
  large.bytes.reserve(large.height * large.width * large.channels);
  for (size_t y = 0; y < large.height; ++y)
    for (size_t x = 0; x < large.width; ++x) {
      size_t at = (y / factor * picture.width + x / factor) * picture.channels;
      large.bytes.insert(large.bytes.end(), &picture.bytes[at],
                         &picture.bytes[at] + picture.channels);
    }
  return large;
}

/// A sheet as square as it can be, with a line of one pixel between pictures. Small pictures are
/// enlarged, so that a person sees what is on them.
Status writeSheet(const std::vector<Picture> &pictures, const std::string &path) {
  constexpr size_t visibleHeight = 64;
  const Picture &first = pictures.front();
  size_t factor = std::max<size_t>(1, visibleHeight / first.height);
  size_t cellWidth = first.width * factor, cellHeight = first.height * factor;
  auto columns = static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(pictures.size()))));
  size_t rows = (pictures.size() + columns - 1) / columns;
  size_t width = columns * (cellWidth + 1) - 1, height = rows * (cellHeight + 1) - 1;
  std::vector<uint8_t> sheet(width * height * first.channels, 255);
  for (size_t i = 0; i < pictures.size(); ++i) {
    Picture cell = enlarged(pictures[i], factor);
    size_t top = i / columns * (cellHeight + 1), left = i % columns * (cellWidth + 1);
    for (size_t y = 0; y < cellHeight; ++y)
      std::memcpy(sheet.data() + ((top + y) * width + left) * first.channels,
                  cell.bytes.data() + y * cellWidth * first.channels, cellWidth * first.channels);
  }
  return writePng(path, sheet, static_cast<int>(width), static_cast<int>(height),
                  static_cast<int>(first.channels));
}

/// Grey as characters, dark to bright, two for a pixel since they are narrow.
void printPictures(const std::vector<Picture> &pictures) {
  constexpr std::string_view shades = " .:-=+*#%@";
  for (const Picture &picture : pictures) {
    size_t channels = picture.channels == 1 ? 1 : 3; // as isPicture has it
    for (size_t y = 0; y < picture.height; ++y) {
      std::string line;
      for (size_t x = 0; x < picture.width; ++x) {
        size_t sum = 0;
        for (size_t channel = 0; channel < channels; ++channel)
          sum += picture.bytes[(y * picture.width + x) * channels + channel];
        line.append(2, shades[sum / channels * (shades.size() - 1) / 255]);
      }
      fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
    }
    fmt::print("\n");
  }
}

} // namespace

std::optional<std::string> promptFile(const Signature &signature, const Request &request) {
  const Port *input = signature.generated();
  bool hasSign = request.prompt && request.prompt->starts_with('@');
  if (!request.prompt || !input || (input->text && !hasSign))
    return std::nullopt;
  return request.prompt->substr(hasSign ? 1 : 0);
}

Result<std::vector<std::byte>> readPrompt(const Signature &signature, const Request &request) {
  const SequenceEntry &order = *signature.image.sequence();
  const Port &input = *signature.generated();
  size_t slot = input.bytes / positionsOf(order), rows = slot / dtypeBytes(input.dtype);
  if (!request.prompt) {
    std::vector<std::byte> elements;
    if (order.isStrict)
      return elements;
    if (input.text)
      append(input, rows, firstSymbol(signature, *input.text, "\n").value_or(0), elements);
    else
      elements.resize(slot);
    return elements;
  }
  std::optional<std::string> file = promptFile(signature, request);
  if (!file) {
    Result<std::vector<std::byte>> elements = encode(signature, rows, *request.prompt);
    if (!elements && ::access(request.prompt->c_str(), R_OK) == 0)
      return Failure{fmt::format("{}; --prompt @{} reads the file of that name", elements.error(),
                                 *request.prompt)};
    return elements;
  }
  if (file->empty())
    return Failure{input.text
                       ? "--prompt @ names no file: @FILE reads the text of one"
                       : "--prompt '' names no file: it takes one with elements of the input"};
  // Not a byte more than tells that it is too long: a pipe may be endless.
  uint64_t positions = positionsOf(order);
  size_t most = positions * (input.text ? longestSymbol(signature, *input.text) : slot);
  Result<std::vector<std::byte>> bytes = readStart(ArrayFile(*file).path, most + 1);
  if (!bytes && !input.text)
    return Failure{fmt::format("{} (--prompt takes a file of elements, as the input is no text)",
                               bytes.error())};
  if (bytes && !input.text && holdsArrays(*bytes))
    bytes = readArray(signature, ArrayFile(*file));
  if (!bytes)
    return bytes.failure();
  if (bytes->size() > most)
    return Failure{
        fmt::format("{}: more than {} bytes, which the {} elements of a sequence take at "
                    "most: give a shorter prompt",
                    *file, most, positions)};
  if (input.text)
    return encode(signature, rows, {reinterpret_cast<const char *>(bytes->data()), bytes->size()});
  if (bytes->size() % slot != 0)
    return Failure{fmt::format("{}: {} bytes are no whole number of elements of {} bytes",
                               *request.prompt, bytes->size(), slot)};
  return bytes;
}

std::vector<std::byte> inPlace(const Signature &signature, std::span<const std::byte> elements) {
  std::span<const uint32_t> places = signature.image.places();
  if (places.empty())
    return {elements.begin(), elements.end()};
  size_t slot = signature.generated()->bytes / places.size();
  std::vector<std::byte> placed(signature.generated()->bytes);
  for (size_t i = 0; i < elements.size() / slot; ++i)
    std::memcpy(placed.data() + places[i] * slot, elements.data() + i * slot, slot);
  return placed;
}

bool isPicture(const Signature &signature) {
  const Port &input = *signature.generated();
  const SequenceEntry &order = *signature.image.sequence();
  return input.shape.size() == 4 && (input.shape[1] == 1 || input.shape[1] == 3) &&
         order.axes >= 2 && order.inputAxes[0] == 2 && order.inputAxes[1] == 3 &&
         (order.axes == 2 || order.inputAxes[2] == 1) && order.levels > 1;
}

void showText(const Signature &signature, std::span<const std::byte> elements) {
  const Port &input = *signature.generated();
  for (size_t at = 0; at < elements.size(); at += dtypeBytes(input.dtype)) {
    auto symbol = static_cast<size_t>(numberAt(input.dtype, elements.data() + at));
    std::string_view text = signature.symbol(*input.text, symbol);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  std::fflush(stdout);
}

void showTexts(const Signature &signature, std::span<const std::byte> elements, size_t rows) {
  size_t each = dtypeBytes(signature.generated()->dtype);
  for (size_t row = 0; row < rows; ++row) {
    if (row > 0)
      fmt::print("--------\n");
    for (size_t at = row * each; at < elements.size(); at += rows * each)
      showText(signature, elements.subspan(at, each));
    std::fputc('\n', stdout);
  }
}

void showNumbers(const Signature &signature, std::span<const std::byte> elements) {
  const Port &input = *signature.generated();
  size_t each = dtypeBytes(input.dtype);
  size_t rows = input.bytes / positionsOf(*signature.image.sequence()) / each;
  for (size_t i = 0; i < elements.size() / each; ++i)
    fmt::print("{:.6g}{}", numberAt(input.dtype, elements.data() + i * each),
               i % rows + 1 == rows ? '\n' : ' ');
  std::fflush(stdout);
}

void showPlaces(const Signature &signature, std::span<const std::byte> elements) {
  std::span<const uint32_t> places = signature.image.places();
  size_t slot = signature.generated()->bytes / places.size(), known = elements.size() / slot;
  std::vector<uint8_t> isKnown(places.size());
  for (uint32_t place : places.first(known))
    isKnown[place] = 1;
  std::vector<std::byte> placed = inPlace(signature, elements);
  bool isText = signature.generated()->text != nullptr;
  for (size_t place = 0; place < places.size(); ++place)
    if (!isKnown[place])
      fmt::print("-{}", isText ? "" : "\n");
    else
      (isText ? showText : showNumbers)(signature, std::span(placed).subspan(place * slot, slot));
}

Status showSamples(const Signature &signature, const Request &request,
                   const std::vector<std::vector<std::byte>> &samples) {
  const Port &input = *signature.generated();
  if (!request.output.empty()) {
    std::vector<std::byte> tensor = asTensor(signature, samples.front());
    if (Status status = writeNpy(request.output, {input.dtype, input.shape, tensor}); !status)
      return status;
  }
  if (isPicture(signature)) {
    std::vector<Picture> pictures = picturesOf(signature, samples, request.sample);
    if (!request.png.empty())
      return writeSheet(pictures, request.png);
    if (request.output.empty())
      printPictures(pictures);
  }
  return success();
}

} // namespace quern::runtime
