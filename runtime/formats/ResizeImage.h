// Photographs made smaller or larger, to the same bytes as Pillow's Image.resize with BICUBIC along
// x and then along y: what networks for photographs were trained on.
#pragma once

#include "runtime/formats/Image.h"

namespace quern::runtime {

/// Resamples along x, rounds to 8 bits, then along y. Each axis uses Keys' cubic kernel with a =
/// -1/2 (Cubic Convolution Interpolation for Digital Image Processing, IEEE TASSP 29(6), 1981),
/// widened by the scale when shrinking, in fixed-point arithmetic; at the edges the kernel's part
/// inside the image counts alone. Fails where the result would have more than 2^28 pixels or none.
Result<Image> resizeImage(const Image &image, int width, int height);

} // namespace quern::runtime
