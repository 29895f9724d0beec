// The element types that convolutions have.
#pragma once

#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <string>

namespace quern::passes {

enum class ConvElement { f16, bf16, f32, f64 };

/// "f16"; the name of the language and of the IR.
llvm::StringRef text(ConvElement element);
/// Nothing where it is no name of one.
std::optional<ConvElement> parseConvElement(llvm::StringRef name);
/// "f16, bf16, f32 and f64".
std::string convElementNames();

mlir::Type typeOf(ConvElement element, mlir::MLIRContext *context);
ConvElement convElementOf(mlir::Type type);

/// Of a stored element.
int64_t bytesOf(ConvElement element);
/// What kernels compute in: f32 for the 16-bit types, else the type itself.
ConvElement computedElement(ConvElement element);
int64_t computedBytesOf(ConvElement element);

/// Unit roundoff of what is stored, and of the sums.
double storedRoundoff(ConvElement element);
double computedRoundoff(ConvElement element);

/// The largest error, of the largest output of a channel, that is within the budget unless another
/// one is asked for: several times what is lost by storing the type alone.
double usualMaxError(ConvElement element);

/// The nearest number that the type has.
double roundTo(ConvElement element, double value);

} // namespace quern::passes
