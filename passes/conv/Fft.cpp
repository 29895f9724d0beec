// Fourier transforms: products of spectra, summed over channels frequency by frequency (Mathieu,
// Henaff and LeCun, Fast training of convolutional networks through FFTs, 2014).
#include "ir/HostTensor.h"
#include "ir/conv/Dft.h"
#include "ir/conv/Division.h"
#include "ir/conv/FftPasses.h"
#include "ir/conv/UnitStride.h"
#include "passes/conv/Algorithms.h"
#include "passes/conv/MachineTime.h"

#include <cmath>
#include <complex>

namespace quern::passes {
namespace {

using Complex = std::complex<float>;

/// Shares of the peak of products, of those of groups whose outputs fill no vectors, and of
/// transforms; by how much a transform that fills the
/// second-level cache takes longer; how often the filters' spectra and those of images pass behind
/// that cache, and how many times faster within it (bench/conv/choice.md).
constexpr double productEfficiency = 0.73;
constexpr double narrowEfficiency = 0.10;
constexpr double transformEfficiency = 0.25;
constexpr double cachePenalty = 0.33;
constexpr double filterPasses = 1.6;
constexpr double spectraPasses = 3.7;
constexpr double cacheSpeed = 6;

/// How much more is computed than asked for where vectors hold a channel each and channels are few.
/// Layers of half a vector and more were fitted without; one signal of one axis has vectors along
/// its samples.
double emptyLanes(const Machine &machine, const ConvShape &shape, int64_t channels) {
  bool isOneSignal = shape.axes.size() == 1 && shape.inChannels == 1 && shape.outChannels == 1;
  return isOneSignal ? 1
                     : std::max(1.0, 0.5 * static_cast<double>(machine.lanes) /
                                         static_cast<double>(channels));
}

/// Of a transfer of which that share comes from behind the second-level cache, relative to one of
/// which all does.
double relativeTime(double behind) { return behind + (1 - behind) / cacheSpeed; }

using ir::ceilDiv;
using ir::UnitStride;

/// What is transformed along each axis.
std::vector<UnitStride> unitStrides(const ConvShape &shape) {
  return ir::unitStrides(shape.axes, shape.sumsSpectra());
}

/// Whether vectors must run along the samples, for want of channels.
bool isOneSignal(const ConvShape &shape) {
  return shape.axes.size() == 1 && shape.inChannels == 1 && shape.outChannels == 1;
}

/// Operations on each of `n` samples that one transform of them takes, in those of a pass of radix
/// 2: a pass of prime radix p makes about (p - 1)^2 products of p numbers.
double passesOf(int64_t n) {
  double sum = 0;
  for (int64_t p : ir::primeFactors(n))
    sum += p == 2 ? 1 : p == 3 ? 2.2 : p == 5 ? 3.5 : 0.6 * static_cast<double>(p);
  return sum;
}

/// A size of at least `n` samples that transforms have passes for: of those that are hardly larger
/// than need be, that which takes the least work.
int64_t nextSize(int64_t n) {
  auto next = [](int64_t size) {
    size = ir::smoothSize(size);
    while (!ir::isFftSize(size))
      size = ir::smoothSize(size + 1);
    return size;
  };
  int64_t best = next(n);
  auto work = [](int64_t size) { return static_cast<double>(size) * passesOf(size); };
  for (int64_t size = next(best + 1); 8 * size <= 9 * n; size = next(size + 1))
    if (work(size) < work(best))
      best = size;
  return best;
}

/// Samples that hold all of an axis, and its filter.
int64_t wholeAxis(const UnitStride &unit) {
  return std::max(unit.axis.span(), unit.wholeSamples());
}

/// The same for an axis of `shape`. Long transforms of one signal fill their vectors where a
/// multiple of this divides them: ir/conv/FftPasses.cpp.
int64_t nextSize(const ConvShape &shape, int64_t n) {
  constexpr int64_t vectors = 30 * 16;
  return isOneSignal(shape) && n > 2 * vectors ? vectors * nextSize(ceilDiv(n, vectors))
                                               : nextSize(n);
}

/// Of a complex number.
int64_t complexBytes(const ConvShape &shape) { return 2 * computedBytesOf(shape.element); }

/// Of the filters' spectra: the last axis is real, so half of it says all.
int64_t spectraBytes(const ConvShape &shape, const Tile &tile) {
  int64_t frequencies = tile.back() / 2 + 1;
  for (int64_t size : llvm::ArrayRef(tile).drop_back())
    frequencies *= size;
  return complexBytes(shape) * frequencies * shape.outChannels * shape.channelsPerGroup() *
         ir::phasesOf(unitStrides(shape));
}

/// The operator of std::complex tests for NaN, at several times the cost.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// exp(2 pi i k / n) for each k, rounded to f32.
std::vector<Complex> rootsOfUnity(int64_t n) {
  std::vector<Complex> roots;
  for (int64_t k = 0; k < n; ++k) {
    double angle = 2 * M_PI * static_cast<double>(k) / static_cast<double>(n);
    roots.emplace_back(static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)));
  }
  return roots;
}

/// Transforms `n` values at `step` by the definition if n is prime, else by its factors, in f32.
/// `roots` are of a multiple of n.
void transform(Complex *data, int64_t n, int64_t step, bool isForward,
               llvm::ArrayRef<Complex> roots) {
  std::vector<Complex> in(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    in[static_cast<size_t>(i)] = data[i * step];
  if (n == 1)
    return;
  int64_t radix = ir::primeFactors(n).front(), part = n / radix;
  std::vector<Complex> parts(static_cast<size_t>(n));
  for (int64_t r = 0; r < radix; ++r) {
    for (int64_t i = 0; i < part; ++i)
      parts[static_cast<size_t>(r * part + i)] = in[static_cast<size_t>(i * radix + r)];
    transform(parts.data() + r * part, part, 1, isForward, roots);
  }
  int64_t turn = static_cast<int64_t>(roots.size()) / n;
  for (int64_t k = 0; k < n; ++k) {
    Complex sum = 0;
    for (int64_t r = 0; r < radix; ++r) {
      Complex root = roots[static_cast<size_t>(r * k % n * turn)];
      sum += times(isForward ? std::conj(root) : root,
                   parts[static_cast<size_t>(r * part + k % part)]);
    }
    data[k * step] = sum;
  }
}

/// Along every axis of a box.
void transformBox(std::vector<Complex> &data, llvm::ArrayRef<int64_t> box, bool isForward) {
  int64_t inner = 1;
  for (size_t axis = box.size(); axis-- > 0;) {
    int64_t n = box[axis], all = static_cast<int64_t>(data.size());
    std::vector<Complex> roots = rootsOfUnity(n);
    for (int64_t block = 0; block < all; block += n * inner)
      for (int64_t i = 0; i < inner; ++i)
        transform(data.data() + block + i, n, inner, isForward, roots);
    inner *= n;
  }
}

class Fft final : public ConvAlgorithm {
public:
  ir::ConvAlgorithm kind() const override { return ir::ConvAlgorithm::fft; }

  std::string shapeRefusal(const ConvShape &shape) const override {
    if (!shape.hasConstantFilter)
      return "the filter is not known when the model is compiled";
    std::vector<UnitStride> axes = unitStrides(shape);
    if (llvm::all_of(axes, [](const UnitStride &unit) { return unit.axis.kernel == 1; }))
      return shape.taps() == 1
                 ? "one tap is a product already"
                 : "a stride that leaves one tap of each phase makes products of them";
    if (tiles(shape).empty())
      return "the spectra of its filters would take more than 256 MiB";
    return "";
  }

  /// The whole, and tiles around twice and four times the filter.
  llvm::SmallVector<Tile> tiles(const ConvShape &shape) const override {
    llvm::SmallVector<Tile> list;
    std::vector<UnitStride> axes = unitStrides(shape);
    auto whole = [&](const UnitStride &unit) { return nextSize(shape, wholeAxis(unit)); };
    auto add = [&](auto sizeOf) {
      Tile tile;
      int64_t samples = 1;
      for (const UnitStride &unit : axes) {
        tile.push_back(std::min(sizeOf(unit), whole(unit)));
        samples *= tile.back();
      }
      // Spectra beyond that take longer to fetch than anything to compute.
      constexpr int64_t mostSamples = int64_t{1} << 18, mostBytes = int64_t{1} << 28;
      bool fits = samples <= mostSamples && spectraBytes(shape, tile) <= mostBytes;
      if (fits && !llvm::is_contained(list, tile))
        list.push_back(tile);
    };
    for (int64_t factor : {2, 4, 8})
      add([&](const UnitStride &unit) {
        int64_t size = nextSize(shape, std::max<int64_t>(factor * unit.axis.span(), 8));
        // As even tiles as can be.
        return nextSize(shape, unit.samplesFor(ceilDiv(unit.kept(), unit.tiles(size))));
      });
    add(whole);
    return list;
  }

  ConvCost costOn(const Machine &machine, const ConvShape &shape, const Tile &tile) const override {
    double samples = 1, frequencies = 1, passes = 0, tiles = static_cast<double>(shape.batch);
    std::vector<UnitStride> axes = unitStrides(shape);
    for (size_t i = 0; i < tile.size(); ++i) {
      samples *= static_cast<double>(tile[i]);
      passes += passesOf(tile[i]);
      bool isReal = i + 1 == tile.size();
      frequencies *= static_cast<double>(isReal ? tile[i] / 2 + 1 : tile[i]);
      tiles *= static_cast<double>(axes[i].tiles(tile[i]));
    }
    auto in = static_cast<double>(shape.inChannels * ir::phasesOf(axes)),
         out = static_cast<double>(shape.outChannels);
    double pairs = in * out / static_cast<double>(shape.groups);
    double emptyIn = emptyLanes(machine, shape, shape.inChannels),
           emptyOut = emptyLanes(machine, shape, shape.outChannels);
    double transforms = tiles * 2.5 * samples * passes * (in * emptyIn + out * emptyOut);
    double products = tiles * 8 * frequencies * pairs * emptyOut;
    auto weights = static_cast<double>(spectraBytes(shape, tile));
    auto bytes = static_cast<double>(complexBytes(shape));
    double spectra = shape.isDepthwise() ? 0 : bytes * frequencies * tiles * (in + out);
    // Depthwise layers, whose weights are few, were fitted without.
    double behind = shape.isDepthwise() ? 1 : shareBehindCaches(machine, weights + spectra);
    // What one thread has transformed another one multiplies, so it comes from that one's cache.
    double notOwn = 1 - (1 - behind) / machine.threads;
    bool isNarrow = shape.groups > 1 && shape.channelsPerGroup() > 1 &&
                    shape.outChannels / shape.groups % machine.lanes != 0;
    // A vector of signals is transformed at once.
    double held = bytes * samples * machine.lanes / static_cast<double>(machine.l2Bytes);
    ConvCost cost;
    cost.microseconds =
        (timeToCompute(machine, products, isNarrow ? narrowEfficiency : productEfficiency) +
         timeToCompute(machine, transforms * (1 + cachePenalty * held), transformEfficiency) +
         timeToFetch(machine, filterPasses * weights) * relativeTime(behind) +
         timeToFetch(machine, spectraPasses * spectra) * relativeTime(notOwn)) /
        1000;
    cost.workspaceBytes =
        static_cast<int64_t>(1.3 * spectra + 4 * bytes * machine.threads * samples * machine.lanes);
    return cost;
  }

  double sumErrorBound(const ConvShape &shape, const Tile &tile, double u) const override {
    double samples = 1;
    for (int64_t size : tile)
      samples *= static_cast<double>(size);
    return ir::fftErrorBound(std::vector<int64_t>(tile.rbegin(), tile.rend()),
                             shape.channelsPerGroup() * ir::phasesOf(unitStrides(shape)), samples,
                             u);
  }

  Tile outputsTogether(const ConvShape &shape, const Tile &tile) const override {
    Tile outputs;
    for (auto [axis, samples] : llvm::zip_equal(shape.axes, tile))
      outputs.push_back(std::max<int64_t>(1, samples - ceilDiv(axis.kernel, axis.stride) + 1));
    return outputs;
  }

  /// With one transform of the tile's size, or the next that holds the sample. The filters' spectra
  /// are divided by the number of samples, as kernels have them.
  std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const override {
    llvm::SmallVector<int64_t, 3> in = sample.in(), box;
    int64_t samples = 1;
    for (auto [extent, size] : llvm::zip_equal(in, tile)) {
      box.push_back(std::max(size, nextSize(extent)));
      samples *= box.back();
    }
    std::vector<std::vector<Complex>> inputs;
    for (int64_t c = 0; c < sample.channels; ++c)
      inputs.push_back(spectrum(sample.input.data() + c * sample.inputSize(), in, box));
    std::vector<float> result;
    int64_t taps = static_cast<int64_t>(sample.filter.size()) / (sample.outputs * sample.channels);
    for (int64_t o = 0; o < sample.outputs; ++o) {
      std::vector<Complex> sums(static_cast<size_t>(samples));
      for (int64_t c = 0; c < sample.channels; ++c) {
        std::vector<Complex> filter =
            spectrum(sample.filter.data() + (o * sample.channels + c) * taps, sample.kernel, box);
        for (Complex &value : filter)
          value /= static_cast<float>(samples);
        for (size_t f = 0; f < sums.size(); ++f)
          sums[f] += times(inputs[static_cast<size_t>(c)][f], std::conj(filter[f]));
      }
      transformBox(sums, box, /*isForward=*/false);
      ir::forEachIndex(sample.out, [&](llvm::ArrayRef<int64_t> at) {
        int64_t offset = 0;
        for (size_t axis = 0; axis < at.size(); ++axis)
          offset = offset * box[axis] + at[axis];
        result.push_back(sums[static_cast<size_t>(offset)].real());
      });
    }
    return result;
  }

private:
  static std::vector<Complex> spectrum(const float *values, llvm::ArrayRef<int64_t> extents,
                                       llvm::ArrayRef<int64_t> box) {
    int64_t samples = 1;
    for (int64_t size : box)
      samples *= size;
    std::vector<Complex> data(static_cast<size_t>(samples));
    ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> at) {
      int64_t offset = 0;
      for (size_t axis = 0; axis < at.size(); ++axis)
        offset = offset * box[axis] + at[axis];
      data[static_cast<size_t>(offset)] = *values++;
    });
    transformBox(data, box, /*isForward=*/true);
    return data;
  }
};

} // namespace

const ConvAlgorithm &fftConv() {
  static const Fft algorithm;
  return algorithm;
}

} // namespace quern::passes
