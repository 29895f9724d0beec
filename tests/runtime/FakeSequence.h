// The image of a model that is sampled position by position, built by hand.
#pragma once

#include "tests/runtime/FakeModel.h"

namespace quern::tests {

/// A fake model that is sampled position by position: a raster of 3 x 4 with a halo of one column
/// in its states, which do not hold all of it, one program for rows and one for elements, in an
/// order of its own.
ImageBuilder imageOfSequence();

} // namespace quern::tests
