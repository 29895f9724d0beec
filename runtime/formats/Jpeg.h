// What a JPEG file says beside its pixels.
#pragma once

#include <string_view>

namespace quern::runtime {

/// Whether a JPEG's pixels begin but do not end. Its decoder would fill in grey.
bool isJpegCutShort(std::string_view file);

/// How the camera was held: the orientation of EXIF (tag 274), 1 to 8, as in CIPA DC-008
/// (Exif 2.32), 4.6.4; 1, upright, where the file does not say.
int jpegOrientation(std::string_view file);

} // namespace quern::runtime
