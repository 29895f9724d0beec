// A sequence in the making: its state, and the step programs that carry it on.
#pragma once

#include "runtime/Binding.h"
#include "runtime/Context.h"
#include "runtime/LevelDraw.h"
#include "runtime/SequenceState.h"

/// Lies, with the arrays that it points at, in one block of memory. The name is the C interface's.
struct quern_sequence {
  quern_context *context = nullptr;
  quern::runtime::Arena arena;
  quern::runtime::SequenceState state;
  /// How many elements are known.
  uint64_t position = 0;
  /// Whether the programs that run before an element is known have run for this position.
  bool isPredicted = false;

  quern_binding *bindings = nullptr;
  /// Of program i: from firstBinding[i] to firstBinding[i + 1].
  uint64_t *firstBinding = nullptr;
  quern::runtime::DrawRoom room{};
  /// Where the parameters of one slot are read to draw from, if the output is no f32.
  float *parameters = nullptr;

  const quern::runtime::ImageView &image() const { return context->image; }
  const quern::runtime::SequenceEntry &order() const { return *image().sequence(); }
  quern::runtime::Error &error() const { return context->error; }
  /// The slot of the generated input, or of the output, at a position.
  unsigned char *inputSlot(uint64_t position) const;
  unsigned char *outputSlot(uint64_t position) const;
};

namespace quern::runtime {

/// Runs what can be computed for the sequence's position before its element is known.
quern_status predict(quern_sequence &sequence);

/// Takes the element at the sequence's position for known: it lies in its slot. Runs what has
/// become computable.
quern_status absorb(quern_sequence &sequence);

/// Gives `to`, of the same model, the state of `from`.
void copyState(const quern_sequence &from, quern_sequence &to);

/// Whether the output slot that tells of the element at the sequence's position is there; else the
/// error says why not.
quern_status findPrediction(quern_sequence &sequence, const unsigned char *&output);

} // namespace quern::runtime
