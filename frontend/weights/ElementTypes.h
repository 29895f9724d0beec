// What weights files call the element types, and conversions between them.
#pragma once

#include "runtime/DType.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace quern::frontend::weights {

/// The name as safetensors writes it: "F32", "BF16", "BOOL".
std::string_view safetensorsName(quern_dtype dtype);

/// The type that safetensors calls so; nothing for those without a counterpart (complex, 8-bit
/// floats…).
std::optional<quern_dtype> dtypeFromSafetensors(std::string_view name);

/// Whether a parameter of type `to` can take a weight of type `from`: equal types, and any
/// floating-point type into f32.
bool isConvertible(quern_dtype from, quern_dtype to);

/// Converts floating-point elements at `source`, at any alignment, to f32; `target.size()` of them.
/// f16 and bf16 convert exactly, f64 rounds to nearest, beyond f32's range to infinity.
void convertToF32(quern_dtype from, std::span<const std::byte> source, std::span<float> target);

} // namespace quern::frontend::weights
