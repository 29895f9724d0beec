// Prompts and samples as people write and read them.
#pragma once

#include "runtime/main/CommandLine.h"

#include <span>

namespace quern::runtime {

/// The elements that --prompt stands for, position by position, the same for each row of a batch.
/// Without one, a model that needs a first element gets a line feed (of text; or its first symbol),
/// else zero.
Result<std::vector<std::byte>> readPrompt(const Signature &signature, const Request &request);

/// Whether the generated input is images: [N, 1 or 3, H, W] along (H, W).
bool isPicture(const Signature &signature);

/// Prints the symbols that elements stand for, at once.
void showText(const Signature &signature, std::span<const std::byte> elements);

/// Writes or prints samples, each the elements of a whole sequence position by position.
Status showSamples(const Signature &signature, const Request &request,
                   const std::vector<std::vector<std::byte>> &samples);

} // namespace quern::runtime
