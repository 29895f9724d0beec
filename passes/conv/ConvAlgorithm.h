// What the choice of an algorithm must know of each. One file of this folder implements one
// algorithm and registers it in ConvAlgorithm.cpp; codegen/halide/convs generates its code.
#pragma once

#include "passes/conv/ConvShape.h"
#include "passes/conv/SampleErrors.h"

#include <optional>

namespace quern::passes {

/// The variant of an algorithm: ir::ConvAttr's tile.
using Tile = llvm::SmallVector<int64_t, 3>;

/// What one convolution costs by an algorithm, estimated.
struct ConvCost {
  double microseconds = 0;
  /// Memory besides input, output and weights that is held while it runs, roughly: a budget binds
  /// what the compiled kernel holds, where there is one to ask (ConvPolicy::workspace).
  int64_t workspaceBytes = 0;
};

class ConvAlgorithm {
public:
  virtual ~ConvAlgorithm() = default;

  virtual ir::ConvAlgorithm kind() const = 0;

  /// Why it cannot compute a convolution of this shape; empty where it can.
  std::string refusal(const ConvShape &shape) const;

  /// The variants that are worth a thought where there is no refusal; without variants, one empty
  /// tile.
  virtual llvm::SmallVector<Tile> tiles(const ConvShape &) const { return {Tile()}; }

  /// Whether there is such a variant: those of tiles(), and what else a user may name.
  virtual bool offers(const ConvShape &shape, const Tile &tile) const {
    return llvm::is_contained(tiles(shape), tile);
  }

  /// The variants that these weights make worth a thought besides, which weightRefusal() has
  /// nothing against.
  virtual llvm::SmallVector<Tile> tilesFor(const ConvShape &, const FilterView &) const {
    return {};
  }

  /// What offers() has beyond tiles(), for a user to read; empty where it has nothing.
  virtual std::string otherTiles() const { return ""; }

  /// tiles(), those for the weights where these are known, and those of `named` that are more.
  llvm::SmallVector<Tile> tilesWith(const ConvShape &shape, std::optional<FilterView> filter,
                                    llvm::ArrayRef<Tile> named) const;

  /// Why a variant cannot compute it with these weights, where refusal() objects to nothing; empty
  /// where it can. Weights that are not known yet are no weights: an algorithm that depends on
  /// what they are refuses then.
  virtual std::string weightRefusal(const ConvShape &, const Tile &,
                                    std::optional<FilterView>) const {
    return "";
  }

  /// Made-up weights [O, C / groups, kernel...], numbers of the shape's element type, that
  /// weightRefusal has nothing against; empty where any will do.
  virtual std::vector<double> suitableWeights(const ConvShape &, const Tile &) const { return {}; }

  /// Estimated by counting products, transforms and traffic.
  ConvCost cost(const ConvShape &shape, const Tile &tile, const Machine &machine) const;

  /// A number that the error of no output exceeds, relative to the largest input times the largest
  /// sum of absolute weights of an output channel, with each operation and what is stored rounded.
  double errorBound(const ConvShape &shape, const Tile &tile) const;

  /// How much of each filter's products a rounding error comes with, for exposures(): of each
  /// output channel [outputs][channels, and parts of filters], the squares of the weights as the
  /// algorithm multiplies by them, each times how far errors of its products are spread.
  virtual std::vector<double> energies(const ConvShape &shape, const FilterView &filter,
                                       const Tile &tile) const;

  /// After how many outputs along each axis errors are alike again.
  virtual Tile errorPeriod(const ConvShape &shape, const Tile &) const {
    return Tile(shape.axes.size(), 1);
  }

  /// How many along each axis are computed together: what else is in a transform adds to the error
  /// of each.
  virtual Tile outputsTogether(const ConvShape &shape, const Tile &tile) const {
    return errorPeriod(shape, tile);
  }

  /// Computes `sample` in f32 as the algorithm does, operation by operation, whatever the type.
  virtual std::vector<float> simulate(const SampleConv &sample, const Tile &tile) const = 0;

private:
  virtual std::string shapeRefusal(const ConvShape &shape) const = 0;
  /// `machine` as it computes in the shape's element type.
  virtual ConvCost costOn(const Machine &machine, const ConvShape &shape,
                          const Tile &tile) const = 0;
  /// The errorBound() of sums before they are stored, each operation rounded with unit roundoff
  /// `u`. Sources are named with each algorithm.
  virtual double sumErrorBound(const ConvShape &shape, const Tile &tile, double u) const = 0;
  /// Whether it computes contractions, too (ConvShape::isProduct).
  virtual bool computesProducts() const { return false; }
};

/// All of them, direct first.
llvm::ArrayRef<const ConvAlgorithm *> convAlgorithms();

/// The one of that kind.
const ConvAlgorithm &convAlgorithm(ir::ConvAlgorithm kind);

/// Unit roundoff of f32.
inline constexpr double unitRoundoff = 0x1p-24;

/// n u / (1 - n u): what n roundings amount to at most (Higham, Accuracy and Stability of Numerical
/// Algorithms, lemma 3.1).
double roundings(double n, double u = unitRoundoff);

} // namespace quern::passes
