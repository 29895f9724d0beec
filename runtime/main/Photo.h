// A photograph as a classifier was trained to see it.
#pragma once

#include "runtime/ModelImage.h"
#include "runtime/formats/Image.h"

namespace quern::runtime {

/// Writes 3 x crop x crop floats as PhotoAdapter describes. The longer side is rounded to nearest,
/// the margins are rounded down, as models/record_goldens.py has them.
Status adaptPhoto(const Image &image, const PhotoAdapter &photo, float *tensor);

} // namespace quern::runtime
