// Causal models on the command line: samples that go on from a prompt, and streams.
#pragma once

#include "runtime/main/Session.h"

namespace quern::runtime {

/// Draws what --sample asks for and shows it: text as it comes, images as --png or as characters,
/// all else as numbers; --output keeps the generated input.
Status generate(const Signature &signature, const Request &request, Session &session);

/// Answers elements from the standard input until it ends (--stream).
Status stream(const Signature &signature, const Request &request, Session &session);

} // namespace quern::runtime
