// What a sequence takes for an element: what is none would spoil all that follows it.
#pragma once

#include "runtime/Sequence.h"

namespace quern::runtime {

/// Whether the elements of the positions [from, to) are such as the model's distribution gives: one
/// of its levels, or finite. Without a distribution all but NaN are, of indices those that are
/// in the table. Else the error is set.
quern_status checkElements(const quern_sequence &sequence, uint64_t from, uint64_t to,
                           const unsigned char *elements);

/// Whether nothing of input `number`, which is not generated, is NaN, or an index of nothing.
quern_status checkCondition(const quern_sequence &sequence, uint64_t number, const void *elements);

} // namespace quern::runtime
